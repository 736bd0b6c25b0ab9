#include <cblas.h>
#include <dlfcn.h>

#include <cstdlib>

#include "gemm_multiplier.h"

namespace dpml {

INSTANTIATE_TEST_SUITE_P(OpenBlas, GemmMultiplier, testing::Values(&openblas::multiply));

namespace {

/// Puts OpenBLAS into the state it starts in on a processor it does not know. False when this build cannot.
bool choose_oldest_kernels() {
  auto* const chosen = static_cast<void**>(dlsym(RTLD_DEFAULT, "gotoblas"));
  auto* const choose = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init"));
  if (chosen == nullptr || choose == nullptr) return false;
  ::setenv("OPENBLAS_CORETYPE", "Prescott", 1);
  *chosen = nullptr;
  choose();
  ::unsetenv("OPENBLAS_CORETYPE");
  return std::string(openblas_get_corename()) == "Prescott";
}

bool has_younger_vectors() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}

TEST(OpenBlasKernels, AreReplacedWhenOlderThanTheProcessor) {
  openblas::description();  // its own correction comes first
  if (!has_younger_vectors() || !choose_oldest_kernels()) GTEST_SKIP() << "there is nothing to correct here";
  const std::string description = openblas::use_fitting_kernels();
  EXPECT_TRUE(description.starts_with("OpenBLAS 0.")) << description;
  EXPECT_NE(description.find(", instead of its own choice Prescott)"), std::string::npos) << description;
  EXPECT_NE(openblas_get_corename(), std::string("Prescott"));
  EXPECT_EQ(std::getenv("OPENBLAS_CORETYPE"), nullptr) << "programs we start must choose for themselves";

  const float a[] = {1, 2, 3, 4};
  const float b[] = {5, 6, 7, 8};
  float c[4];
  openblas::multiply({2, 2, 2, {a, 2}, {b, 2}, c, 2});
  EXPECT_EQ(std::vector<float>(c, c + 4), (std::vector<float>{19, 22, 43, 50}));
}

TEST(OpenBlasKernels, StayWhenTheyAreGoodOrWishedFor) {
  const std::string before = openblas::description();
  EXPECT_EQ(openblas::use_fitting_kernels().find(", instead"), std::string::npos);

  if (!has_younger_vectors() || !choose_oldest_kernels()) GTEST_SKIP() << "there is nothing to correct here";
  ::setenv("OPENBLAS_CORETYPE", "Prescott", 1);
  EXPECT_NE(openblas::use_fitting_kernels().find("(Prescott)"), std::string::npos);
  ::unsetenv("OPENBLAS_CORETYPE");
  openblas::use_fitting_kernels();
}

}  // namespace
}  // namespace dpml
