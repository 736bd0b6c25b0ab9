#include "checks.h"
#include "dpml/base/text.h"
#include "numbers.h"

namespace dpml::testing {

namespace {

void require_sum(const Tensor& first, const Tensor& second, const Tensor& both, const Batch& batch,
                 const std::string& what, Report& report) {
  const Tensor expected = sum(first, second);
  for (Index b = 0; b < batch.size(); ++b) {
    const double error = distance(row(both, b), row(expected, b));
    const double tolerance =
        kRounding * (length(row(first, b)) + length(row(second, b))) + kCancelledRounding * length(row(batch.c, b));
    if (!(error <= tolerance)) {
      report.add(what + " of sample " + std::to_string(b) + " is " + to_text(error) +
                 " away from the sum of the two uses'");
    }
  }
}

void require_sums(const Subject& subject, const Pass& first, const Pass& second, const Recording& both,
                  const Batch& batch, Report& report) {
  for (std::size_t i = 0; i < subject.parameters().size(); ++i) {
    require_sum(first.recording.dense_gradient(i), second.recording.dense_gradient(i), both.dense_gradient(i), batch,
                "the gradient of " + subject.parameters()[i].name, report);
  }
}

void require_same_gradients(const Subject& subject, const Recording& before, const Recording& after, std::size_t frozen,
                            const std::string& when, Report& report) {
  for (std::size_t i = 0; i < subject.parameters().size(); ++i) {
    if (i != frozen && !same_bits(before.dense_gradient(i).values(), after.dense_gradient(i).values())) {
      report.add("the gradient of " + subject.parameters()[i].name + " changes when " + when);
    }
  }
}

}  // namespace

void check_used_beside_itself(Subject& subject, const Batch& batch, Report& report) {
  Batch other = subject.draw(batch.size());
  other.ids = batch.ids;
  const Pass first(subject, batch);
  const Pass second(subject, other, first.masks);

  Recording both(subject, batch);
  const Value y = both.apply(both.input(batch.x));
  const Value z = both.apply(both.input(other.x));
  both.backward({{y, batch.c}, {z, other.c}});
  const Tensor zero = Tensor::zeros(batch.x.shape());
  require_sum(first.input_gradient(), zero, both.input_gradient(0), batch, "the first input's gradient", report);
  require_sum(zero, second.input_gradient(), both.input_gradient(1), batch, "the second input's gradient", report);
  require_sums(subject, first, second, both, batch, report);
}

void check_used_on_its_result(Subject& subject, const Batch& batch, Report& report) {
  const bool fits = subject.layer().output_shape(subject.sample_shape()) == subject.sample_shape();
  if (!fits || !subject.input_has_gradient()) return;
  // By hand: the second use on the first one's result, then the first use with the gradient that comes back.
  const Pass once(subject, batch);
  const Pass second(subject, Batch{once.y, batch.c, batch.ids}, once.masks);
  const Pass first(subject, Batch{batch.x, second.input_gradient(), batch.ids});

  Recording both(subject, batch);
  both.backward({{both.apply(both.apply(both.input(batch.x))), batch.c}});
  require_sum(first.input_gradient(), Tensor::zeros(batch.x.shape()), both.input_gradient(0), batch,
              "the input's gradient", report);
  require_sums(subject, first, second, both, batch, report);
}

void check_frozen(Subject& subject, const Batch& batch, Report& report) {
  const Pass all(subject, batch);
  const std::size_t count = subject.parameters().size();
  Recording plain(subject, batch);
  plain.backward({{plain.apply(plain.plain_input(batch.x)), batch.c}});
  require_same_gradients(subject, all.recording, plain, count, "the input wants no gradient", report);

  std::vector<Parameter*> trainable;
  for (std::size_t i = 0; i < count; ++i) {
    Parameter* parameter = subject.parameters()[i].parameter;
    if (!parameter->trainable()) continue;
    trainable.push_back(parameter);
    parameter->set_trainable(false);
    const Pass rest(subject, batch);  // throws when the frozen parameter receives something
    parameter->set_trainable(true);
    const std::string when = subject.parameters()[i].name + " is frozen";
    require_same_gradients(subject, all.recording, rest.recording, i, when, report);
    if (!same_bits(all.input_gradient().values(), rest.input_gradient().values())) {
      report.add("the input's gradient changes when " + when);
    }
  }
  for (Parameter* parameter : trainable) parameter->set_trainable(false);
  Recording nothing(subject, batch);
  const Value y = nothing.apply(nothing.plain_input(batch.x));
  if (y.wants_gradient()) report.add("the result wants a gradient though all parameters are frozen");
  for (Parameter* parameter : trainable) parameter->set_trainable(true);
}

}  // namespace dpml::testing
