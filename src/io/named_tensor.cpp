#include "dpml/io/named_tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "dpml/base/digest.h"

namespace dpml {

static_assert(std::endian::native == std::endian::little, "digests are of little-endian bits");

std::string digest_of(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor*> sorted;
  for (const NamedTensor& tensor : tensors) sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  Digest digest;
  for (const NamedTensor* tensor : sorted) {
    digest.add(tensor->name).add(static_cast<std::uint64_t>(tensor->value.shape().rank()));
    for (const Index axis : tensor->value.shape().axes()) digest.add(static_cast<std::uint64_t>(axis));
    digest.add(tensor->value.data(), static_cast<std::size_t>(tensor->value.size()) * sizeof(float));
  }
  return digest.hex();
}

std::uint64_t count_non_finite(std::span<const NamedTensor> tensors) {
  std::uint64_t count = 0;
  for (const NamedTensor& tensor : tensors) {
    for (const float value : tensor.value.values()) count += std::isfinite(value) ? 0 : 1;
  }
  return count;
}

}  // namespace dpml
