#include <oneapi/dnnl/dnnl.h>

#include "dpml/base/error.h"
#include "gemm_library.h"
#include "one_thread.h"

namespace dpml::onednn {

void multiply(const MatrixProduct& p) {
  const OneThread guard;
  const char transpose_a = p.a.transpose == Transpose::yes ? 'T' : 'N';
  const char transpose_b = p.b.transpose == Transpose::yes ? 'T' : 'N';
  const dnnl_status_t status = dnnl_sgemm(transpose_a, transpose_b, p.m, p.n, p.k, alpha_of(p), p.a.numbers,
                                          p.a.row_distance, p.b.numbers, p.b.row_distance, beta_of(p), p.c, p.ldc);
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
