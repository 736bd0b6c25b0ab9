#include "dpml/layers/rearrange.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

/// Of a layer that moves numbers and computes none; `option` is what a shape that does not fit is told of.
template <class L>
class RearrangeKind : public config::KindOf<L> {
 public:
  RearrangeKind(const typename L::Options& options, std::string option)
      : config::KindOf<L>(options), option_(std::move(option)) {}

  config::LayerKind::Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.accepts(L::problem_of(this->options_))) return {};
    return {nullptr,
            fit.window([&](const std::string& place) { return L::output_shape(this->options_, in, place); }, option_)};
  }

  bool computes(config::IndexWalk&, bool computed_before) const override { return computed_before; }

 private:
  std::string option_;
};

class ReshapeKind final : public RearrangeKind<Reshape> {
 public:
  explicit ReshapeKind(const Options& options) : RearrangeKind(options, "shape") {}

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    std::vector<std::int64_t> shape{0};  // the batch, as it is
    for (const Index axis : Reshape::output_shape(options_, in).axes()) shape.push_back(axis);
    return graph.node("Reshape", {x, graph.constant(shape)});
  }
};

class PermuteKind final : public RearrangeKind<Permute> {
 public:
  explicit PermuteKind(const Options& options) : RearrangeKind(options, "axes") {}

  std::string onnx(const std::string& x, const Shape&, config::OnnxGraph& graph) const override {
    std::vector<std::int64_t> order{0};
    order.insert(order.end(), options_.axes.begin(), options_.axes.end());
    return graph.node("Transpose", {x}, {{"perm", order}});
  }
};

class SliceKind final : public RearrangeKind<Slice> {
 public:
  explicit SliceKind(const Options& options) : RearrangeKind(options, "") {}

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    using Numbers = std::vector<std::int64_t>;
    const Slice::Range range = Slice::range_in(options_, in);
    return graph.node("Slice", {x, graph.constant(Numbers{range.begin}), graph.constant(Numbers{range.end}),
                                graph.constant(Numbers{range.axis + 1})});
  }
};

}  // namespace

LayerKindHandle kinds::reshape(const Reshape::Options& options) {
  return std::make_shared<ReshapeKind>(options);
}

LayerKindHandle kinds::permute(const Permute::Options& options) {
  return std::make_shared<PermuteKind>(options);
}

LayerKindHandle kinds::slice(const Slice::Options& options) {
  return std::make_shared<SliceKind>(options);
}

LayerKindHandle config::read_reshape(const Section& reshape) {
  return kinds::reshape({.shape = reshape.whole_numbers("shape", {-1, kLargestSize})});
}

LayerKindHandle config::read_permute(const Section& permute) {
  return kinds::permute({.axes = permute.whole_numbers("axes", kSize)});
}

LayerKindHandle config::read_slice(const Section& slice) {
  Slice::Options options;
  options.axis = slice.whole_number("axis", kAxis);
  options.begin = slice.whole_number("begin", kPlaceOfAxis);
  if (slice.states("end")) options.end = slice.whole_number("end", kPlaceOfAxis);
  return kinds::slice(options);
}

}  // namespace dpml
