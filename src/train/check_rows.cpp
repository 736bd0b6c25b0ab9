#include "dpml/train/check_rows.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "dpml/base/error.h"
#include "row_chunks.h"

namespace dpml {

namespace {

constexpr Index kChunkNumbers = Index{1} << 16;

/// Throws for the first number of the rows from `first` on that breaks the rule.
void require(const NumberRule& rule, const Dataset& data, SamplePart part, const Tensor& rows, Index first,
             const std::string& wanted) {
  const std::optional<Index> breach = first_breach(rule, rows.values());
  if (!breach) return;
  const Index size = rows.shape().without_front().size();
  throw DataError(data.place_of(part, first + *breach / size, *breach % size) + ": the " +
                  (part == SamplePart::input ? "input" : "label") + " must be " + wanted);
}

Index count_not_finite(const Tensor& rows) {
  const auto size = static_cast<std::size_t>(rows.shape().without_front().size());
  Index count = 0;
  for (std::size_t begin = 0; begin < rows.values().size(); begin += size) {
    if (!all_finite(rows.values().subspan(begin, size))) ++count;
  }
  return count;
}

RowCounts check(const Dataset& data, const RowSchema& schema, bool has_labels, int threads) {
  if (data.input_shape() != schema.input) {
    throw ShapeError("a row is checked for inputs " + schema.input.to_text() + ", but " +
                     data.source_of(SamplePart::input) + " are " + data.input_shape().to_text());
  }
  const std::string wanted_input = to_text(schema.input_numbers) + ", as the model's first layer needs";
  const std::string wanted_label = wanted_of_labels(schema);
  const Index chunk_rows = std::clamp<Index>(kChunkNumbers / std::max<Index>(1, schema.input.size()), 1, 4096);
  std::vector<Index> not_finite(static_cast<std::size_t>(physical_batch_count(data.size(), chunk_rows)));
  for_each_chunk(data, chunk_rows, threads, [&](Index chunk, Index first, const Batch& samples) {
    require(schema.input_numbers, data, SamplePart::input, samples.inputs, first, wanted_input);
    if (has_labels) require(schema.label_numbers, data, SamplePart::label, samples.labels, first, wanted_label);
    not_finite[static_cast<std::size_t>(chunk)] = count_not_finite(samples.inputs);
  });
  return {.rows = data.size(), .not_finite = std::accumulate(not_finite.begin(), not_finite.end(), Index{0})};
}

}  // namespace

RowCounts check_rows(const Dataset& data, const RowSchema& schema, int threads) {
  const std::string problem = problem_of_labels(schema, data.label_shape());
  if (!problem.empty()) throw DataError(data.source_of(SamplePart::label) + ": labels " + problem);
  return check(data, schema, true, threads);
}

RowCounts check_inputs(const Dataset& data, const RowSchema& schema, int threads) {
  return check(data, schema, false, threads);
}

void require_usable_rows(const RowCounts& counts, const std::string& name) {
  if (counts.rows == 0) throw DataError(name + ": no row is left; expected at least one");
  if (counts.not_finite < counts.rows) return;
  throw DataError(name +
                  ": no row is finite: every one holds an input that is NaN, infinite or, in float32, too large "
                  "(above 3.4e38); look at how the inputs are made and scaled");
}

}  // namespace dpml
