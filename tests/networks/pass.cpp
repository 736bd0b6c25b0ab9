#include "networks/pass.h"

#include <algorithm>
#include <cmath>

namespace dpml {

namespace {

class Keeping final : public GradientSink {
 public:
  Keeping(Layer& model, std::map<std::string, PerSampleGrad>& into) : into_(into) {
    for (const NamedParameter& named : named_parameters(model)) names_.emplace(named.parameter, named.name);
  }
  void accept(const Parameter& parameter, PerSampleGrad gradient) override {
    into_.emplace(names_.at(&parameter), std::move(gradient));
  }

 private:
  std::map<const Parameter*, std::string> names_;
  std::map<std::string, PerSampleGrad>& into_;
};

}  // namespace

std::span<const float> row_of(const Tensor& x, Index row) {
  return x.rows(row, row + 1).values();  // shares the numbers of x
}

double length_of(std::span<const double> values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}

std::map<std::string, PerSampleGrad> Pass::smaller() const {
  std::map<std::string, PerSampleGrad> forms;
  for (const auto& [name, gradient] : gradients) forms.emplace(name, PerSampleGrad(gradient).in_smaller_form());
  return forms;
}

Pass run_pass(Layer& model, const GoldenNetwork& golden, Index first, Index count) {
  Pass pass;
  Tape tape;
  const Value predictions = model.forward(tape, tape.sample(golden.inputs.rows(first, first + count)));
  const Value losses = loss_value(golden.loss, tape, predictions, golden.labels.rows(first, first + count));
  pass.predictions = predictions.tensor();
  pass.losses = losses.tensor();
  Keeping sink(model, pass.gradients);
  tape.backward(losses, sink);
  return pass;
}

std::vector<double> norms_of(const std::map<std::string, PerSampleGrad>& gradients, Index samples) {
  std::vector<double> norms(static_cast<std::size_t>(samples));
  for (const auto& [name, gradient] : gradients) gradient.add_squared_norms(norms);
  for (double& norm : norms) norm = std::sqrt(norm);
  return norms;
}

std::vector<float> added_by(const std::map<std::string, PerSampleGrad>& gradients, Index sample, Index samples,
                            float weight) {
  std::vector<float> weights(static_cast<std::size_t>(samples));
  weights[static_cast<std::size_t>(sample)] = weight;
  std::vector<float> all;
  for (const auto& [name, gradient] : gradients) {
    std::vector<float> sum(static_cast<std::size_t>(gradient.parameter_shape().size()));
    gradient.add_weighted_sum(weights, sum.data());
    all.insert(all.end(), sum.begin(), sum.end());
  }
  return all;
}

}  // namespace dpml
