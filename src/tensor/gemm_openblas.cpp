#include <cblas.h>
#include <dlfcn.h>

#include <cstdlib>
#include <limits>
#include <string_view>

#include "dpml/base/error.h"
#include "gemm_library.h"
#include "one_thread.h"

namespace dpml::openblas {

namespace {

enum class Vectors { sse, avx2, avx512 };

Vectors vectors_of_processor() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    return Vectors::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Vectors::avx2;
#endif
  return Vectors::sse;
}

Vectors vectors_of_kernels(std::string_view core) {
  for (const char* name : {"SkylakeX", "Cooperlake", "SapphireRapids"}) {
    if (core == name) return Vectors::avx512;
  }
  for (const char* name : {"Haswell", "Zen", "Excavator"}) {
    if (core == name) return Vectors::avx2;
  }
  return Vectors::sse;
}

/// Makes OpenBLAS choose again, with a wish. Does nothing when this build of it has one set of kernels only.
void choose_kernels(const char* core) {
  auto* const chosen = static_cast<void**>(dlsym(RTLD_DEFAULT, "gotoblas"));
  auto* const choose = reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, "gotoblas_dynamic_init"));
  if (chosen == nullptr || choose == nullptr) return;
  ::setenv("OPENBLAS_CORETYPE", core, 1);
  *chosen = nullptr;
  choose();
  ::unsetenv("OPENBLAS_CORETYPE");
}

std::string version() {
  const std::string_view text = openblas_get_config();  // "OpenBLAS 0.3.21 DYNAMIC_ARCH ..."
  return std::string(text.substr(0, text.find(' ', text.find(' ') + 1)));
}

const std::string& prepared() {
  static const std::string text = [] {
    // A build without OpenMP has threads of its own, which our guard does not reach.
    if (openblas_get_parallel() != OPENBLAS_OPENMP) openblas_set_num_threads(1);
    return use_fitting_kernels();
  }();
  return text;
}

blasint to_blas(Index value) {
  if (value > std::numeric_limits<blasint>::max()) {
    throw ShapeError("OpenBLAS counts in 32 bits; a matrix has an axis or a row distance of " + std::to_string(value));
  }
  return static_cast<blasint>(value);
}

}  // namespace

std::string use_fitting_kernels() {
  const std::string first = openblas_get_corename();
  const Vectors vectors = vectors_of_processor();
  if (vectors_of_kernels(first) < vectors && std::getenv("OPENBLAS_CORETYPE") == nullptr) {
    choose_kernels(vectors == Vectors::avx512 ? "SkylakeX" : "Haswell");
  }
  const std::string core = openblas_get_corename();
  return version() + " (" + core + (core == first ? "" : ", instead of its own choice " + first) + ")";
}

void multiply(const MatrixProduct& p) {
  prepared();
  const OneThread guard;
  const auto transpose = [](Transpose t) { return t == Transpose::yes ? CblasTrans : CblasNoTrans; };
  cblas_sgemm(CblasRowMajor, transpose(p.a.transpose), transpose(p.b.transpose), to_blas(p.m), to_blas(p.n),
              to_blas(p.k), alpha_of(p), p.a.numbers, to_blas(p.a.row_distance), p.b.numbers, to_blas(p.b.row_distance),
              beta_of(p), p.c, to_blas(p.ldc));
}

std::string description() {
  return prepared();
}

}  // namespace dpml::openblas
