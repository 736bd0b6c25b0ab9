#include <oneapi/dnnl/dnnl.h>

#include "dpml/base/error.h"
#include "gemm_backend.h"
#include "one_thread.h"

namespace dpml::onednn {

namespace {

// A call of oneDNN costs 110 to 280 ns before its first product; this loop needs 16 to 90 ns up to 4 x 4 x 4 and as
// long as oneDNN at 8 x 8 x 8 (512 products). One AVX-512 core, gcc 12, fastest of nine runs, all transposes.
constexpr Index kMaxPlainProducts = 256;

void multiply_plainly(const MatrixProduct& p) {
  const Index a_row = p.transpose_a == Transpose::no ? p.lda : 1;
  const Index a_column = p.transpose_a == Transpose::no ? 1 : p.lda;
  const Index b_row = p.transpose_b == Transpose::no ? p.ldb : 1;
  const Index b_column = p.transpose_b == Transpose::no ? 1 : p.ldb;
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.n; ++j) {
      float sum = 0.0F;
      for (Index q = 0; q < p.k; ++q) sum += p.a[i * a_row + q * a_column] * p.b[q * b_row + j * b_column];
      float& c = p.c[i * p.ldc + j];
      c = p.beta == 0.0F ? p.alpha * sum : p.alpha * sum + p.beta * c;
    }
  }
}

}  // namespace

void multiply(const MatrixProduct& p) {
  if (p.m <= kMaxPlainProducts && p.n <= kMaxPlainProducts && p.m * p.n * p.k <= kMaxPlainProducts) {
    multiply_plainly(p);
    return;
  }
  const OneThread guard;
  const char transpose_a = p.transpose_a == Transpose::yes ? 'T' : 'N';
  const char transpose_b = p.transpose_b == Transpose::yes ? 'T' : 'N';
  const dnnl_status_t status =
      dnnl_sgemm(transpose_a, transpose_b, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc);
  if (status == dnnl_success) return;
  throw Error("oneDNN could not multiply [" + std::to_string(p.m) + ", " + std::to_string(p.k) + "] by [" +
              std::to_string(p.k) + ", " + std::to_string(p.n) +
              "]: " + (status == dnnl_out_of_memory ? "out of memory" : "status " + std::to_string(status)));
}

std::string description() {
  const dnnl_version_t& version = *dnnl_version();
  const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  const auto has = [isa](dnnl_cpu_isa_t wanted) { return (isa & wanted) == wanted; };
  const char* vectors = has(dnnl_cpu_isa_avx512_core) ? "AVX-512" : has(dnnl_cpu_isa_avx2) ? "AVX2" : "SSE4.1";
  return "oneDNN " + std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
         std::to_string(version.patch) + " (" + vectors + ")";
}

}  // namespace dpml::onednn
