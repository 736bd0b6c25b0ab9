#include "gemm_multiplier.h"

namespace dpml {

INSTANTIATE_TEST_SUITE_P(Eigen, GemmMultiplier, testing::Values(&eigen::multiply));

TEST(GemmDescription, NamesEigenAndItsKernels) {
  EXPECT_TRUE(eigen::description().starts_with("Eigen 3.")) << eigen::description();
}

}  // namespace dpml
