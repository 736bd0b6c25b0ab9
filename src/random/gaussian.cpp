#include "dpml/random/gaussian.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "box_muller.h"
#include "dpml/base/error.h"
#include "dpml/random/stream.h"

namespace dpml {

void fill_gaussian(const Key& key, Purpose purpose, std::uint64_t step, std::uint64_t index, std::uint64_t first,
                   std::span<double> out) {
  DPML_ASSERT(first % kGaussianBlock == 0);
  if (out.empty()) return;
  const std::size_t size = out.size();
  Stream stream(key, purpose, step, index);
  stream.skip_to(first);
  alignas(64) std::array<std::uint64_t, 1024> words;  // with the normals made of them: half of the first cache
  while (out.size() >= kGaussianBlock) {
    const std::size_t count = std::min(out.size() - out.size() % kGaussianBlock, words.size());
    stream.fill(std::span(words).first(count));
    box_muller(words.data(), out.data(), count);
    out = out.subspan(count);
  }
  if (!out.empty()) {
    alignas(64) std::array<double, kGaussianBlock> last;
    stream.fill(std::span(words).first(last.size()));
    box_muller(words.data(), last.data(), last.size());
    std::copy_n(last.begin(), out.size(), out.begin());
    OPENSSL_cleanse(last.data(), sizeof last);
  }
  OPENSSL_cleanse(words.data(), std::min(words.size(), size + kGaussianBlock) * sizeof words[0]);
}

}  // namespace dpml
