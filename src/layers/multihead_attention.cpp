#include "dpml/layers/multihead_attention.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "checks.h"
#include "child_name.h"
#include "dpml/base/error.h"
#include "dpml/tensor/gemm.h"
#include "heads.h"
#include "rows.h"

namespace dpml {

namespace {

using Options = MultiheadAttention::Options;

Heads heads_of(const Options& options, Products by) {
  return {options.num_heads, options.kv_heads(), options.embed_dim / options.num_heads, options.causal, by};
}

/// Uniform in +-sqrt(6 / (rows + columns)) (Glorot, Bengio 2010, equation 16), PyTorch's xavier_uniform_.
std::unique_ptr<Parameter> projection(const std::string& name, Index rows, Index columns, Rng& init) {
  const double bound = std::sqrt(6.0 / static_cast<double>(rows + columns));
  Tensor weight(Shape{rows, columns});
  for (float& value : weight.mutable_values()) value = static_cast<float>(init.uniform(-bound, bound));
  return std::make_unique<Parameter>(name, std::move(weight));
}

/// Columns [first, first + width) of x [B, T, ...].
Tensor columns_of(const Tensor& x, Index first, Index width) {
  if (width == x.axis(2)) return x;
  Tensor columns(Shape{x.axis(0), x.axis(1), width});
  for (Index row = 0; row < x.axis(0) * x.axis(1); ++row) {
    std::copy_n(x.data() + row * x.axis(2) + first, width, columns.mutable_data() + row * width);
  }
  return columns;
}

}  // namespace

std::optional<OptionProblem> MultiheadAttention::problem_of(const Options& options) {
  if (const auto found = first_not_positive({{"embed_dim", options.embed_dim}, {"num_heads", options.num_heads}})) {
    return found;
  }
  const auto is = [](Index value) { return "is " + std::to_string(value) + ", "; };
  if (options.embed_dim > kMostFeatures) {
    return OptionProblem{"embed_dim", is(options.embed_dim) + "expected at most " + std::to_string(kMostFeatures)};
  }
  if (options.embed_dim % options.num_heads != 0) {
    return OptionProblem{"num_heads", is(options.num_heads) + "which does not divide the " +
                                          std::to_string(options.embed_dim) + " features; state a divisor"};
  }
  if (options.num_kv_heads < 0 || options.num_heads % options.kv_heads() != 0) {
    return OptionProblem{"num_kv_heads", is(options.num_kv_heads) + "which does not divide the " +
                                             std::to_string(options.num_heads) + " heads; state a divisor"};
  }
  if (options.rotary && options.embed_dim / options.num_heads % 2 != 0) {
    return OptionProblem{"rotary", "turns pairs of numbers, but a head has " +
                                       std::to_string(options.embed_dim / options.num_heads) +
                                       "; choose num_heads so that it has an even number"};
  }
  return std::nullopt;
}

double MultiheadAttention::rotary_angle(Index position, Index pair, Index width) {
  return dpml::rotary_angle(position, pair, width);
}

MultiheadAttention::MultiheadAttention(const Options& options, Rng& init) : options_(options) {
  require_none("MultiheadAttention", problem_of(options));
  const Index features = options.embed_dim;
  const Index kv_features = options.kv_features();
  if (kv_features == features) {
    projections_.push_back(projection("in_proj_weight", 3 * features, features, init));
  } else {
    projections_.push_back(projection("q_proj_weight", features, features, init));
    projections_.push_back(projection("k_proj_weight", kv_features, features, init));
    projections_.push_back(projection("v_proj_weight", kv_features, features, init));
  }
  if (options.bias) bias_.emplace("in_proj_bias", Tensor::zeros(Shape{features + 2 * kv_features}));
  out_ = std::make_unique<Linear>(Linear::Options{.in = features, .out = features, .bias = options.bias}, init);
  for (const NamedParameter& named : named_parameters(*out_)) {
    if (named.name == "bias") named.parameter->set(Tensor::zeros(Shape{features}));
  }
  MultiheadAttention::set_name("");
}

void MultiheadAttention::set_name(std::string name) {
  Layer::set_name(std::move(name));
  out_->set_name(path_of(this->name(), "out_proj"));
}

Shape MultiheadAttention::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() == 2 && sample[1] == options.embed_dim) return sample;
  throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, T, " + std::to_string(options.embed_dim) +
                   "]");
}

Tensor MultiheadAttention::projected(const Tensor& x, Products by) const {
  const Index in = options_.embed_dim;
  const Index row = heads_of(options_, by).row();
  Tensor qkv(Shape{x.axis(0), x.axis(1), row});
  float* to = qkv.mutable_data();
  for (const auto& weight : projections_) {
    const Index out = weight->shape()[0];
    gemm({x.size() / in, out, in, {x.data(), in}, {weight->tensor().data(), in, Transpose::yes}, to, row}, by);
    to += out;
  }
  if (bias_) add_to_rows(bias_->tensor().data(), x.size() / in, row, qkv.mutable_data());
  return qkv;
}

Value MultiheadAttention::attended(Tape& tape, const Value& x) const {
  const Heads heads = heads_of(options_, tape.options().products);
  Tensor qkv = projected(x.tensor(), heads.by);
  if (options_.rotary) rotate(heads, 1, qkv);
  const Attended now = attend(heads, qkv);

  const auto backward = [this, x, heads, qkv, shares = now.shares](const Tensor& dy, Cotangents& send) {
    Tensor dqkv = attend_gradient(heads, qkv, shares, dy);
    if (options_.rotary) rotate(heads, -1, dqkv);
    send.to(x, [&] {
      Tensor dx(x.shape());
      const Index in = options_.embed_dim;
      const float* from = dqkv.data();
      GemmResult onto = GemmResult::replaces;
      for (const auto& weight : projections_) {
        const Index out = weight->shape()[0];
        const MatrixOperand w{weight->tensor().data(), in};
        gemm({dx.size() / in, in, out, {from, heads.row()}, w, dx.mutable_data(), in, onto}, heads.by);
        from += out;
        onto = GemmResult::goes_on;
      }
      return dx;
    });
    Index first = 0;
    for (const auto& weight : projections_) {
      const Index out = weight->shape()[0];
      send.to(*weight, [&] { return PerSampleGrad::outer(columns_of(dqkv, first, out), x.tensor()); });
      first += out;
    }
    if (bias_) send.to(*bias_, [&] { return PerSampleGrad::dense(sum_positions(dqkv)); });
  };
  const std::array<std::reference_wrapper<const Value>, 1> inputs{x};
  std::vector<std::reference_wrapper<const Parameter>> parameters;
  for (const auto& weight : projections_) parameters.push_back(*weight);
  if (bias_) parameters.push_back(*bias_);
  const Value y = tape.record_trusted(place(), inputs, parameters, now.y, backward);
  tape.count_kept(y, qkv.size() + now.shares.size());
  return y;
}

Value MultiheadAttention::forward(Tape& tape, const Value& x) const {
  output_shape(x.shape().without_front());
  return out_->forward(tape, attended(tape, x));
}

void MultiheadAttention::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  for (const auto& weight : projections_) into.push_back({prefix + weight->name(), weight.get()});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
  out_->collect_parameters(prefix + "out_proj.", into);
}

}  // namespace dpml
