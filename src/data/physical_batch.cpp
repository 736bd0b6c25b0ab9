#include "dpml/data/physical_batch.h"

#include <algorithm>
#include <string>

#include "dpml/base/error.h"

namespace dpml {

Index physical_batch_count(Index samples, Index size) {
  if (size <= 0) throw ConfigError("a physical batch of " + std::to_string(size) + " samples; expected at least 1");
  return samples / size + (samples % size > 0 ? 1 : 0);
}

std::span<const Index> physical_batch(std::span<const Index> samples, Index size, Index number) {
  const Index count = physical_batch_count(std::ssize(samples), size);
  if (number < 0 || number >= count) {
    throw ShapeError("physical batch " + std::to_string(number) + " asked for, but there are " + std::to_string(count));
  }
  const Index length = std::ssize(samples) / count;
  const Index longer = std::ssize(samples) % count;  // so many have one sample more; they come first
  const Index begin = number * length + std::min(number, longer);
  return samples.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(length + (number < longer ? 1 : 0)));
}

}  // namespace dpml
