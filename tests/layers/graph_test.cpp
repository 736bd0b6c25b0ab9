#include "dpml/layers/graph.h"

#include "dpml/autograd/ops.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/merges.h"
#include "dpml/layers/tied_linear.h"
#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

std::unique_ptr<Layer> linear(Index in, Index out, Rng& rng) {
  return std::make_unique<Linear>(Linear::Options{.in = in, .out = out}, rng);
}

/// Two branches of widths 4 and 2, one of which comes back once more.
std::unique_ptr<Layer> branches(Rng& rng) {
  auto graph = std::make_unique<Graph>();
  graph->add("stem", linear(3, 4, rng));
  graph->add("left", linear(4, 4, rng));
  graph->add("right", linear(4, 2, rng), "stem");
  graph->add("sum", std::make_unique<Add>(), {"left", "stem", "left"});
  graph->add("product", std::make_unique<Multiply>(), {"sum", "stem"});
  graph->add("all", std::make_unique<Concat>(Concat::Options{}), {"product", "right", Graph::kInput});
  return graph;
}

TEST(Graph, BehavesAsALayer) {
  for (const Shape& x : {Shape{3, 3}, Shape{3, 2, 3}, Shape{3, 0, 3}, Shape{0, 3}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(branches, x));
  }
  EXPECT_NO_THROW(expect_layer_conforms([](Rng&) { return std::make_unique<Graph>(); }, {3, 2}));
}

TEST(Graph, BehavesAsALayerWhereOneLayerStandsInSeveralPlaces) {
  const LayerMaker make = [](Rng& rng) {
    auto graph = std::make_unique<Graph>();
    graph->add("step", linear(3, 3, rng));
    graph->add("act", std::make_unique<Tanh>());
    graph->again("step2", "step");
    graph->again("act2", "act");
    graph->again("step3", "step", Graph::kInput);
    graph->add("sum", std::make_unique<Add>(), {"act2", "step3"});
    return graph;
  };
  for (const Shape& x : {Shape{3, 3}, Shape{3, 7, 3}}) EXPECT_NO_THROW(expect_layer_conforms(make, x));
}

std::unique_ptr<Graph> tied(Rng& rng) {
  auto graph = std::make_unique<Graph>();
  const auto& embedding = static_cast<Embedding&>(
      graph->add("tokens", std::make_unique<Embedding>(Embedding::Options{.vocabulary = 6, .features = 3}, rng)));
  graph->add("body", linear(3, 3, rng));
  graph->add("logits", std::make_unique<TiedLinear>(embedding.weight()));
  return graph;
}

TEST(Graph, BehavesAsALayerWithTiedWeights) {
  for (const Shape& x : {Shape{3, 5}, Shape{4}, Shape{3, 40}}) {
    EXPECT_NO_THROW(expect_layer_conforms(tied, x, {.vocabulary = 6}));
  }
}

class Kept final : public GradientSink {
 public:
  void accept(const Parameter& parameter, PerSampleGrad gradient) override {
    EXPECT_TRUE(found.emplace(&parameter, std::move(gradient)).second) << "told twice";
  }
  std::map<const Parameter*, PerSampleGrad> found;
};

/// The gradient of a weight E that is used as a table and as a map, written out: d/dE[v, f] of sum_t,u c_tu E[u] . h_t,
/// h_t = W E[x_t] + b, is the map's own part c_tv h_t[f] and the table's part where x_t = v.
TEST(Graph, TiedWeightsHaveTheSumOfBothGradients) {
  Rng rng = fixed_rng();
  const auto graph = tied(rng);
  const std::vector<NamedParameter> named = named_parameters(*graph);
  ASSERT_EQ(named.size(), 3U) << "the tied map has none of its own";
  const Tensor& e = named[0].parameter->tensor();
  const Tensor& w = named[1].parameter->tensor();
  const Tensor& bias = named[2].parameter->tensor();
  const std::vector<float> tokens{1, 4, 1, 0, 5, 1};  // [2, 3]
  const Tensor c = random_tensor({2, 3, 6});
  Tape tape;
  const Value y = graph->forward(tape, tape.sample(Tensor::from({2, 3}, tokens)));
  Value loss = multiply(tape, y, tape.sample(c));
  while (loss.shape().rank() > 1) loss = sum(tape, loss, -1);
  Kept kept;
  tape.backward(loss, kept);
  const Tensor got = kept.found.at(named[0].parameter).to_dense();
  for (Index b = 0; b < 2; ++b) {
    std::vector<double> want(18, 0);
    for (Index t = 0; t < 3; ++t) {
      const auto token = static_cast<Index>(tokens[static_cast<std::size_t>(b * 3 + t)]);
      std::vector<double> h(3);
      for (Index i = 0; i < 3; ++i) {
        h[static_cast<std::size_t>(i)] = bias.data()[i];
        for (Index j = 0; j < 3; ++j) {
          h[static_cast<std::size_t>(i)] += static_cast<double>(w.data()[i * 3 + j]) * e.data()[token * 3 + j];
        }
      }
      for (Index u = 0; u < 6; ++u) {
        const double of_logit = c.data()[(b * 3 + t) * 6 + u];
        for (Index i = 0; i < 3; ++i) {
          want[static_cast<std::size_t>(u * 3 + i)] += of_logit * h[static_cast<std::size_t>(i)];
          for (Index j = 0; j < 3; ++j) {
            want[static_cast<std::size_t>(token * 3 + j)] +=
                of_logit * static_cast<double>(e.data()[u * 3 + i]) * w.data()[i * 3 + j];
          }
        }
      }
    }
    for (Index i = 0; i < 18; ++i) EXPECT_NEAR(got.data()[b * 18 + i], want[static_cast<std::size_t>(i)], 1e-5);
  }
}

