#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer_norm.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/multihead_attention.h"

namespace dpml {

/// Attention and a network at each position, each beside a shortcut and with a norm (Vaswani et al. 2017, section 3.1),
/// as PyTorch's TransformerEncoderLayer with batch_first and dropout 0:
///
///   x = norm1(x + self_attn(x)),  y = norm2(x + ff(x)),   or with norm_first
///   x = x + self_attn(norm1(x)),  y = x + ff(norm2(x)),
///
/// ff(x) = linear2(activation(linear1(x))); with swiglu (Shazeer 2020) linear2(silu(linear1(x)) * linear3(x)).
///
///   x       [B, T, d_model]   B >= 0, T >= 0
///   result  [B, T, d_model]
///
/// Parameters are those of the layers self_attn, linear1, linear2, norm1, norm2 and, with swiglu, linear3, under these
/// names.
class TransformerEncoderLayer final : public Layer {
 public:
  enum class Activation { relu, gelu, swiglu };
  struct Options {
    Index d_model = 0;             ///< in (0, MultiheadAttention::kMostFeatures], a multiple of nhead
    Index nhead = 0;               ///< > 0
    Index dim_feedforward = 2048;  ///< > 0
    Activation activation = Activation::relu;
    double layer_norm_eps = 1e-5;  ///< > 0
    bool norm_first = false;
    bool causal = false;     ///< as these are in MultiheadAttention
    Index num_kv_heads = 0;  ///< of nhead
    bool rotary = false;

    MultiheadAttention::Options attention() const;
    bool has_linear3() const;  ///< as the activation has it
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample,
                            const std::string& place = "TransformerEncoderLayer");

  /// Throws ConfigError when an option is outside its range.
  TransformerEncoderLayer(const Options& options, Rng& init);

  /// Throws ShapeError when x is not [B, T, d_model].
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "TransformerEncoderLayer"; }
  void set_name(std::string name) override;

 private:
  struct Child {
    const char* name;
    Layer* layer;
  };
  std::vector<Child> children();
  Value feedforward(Tape& tape, const Value& x) const;

  Options options_;
  MultiheadAttention self_attn_;
  Linear linear1_;
  Linear linear2_;
  std::unique_ptr<Linear> linear3_;  // with swiglu
  LayerNorm norm1_;
  LayerNorm norm2_;
};

}  // namespace dpml
