#include "dpml/layers/transformer_encoder_layer.h"

#include "checks.h"
#include "child_name.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

using Options = TransformerEncoderLayer::Options;

const Options& checked(const Options& options) {
  require_none("TransformerEncoderLayer", TransformerEncoderLayer::problem_of(options));
  return options;
}

Linear::Options up(const Options& options) {
  return {.in = options.d_model, .out = options.dim_feedforward};
}

LayerNorm::Options norm(const Options& options) {
  return {.normalized = Shape{options.d_model}, .epsilon = options.layer_norm_eps};
}

}  // namespace

MultiheadAttention::Options TransformerEncoderLayer::Options::attention() const {
  return {.embed_dim = d_model, .num_heads = nhead, .num_kv_heads = num_kv_heads, .causal = causal, .rotary = rotary};
}

bool TransformerEncoderLayer::Options::has_linear3() const {
  switch (activation) {
    case Activation::relu:
    case Activation::gelu:
      return false;
    case Activation::swiglu:
      return true;
  }
  throw InternalError("TransformerEncoderLayer::Activation: not one of the enumerated values");
}

std::optional<OptionProblem> TransformerEncoderLayer::problem_of(const Options& options) {
  if (auto found = MultiheadAttention::problem_of(options.attention())) {
    if (found->option == "embed_dim") found->option = "d_model";
    if (found->option == "num_heads") found->option = "nhead";
    return found;
  }
  if (const auto found = first_not_positive({{"dim_feedforward", options.dim_feedforward}})) return found;
  auto found = epsilon_problem(options.layer_norm_eps);
  if (found) found->option = "layer_norm_eps";
  return found;
}

TransformerEncoderLayer::TransformerEncoderLayer(const Options& options, Rng& init)
    : options_(checked(options)),
      self_attn_(options.attention(), init),
      linear1_(up(options), init),
      linear2_({.in = options.dim_feedforward, .out = options.d_model}, init),
      norm1_(norm(options)),
      norm2_(norm(options)) {
  if (options.has_linear3()) linear3_ = std::make_unique<Linear>(up(options), init);
  TransformerEncoderLayer::set_name("");
}

std::vector<TransformerEncoderLayer::Child> TransformerEncoderLayer::children() {
  std::vector<Child> children{{"self_attn", &self_attn_}, {"linear1", &linear1_}, {"linear2", &linear2_}};
  if (linear3_ != nullptr) children.push_back({"linear3", linear3_.get()});
  children.insert(children.end(), {{"norm1", &norm1_}, {"norm2", &norm2_}});
  return children;
}

void TransformerEncoderLayer::set_name(std::string name) {
  Layer::set_name(std::move(name));
  for (const Child& child : children()) child.layer->set_name(path_of(this->name(), child.name));
}

Shape TransformerEncoderLayer::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return MultiheadAttention::output_shape(options.attention(), sample, place);
}

Value TransformerEncoderLayer::feedforward(Tape& tape, const Value& x) const {
  const Value inside = linear1_.forward(tape, x);
  switch (options_.activation) {
    case Activation::relu:
      return linear2_.forward(tape, relu(tape, inside));
    case Activation::gelu:
      return linear2_.forward(tape, gelu(tape, inside));
    case Activation::swiglu:
      return linear2_.forward(tape, multiply(tape, silu(tape, inside), linear3_->forward(tape, x)));
  }
  throw InternalError("TransformerEncoderLayer::Activation: not one of the enumerated values");
}

Value TransformerEncoderLayer::forward(Tape& tape, const Value& x) const {
  output_shape(x.shape().without_front());
  if (options_.norm_first) {
    const Value middle = add(tape, x, self_attn_.forward(tape, norm1_.forward(tape, x)));
    return add(tape, middle, feedforward(tape, norm2_.forward(tape, middle)));
  }
  const Value middle = norm1_.forward(tape, add(tape, x, self_attn_.forward(tape, x)));
  return norm2_.forward(tape, add(tape, middle, feedforward(tape, middle)));
}

void TransformerEncoderLayer::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  for (const Child& child : children()) child.layer->collect_parameters(prefix + child.name + ".", into);
}

}  // namespace dpml
