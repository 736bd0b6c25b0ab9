#include "dpml/layers/linear.h"

#include "checks.h"
#include "dpml/base/error.h"
#include "dpml/tensor/gemm.h"
#include "initial.h"
#include "rows.h"

namespace dpml {

namespace {

Tensor initial_weight(const Linear::Options& options, Rng& init) {
  require_none("Linear", Linear::problem_of(options));
  return uniform_for(options.in, Shape{options.out, options.in}, init);
}

}  // namespace

std::optional<OptionProblem> Linear::problem_of(const Options& options) {
  return first_not_positive({{"in", options.in}, {"out", options.out}});
}

Linear::Linear(const Options& options, Rng& init)
    : options_(options), weight_("weight", initial_weight(options, init)) {
  if (options.bias) bias_.emplace("bias", uniform_for(options.in, Shape{options.out}, init));
}

Shape Linear::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() == 0) {
    throw ShapeError(place + ": x is [B], expected [B, ..., " + std::to_string(options.in) + "]");
  }
  if (sample[-1] != options.in) {
    throw ShapeError(place + ": last axis of x is " + std::to_string(sample[-1]) + ", weight " +
                     Shape{options.out, options.in}.to_text() + " expects " + std::to_string(options.in));
  }
  return sample.with_axis(-1, options.out);
}

Value Linear::forward(Tape& tape, const Value& x) const {
  Tensor y(output_shape(x.shape().without_front()).with_front(x.shape()[0]));  // [B, ..., out]
  const Index out = weight_.shape()[0];
  const Index in = weight_.shape()[1];
  const Index rows = y.size() / out;
  const Products by = tape.options().products;
  gemm({rows, out, in, {x.tensor().data(), in}, {weight_.tensor().data(), in, Transpose::yes}, y.mutable_data(), out},
       by);
  if (bias_) add_to_rows(bias_->tensor().data(), rows, out, y.mutable_data());

  Backward backward = [this, x, by](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      const Index m = weight_.shape()[0];
      const Index n = weight_.shape()[1];
      Tensor dx(x.shape());
      gemm({dy.size() / m, n, m, {dy.data(), m}, {weight_.tensor().data(), n}, dx.mutable_data(), n}, by);
      return dx;
    });
    send.to(weight_, [&] { return PerSampleGrad::outer(dy, x.tensor()); });
    if (bias_) send.to(*bias_, [&] { return PerSampleGrad::dense(sum_positions(dy)); });
  };
  if (bias_) return tape.record_trusted(place(), {x}, {weight_, *bias_}, std::move(y), std::move(backward));
  return tape.record_trusted(place(), {x}, {weight_}, std::move(y), std::move(backward));
}

void Linear::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
}

}  // namespace dpml
