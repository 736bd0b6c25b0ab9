#include "dpml/layers/dropout.h"

#include <cmath>

#include "checks.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/random/mask.h"

namespace dpml {

namespace {

/// 0 or 1 / (1 - probability) for each element of each sample.
Tensor drawn_mask(const Tape::Options& options, std::uint64_t turn, double probability, const Shape& shape) {
  const std::uint64_t key = options.mask_key;
  const auto dropped_below = static_cast<std::uint64_t>(std::ldexp(probability, 64));
  const auto kept = static_cast<float>(1 / (1 - probability));
  const Index size = shape.without_front().size();
  Tensor mask(shape);
  for (Index b = 0; b < shape[0]; ++b) {
    const std::uint64_t id = options.sample_ids[static_cast<std::size_t>(b)];
    float* to = mask.mutable_data() + b * size;
    for (Index e = 0; e < size; ++e) {
      to[e] = mix(key, turn, id, static_cast<std::uint64_t>(e)) < dropped_below ? 0.0F : kept;
    }
  }
  return mask;
}

Tensor masked(const Tensor& x, const Tensor& mask) {
  Tensor y(x.shape());
  const float* from = x.data();
  const float* times = mask.data();
  float* to = y.mutable_data();
  for (Index i = 0; i < y.size(); ++i) to[i] = from[i] * times[i];
  return y;
}

}  // namespace

std::optional<OptionProblem> Dropout::problem_of(const Options& options) {
  if (options.probability >= 0 && options.probability < 1) return std::nullopt;
  return OptionProblem{"probability", "is " + to_text(options.probability) + ", expected 0 <= probability < 1"};
}

Dropout::Dropout(const Options& options) : probability_(options.probability) {
  require_none("Dropout", problem_of(options));
}

Value Dropout::forward(Tape& tape, const Value& x) const {
  if (!tape.options().training) return x;
  const std::uint64_t turn = tape.next_mask_index();
  if (probability_ == 0) return x;
  if (x.kind() == Kind::shared) {
    throw ConfigError(place() + ": x is the same for all samples, but a mask belongs to one sample. Apply Dropout to " +
                      "values computed from the samples.");
  }
  const Index batch = x.shape()[0];
  if (std::ssize(tape.options().sample_ids) != batch) {
    throw ConfigError(place() + ": training needs one id for each sample, because masks are keyed by them: the batch " +
                      "has " + counted(batch, "sample") + ", Tape::Options::sample_ids has " +
                      std::to_string(tape.options().sample_ids.size()) +
                      ". Give the tape the ids, or turn training off.");
  }
  Tensor mask = drawn_mask(tape.options(), turn, probability_, x.shape());
  Tensor y = masked(x.tensor(), mask);
  return tape.record_trusted(place(), {x}, {}, std::move(y), [x, mask](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return masked(dy, mask); });
  });
}

}  // namespace dpml
