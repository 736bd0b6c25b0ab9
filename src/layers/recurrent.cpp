#include "dpml/layers/recurrent.h"

#include "checks.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"
#include "initial.h"

namespace dpml {

RecurrentWeights::RecurrentWeights(const RecurrentOptions& options, Index gates, Index in, const std::string& suffix,
                                   Rng& init)
    : weight_ih("weight_ih" + suffix, uniform_for(options.hidden_size, Shape{gates * options.hidden_size, in}, init)),
      weight_hh("weight_hh" + suffix,
                uniform_for(options.hidden_size, Shape{gates * options.hidden_size, options.hidden_size}, init)) {
  if (!options.bias) return;
  const Shape shape{gates * options.hidden_size};
  bias_ih.emplace("bias_ih" + suffix, uniform_for(options.hidden_size, shape, init));
  bias_hh.emplace("bias_hh" + suffix, uniform_for(options.hidden_size, shape, init));
}

bool RecurrentOptions::gives_last() const {
  switch (output) {
    case Output::all:
      return false;
    case Output::last:
      return true;
  }
  throw InternalError("RecurrentOptions::Output: not one of the enumerated values");
}

std::optional<OptionProblem> Recurrent::problem_of(const RecurrentOptions& options) {
  if (options.hidden_size > RecurrentOptions::kMostHidden) {
    return OptionProblem{"hidden_size", "is " + std::to_string(options.hidden_size) + ", expected at most " +
                                            std::to_string(RecurrentOptions::kMostHidden)};
  }
  return first_not_positive(
      {{"input_size", options.input_size}, {"hidden_size", options.hidden_size}, {"num_layers", options.num_layers}});
}

Recurrent::Recurrent(const std::string& type, const RecurrentOptions& options, Index gates, Rng& init)
    : options_(options) {
  require_none(type, problem_of(options));
  Index in = options.input_size;
  for (Index layer = 0; layer < options.num_layers; ++layer) {
    const std::string suffix = "_l" + std::to_string(layer);
    weights_.push_back(std::make_unique<RecurrentWeights>(options, gates, in, suffix, init));
    if (options.bidirectional) {
      weights_.push_back(std::make_unique<RecurrentWeights>(options, gates, in, suffix + "_reverse", init));
    }
    in = options.hidden_size * (options.bidirectional ? 2 : 1);
  }
}

Shape Recurrent::output_shape(const RecurrentOptions& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 2 || sample[1] != options.input_size) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, T, " +
                     std::to_string(options.input_size) + "]");
  }
  const Index features = options.hidden_size * (options.bidirectional ? 2 : 1);
  if (!options.gives_last()) return Shape{sample[0], features};
  if (sample[0] == 0) throw ShapeError(place + ": there is no last position in x, " + batched_text(sample));
  return Shape{features};
}

Value Recurrent::forward(Tape& tape, const Value& x) const {
  const Shape result = output_shape(x.shape().without_front());
  const Index steps = x.shape()[1];
  Value value = x;
  for (std::size_t at = 0; at < weights_.size();) {
    std::vector<Value> directions{states(tape, value, *weights_[at++], false)};
    if (options_.bidirectional) directions.push_back(states(tape, value, *weights_[at++], true));
    if (at == weights_.size() && options_.gives_last()) {
      directions.front() = slice(tape, directions.front(), 1, steps - 1, steps);
      if (options_.bidirectional) directions.back() = slice(tape, directions.back(), 1, 0, 1);
    }
    value = options_.bidirectional ? concat(tape, directions, -1) : directions.front();
  }
  return result.rank() == 1 ? reshape(tape, value, result) : value;
}

void Recurrent::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  for (const auto& weights : weights_) {
    for (Parameter* parameter : {&weights->weight_ih, &weights->weight_hh}) {
      into.push_back({prefix + parameter->name(), parameter});
    }
    if (!weights->bias_ih) continue;
    for (Parameter* parameter : {&*weights->bias_ih, &*weights->bias_hh}) {
      into.push_back({prefix + parameter->name(), parameter});
    }
  }
}

}  // namespace dpml
