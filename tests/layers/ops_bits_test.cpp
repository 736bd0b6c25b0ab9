// Operations and losses under the conformance check of layers: above all, a sample's bits are its own.

#include <gtest/gtest.h>

#include <functional>

#include "autograd/random_tensor.h"
#include "dpml/autograd/ops.h"
#include "dpml/layers/losses.h"
#include "dpml/testing.h"

namespace dpml {
namespace {

using Operation = std::function<Value(Tape&, const Value&, const Parameter&)>;

/// A layer made of operations, with one parameter.
class Composed final : public Layer {
 public:
  Composed(const Shape& parameter, Operation operation)
      : weight_("weight", random_tensor(parameter, 77)), operation_(std::move(operation)) {}

  Value forward(Tape& tape, const Value& x) const override { return operation_(tape, x, weight_); }

  Shape output_shape(const Shape& sample) const override {
    Tape tape;
    return forward(tape, tape.sample(Tensor::zeros(sample.with_front(1)))).sample_shape();
  }

  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override {
    into.push_back({prefix + weight_.name(), &weight_});
  }

  std::string type() const override { return "Composed"; }

 private:
  Parameter weight_;
  Operation operation_;
};

void expect_conforms(const Shape& x, const Shape& parameter, const Operation& operation) {
  expect_layer_conforms([&](Rng&) { return std::make_unique<Composed>(parameter, operation); }, x, {.differences = 8});
}

TEST(OpsBits, OfElementwiseOperationsAndReductions) {
  for (const Index width : {1, 3, 16, 37}) {
    const Shape x{3, width};
    const Shape parameter{width};
    expect_conforms(x, parameter, [](Tape& tape, const Value& v, const Parameter& p) {
      return add(tape, multiply(tape, v, p), scale(tape, multiply(tape, v, v), 0.3F));
    });
    expect_conforms(x, parameter, [](Tape& tape, const Value& v, const Parameter& p) {
      return multiply(tape, gelu(tape, v), sigmoid(tape, add(tape, tanh(tape, v), p)));
    });
    expect_conforms(x, parameter, [](Tape& tape, const Value& v, const Parameter& p) {
      return log(tape, add(tape, exp(tape, multiply(tape, v, p)), tape.shared(Tensor::filled(Shape{}, 1))));
    });
    expect_conforms(x, parameter,
                    [](Tape& tape, const Value& v, const Parameter& p) { return softmax(tape, multiply(tape, v, p)); });
    expect_conforms({3, 5, width}, parameter, [](Tape& tape, const Value& v, const Parameter& p) {
      return add(tape, sum(tape, multiply(tape, v, p), 1), mean(tape, relu(tape, v), 1));
    });
    expect_conforms({3, 5, width}, parameter, [](Tape& tape, const Value& v, const Parameter& p) {
      return mean(tape, multiply(tape, v, p), -1);
    });
  }
}

TEST(OpsBits, OfMatrixProducts) {
  for (const Index positions : {2, 16, 19}) {
    for (const Index features : {3, 17}) {
      const Shape x{3, positions, features};
      expect_conforms(x, {7, features},
                      [](Tape& tape, const Value& v, const Parameter& p) { return matmul(tape, v, p); });
      expect_conforms(x, {features, features}, [](Tape& tape, const Value& v, const Parameter& p) {
        const Value query = matmul(tape, v, p);
        const Value scores = scale(tape, matmul(tape, query, transpose(tape, v, 1, 2)), 0.3F);
        return matmul(tape, softmax(tape, scores), v);
      });
      expect_conforms(x, {7, features}, [features](Tape& tape, const Value& v, const Parameter& p) {
        const Value by_matrix = matmul(tape, v, tape.shared(random_tensor(Shape{features, features}, 3)));
        return add(tape, matmul(tape, by_matrix, p), matmul(tape, relu(tape, v), p));
      });
      expect_conforms(x, {features}, [positions](Tape& tape, const Value& v, const Parameter& p) {
        return matmul(tape, tape.shared(random_tensor(Shape{4, positions}, 4)), multiply(tape, v, p));
      });
    }
  }
}

TEST(OpsBits, OfShapes) {
  expect_conforms({3, 6, 5}, {5}, [](Tape& tape, const Value& v, const Parameter& p) {
    const Value both = concat(tape, {slice(tape, v, 1, 0, 2), multiply(tape, v, p)}, 1);
    return reshape(tape, transpose(tape, both, 1, 2), Shape{40});
  });
}

TEST(OpsBits, OfLosses) {
  for (const Index classes : {1, 2, 10, 40}) {
    const Shape parameter{classes};
    expect_conforms({3, classes}, parameter, [](Tape& tape, const Value& v, const Parameter& p) {
      return cross_entropy(tape, multiply(tape, v, p), Tensor::zeros(Shape{v.shape()[0]}));
    });
    expect_conforms({3, 4, classes}, parameter, [](Tape& tape, const Value& v, const Parameter& p) {
      return cross_entropy(tape, multiply(tape, v, p), Tensor::zeros(Shape{v.shape()[0], 4}));
    });
    expect_conforms({3, classes}, parameter, [](Tape& tape, const Value& v, const Parameter& p) {
      return mean_squared_error(tape, multiply(tape, v, p), Tensor::zeros(v.shape()));
    });
    expect_conforms({3, classes}, parameter, [](Tape& tape, const Value& v, const Parameter& p) {
      return binary_cross_entropy(tape, multiply(tape, v, p), Tensor::zeros(v.shape()));
    });
  }
}

}  // namespace
}  // namespace dpml
