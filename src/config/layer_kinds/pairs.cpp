#include "layer_kinds/pairs.h"

#include <algorithm>

namespace dpml::config {

std::pair<std::int64_t, std::int64_t> read_pair(const Section& layer, const std::string& field, const WholeRange& range,
                                                std::int64_t missing) {
  const std::vector<std::int64_t> numbers = layer.whole_numbers(field, range);
  if (numbers.size() > 2) layer.problem(field, "has more than two numbers; state one, or [height, width]");
  if (numbers.empty()) return {missing, missing};
  return {numbers[0], numbers[std::min<std::size_t>(1, numbers.size() - 1)]};
}

}  // namespace dpml::config
