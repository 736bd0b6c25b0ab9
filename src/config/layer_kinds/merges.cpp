#include "dpml/layers/merges.h"

#include <algorithm>

#include "dpml/base/error.h"
#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

template <class M>
std::unique_ptr<M> made(const Concat::Options& options) {
  if constexpr (std::is_same_v<M, Concat>) return std::make_unique<Concat>(options);
  if constexpr (!std::is_same_v<M, Concat>) return std::make_unique<M>();
}

template <class M>
class MergeKind final : public config::ModuleKind {
 public:
  explicit MergeKind(const Concat::Options& options = {}) : options_(options) {}

  bool is_merge() const override { return true; }

  Fitted fitted_to(const std::vector<Shape>& in, const config::Fit& fit) const override {
    if (!fit.accepts(Concat::problem_of(options_))) return {};
    return {nullptr, fit.window([&](const std::string&) { return made<M>(options_)->output_shape(in); }, "")};
  }

  Built built(Rng&) const override { return std::unique_ptr<Merge>(made<M>(options_)); }

  Shape counted(const std::vector<Shape>& in, config::SizeCounter& counter) const override {
    const Shape result = made<M>(options_)->output_shape(in);
    const std::size_t steps = std::is_same_v<M, Concat> ? 1 : in.size() - 1;
    for (std::size_t i = 0; i < steps; ++i) counter.recorded(result);
    return result;
  }

  std::string written(const std::vector<std::string>& x, const std::vector<Shape>&,
                      config::OnnxGraph& graph) const override {
    if (std::is_same_v<M, Concat>) return graph.node("Concat", x, {{"axis", options_.axis}});
    std::string y = x[0];
    for (std::size_t i = 1; i < x.size(); ++i) y = graph.node(std::is_same_v<M, Add> ? "Add" : "Mul", {y, x[i]});
    return y;
  }

  bool computes_of(config::IndexWalk&, const std::vector<bool>& computed_before) const override {
    return !std::is_same_v<M, Concat> ||
           std::any_of(computed_before.begin(), computed_before.end(), [](bool computed) { return computed; });
  }

 private:
  Concat::Options options_;  // of Concat alone
};

}  // namespace

LayerKindHandle kinds::add() {
  return std::make_shared<MergeKind<Add>>();
}

LayerKindHandle kinds::multiply() {
  return std::make_shared<MergeKind<Multiply>>();
}

LayerKindHandle kinds::concat(const Concat::Options& options) {
  return std::make_shared<MergeKind<Concat>>(options);
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
