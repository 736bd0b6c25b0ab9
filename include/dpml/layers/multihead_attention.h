#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/option_problem.h"
#include "dpml/random/rng.h"

namespace dpml {

/// Self-attention (Vaswani et al. 2017, section 3.2), as PyTorch's MultiheadAttention(x, x, x) with batch_first: for
/// each head, softmax(q k^T / sqrt(embed_dim / num_heads)) v, all heads side by side, through a Linear layer.
///
///   x               [B, T, E]            B >= 0, T >= 0; E = embed_dim
///   in_proj_weight  [3 E, E], in_proj_bias [3 E]   of queries, keys, values, one after the other; Glorot-uniform
///                   and 0 at construction
///   out_proj.weight [E, E], out_proj.bias [E]      uniform in +-1/sqrt(E) and 0 at construction
///   result          [B, T, E]
///
/// With fewer heads of keys and values (grouped queries, Ainslie et al. 2023), num_heads / num_kv_heads heads in a row
/// share one of them; then q_proj_weight [E, E], k_proj_weight and v_proj_weight [num_kv_heads E / num_heads, E] stand
/// in the place of in_proj_weight, and in_proj_bias is as long as their rows together.
///
/// Rotary positions (Su et al. 2021, equation 34, base 10000): each pair of numbers (2i, 2i+1) of a query or key is
/// turned by an angle that grows with its position. Attention weights are not dropped out, and there is no mask but the
/// causal one. Per-sample gradient: weights are outer products summed over T, biases are dense.
class MultiheadAttention final : public Layer {
 public:
  static constexpr Index kMostFeatures = Index{1} << 40;
  struct Options {
    Index embed_dim = 0;     ///< in (0, kMostFeatures], a multiple of num_heads
    Index num_heads = 0;     ///< > 0
    Index num_kv_heads = 0;  ///< a divisor of num_heads; 0: num_heads
    bool bias = true;
    bool causal = false;  ///< position t sees positions 0 to t alone
    bool rotary = false;  ///< embed_dim / num_heads is even

    Index kv_heads() const { return num_kv_heads == 0 ? num_heads : num_kv_heads; }
    Index kv_features() const { return embed_dim / num_heads * kv_heads(); }
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample,
                            const std::string& place = "MultiheadAttention");

  /// By which the rotary pair of a head of `width` numbers is turned at a position.
  static double rotary_angle(Index position, Index pair, Index width);

  /// Throws ConfigError when an option is outside its range.
  MultiheadAttention(const Options& options, Rng& init);

  /// Throws ShapeError when x is not [B, T, embed_dim].
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "MultiheadAttention"; }
  void set_name(std::string name) override;

 private:
  Tensor projected(const Tensor& x, Products by) const;  // queries, keys and values [B, T, ...]
  Value attended(Tape& tape, const Value& x) const;

  Options options_;
  std::vector<std::unique_ptr<Parameter>> projections_;  // each gives columns behind those of the one before
  std::optional<Parameter> bias_;
  std::unique_ptr<Linear> out_;
};

}  // namespace dpml