TEST(Graph, NamesEachParameterOnceAndByItsNode) {
  Rng rng = fixed_rng();
  Graph graph;
  graph.add("a", linear(3, 3, rng));
  graph.again("b", "a");
  graph.add("c", linear(3, 2, rng));
  graph.set_name("net");
  std::vector<std::string> names;
  for (const NamedParameter& named : named_parameters(graph)) names.push_back(named.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a.weight", "a.bias", "c.weight", "c.bias"}));
  EXPECT_EQ(message_of<ShapeError>([&] { graph.output_shape({4}); }),
            "Linear \"net.a\": last axis of x is 4, weight [3, 3] expects 3");
}

TEST(Graph, RefusesNamesThatMeanNothing) {
  Rng rng = fixed_rng();
  Graph graph;
  graph.add("a", linear(2, 2, rng));
  graph.add("sum", std::make_unique<Add>(), {"a", "input"});
  const auto refused = [&](const std::string& expected, const std::function<void()>& call) {
    EXPECT_EQ(message_of<ConfigError>(call), "Graph: " + expected);
  };
  refused("no node \"b\" was added before; expected the name of one, or input",
          [&] { graph.add("c", linear(2, 2, rng), "b"); });
  refused("there is a node \"a\" already; names must differ", [&] { graph.add("a", linear(2, 2, rng)); });
  for (const std::string name : {"", "input", "x.y"}) {
    refused("\"" + name + "\" cannot be the name of a node; expected one without dots, not input",
            [&] { graph.add(name, linear(2, 2, rng)); });
  }
  refused("the layer of node \"d\" is missing", [&] { graph.add("d", std::unique_ptr<Layer>()); });
  for (const std::string name : {"sum", "input", ""}) {
    refused("node \"" + name + "\" is no layer", [&] { graph.again("d", name); });
  }
}

TEST(Graph, KeepsIndicesForTheLayersThatTakeTheInput) {
  Rng rng = fixed_rng();
  const auto embedding = [&](Index vocabulary) {
    return std::make_unique<Embedding>(Embedding::Options{.vocabulary = vocabulary, .features = 2}, rng);
  };
  Graph graph;
  graph.add("rows", std::make_unique<Flatten>());
  graph.add("both", std::make_unique<Concat>(Concat::Options{}), {"rows", "input"});
  EXPECT_TRUE(graph.keeps_numbers());
  graph.add("a", embedding(9));
  graph.add("b", embedding(5), "input");
  EXPECT_EQ(to_text(graph.input_rule()), to_text(NumberRule(WholeNumber{5})));
  EXPECT_FALSE(graph.keeps_numbers());
  graph.add("c", embedding(5));
  EXPECT_EQ(message_of<ConfigError>([&] { graph.input_rule(); }),
            "Embedding \"c\": its input must be " + to_text(NumberRule(WholeNumber{5})) +
                " everywhere, but a layer before it computes other numbers; let it take the input");
}

TEST(Merges, WantShapesThatFit) {
  const std::vector<Shape> unequal{{2, 3}, {2, 4}};
  EXPECT_EQ(message_of<ShapeError>([&] { Add().output_shape(unequal); }),
            "Add: [B, 2, 3] and [B, 2, 4] differ; expected values of one shape");
  EXPECT_EQ(message_of<ShapeError>([&] { Multiply().output_shape({{2}}); }),
            "Multiply: takes two values or more, got 1");
  EXPECT_EQ(Concat({.axis = 2}).output_shape(unequal), (Shape{2, 7}));
  EXPECT_EQ(Concat({.axis = -1}).output_shape(unequal), (Shape{2, 7}));
  EXPECT_EQ(message_of<ShapeError>([&] { Concat({.axis = 1}).output_shape(unequal); }),
            "Concat: [B, 2, 3] and [B, 2, 4] differ beside axis 1, along which they are joined");
  for (const Index axis : {3, -3}) {
    EXPECT_EQ(message_of<ShapeError>([&] { Concat({.axis = axis}).output_shape(unequal); }),
              "Concat: there is no axis " + std::to_string(axis) + " in [B, 2, 3]");
  }
  EXPECT_THROW(Concat({.axis = 0}), ConfigError);
}

}  // namespace
}  // namespace dpml
