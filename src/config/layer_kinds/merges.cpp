#include "dpml/layers/merges.h"

#include <algorithm>

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

class MergeKind : public config::ModuleKind {
 public:
  virtual std::unique_ptr<Merge> build() const = 0;

  bool is_merge() const final { return true; }
  Built built(Rng&) const final { return build(); }

  Fitted fitted_to(const std::vector<Shape>& in, const config::Fit& fit) const override {
    return {nullptr, fit.window([&](const std::string&) { return build()->output_shape(in); }, "")};
  }
};

/// Of two values after two, by an operator of ONNX.
template <class M>
class PairwiseKind final : public MergeKind {
 public:
  explicit PairwiseKind(std::string op) : op_(std::move(op)) {}

  std::unique_ptr<Merge> build() const override { return std::make_unique<M>(); }

  Shape counted(const std::vector<Shape>& in, config::SizeCounter& counter) const override {
    const Shape result = build()->output_shape(in);
    for (std::size_t i = 1; i < in.size(); ++i) counter.recorded(result);
    return result;
  }

  std::string written(const std::vector<std::string>& x, const std::vector<Shape>&,
                      config::OnnxGraph& graph) const override {
    std::string y = x[0];
    for (std::size_t i = 1; i < x.size(); ++i) y = graph.node(op_, {y, x[i]});
    return y;
  }

  bool computes_of(config::IndexWalk&, const std::vector<bool>&) const override { return true; }

 private:
  std::string op_;
};

class ConcatKind final : public MergeKind {
 public:
  explicit ConcatKind(const Concat::Options& options) : options_(options) {}

  std::unique_ptr<Merge> build() const override { return std::make_unique<Concat>(options_); }

  Fitted fitted_to(const std::vector<Shape>& in, const config::Fit& fit) const override {
    return fit.accepts(Concat::problem_of(options_)) ? MergeKind::fitted_to(in, fit) : Fitted{};
  }

  Shape counted(const std::vector<Shape>& in, config::SizeCounter& counter) const override {
    return counter.recorded(build()->output_shape(in));
  }

  std::string written(const std::vector<std::string>& x, const std::vector<Shape>&,
                      config::OnnxGraph& graph) const override {
    return graph.node("Concat", x, {{"axis", options_.axis}});
  }

  bool computes_of(config::IndexWalk&, const std::vector<bool>& computed_before) const override {
    return std::any_of(computed_before.begin(), computed_before.end(), [](bool computed) { return computed; });
  }

 private:
  Concat::Options options_;
};

}  // namespace

LayerKindHandle kinds::add() {
  return std::make_shared<PairwiseKind<Add>>("Add");
}

LayerKindHandle kinds::multiply() {
  return std::make_shared<PairwiseKind<Multiply>>("Mul");
}

LayerKindHandle kinds::concat(const Concat::Options& options) {
  return std::make_shared<ConcatKind>(options);
}

LayerKindHandle config::read_add(const Section&) {
  return kinds::add();
}

LayerKindHandle config::read_multiply(const Section&) {
  return kinds::multiply();
}

LayerKindHandle config::read_concat(const Section& concat) {
  return kinds::concat({.axis = concat.whole_number("axis", kAxis)});
}

}  // namespace dpml
