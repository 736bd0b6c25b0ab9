#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "try_layer.h"

namespace dpml {

/// A tensor of a golden file, its numbers in double.
struct GoldenNumbers {
  Shape shape;
  std::vector<double> values;

  Tensor tensor() const {
    Tensor tensor(shape);
    for (std::size_t i = 0; i < values.size(); ++i) tensor.mutable_data()[i] = static_cast<float>(values[i]);
    return tensor;
  }
};

/// The file tests/layers/golden/`name`.txt by the names of its lines.
inline std::map<std::string, GoldenNumbers> read_golden(const std::string& name) {
  std::ifstream file(std::string(DPML_TEST_DATA "/layers/golden/") + name + ".txt");
  std::map<std::string, GoldenNumbers> golden;
  std::string of;
  for (Index rank = 0; file >> of >> rank;) {
    std::vector<Index> axes(static_cast<std::size_t>(rank));
    for (Index& axis : axes) file >> axis;
    GoldenNumbers& numbers = golden[of];
    numbers.shape = Shape(axes);
    numbers.values.resize(static_cast<std::size_t>(numbers.shape.size()));
    for (double& value : numbers.values) file >> value;
  }
  EXPECT_GT(golden.size(), 4u) << name;
  EXPECT_TRUE(file.eof()) << name;
  return golden;
}

inline void expect_near_golden(const std::string& what, const Tensor& have, const GoldenNumbers& want) {
  ASSERT_EQ(have.shape(), want.shape) << what;
  double largest = 1;
  for (const double value : want.values) largest = std::max(largest, std::fabs(value));
  for (Index i = 0; i < have.size(); ++i) {
    EXPECT_NEAR(have.data()[i], want.values[static_cast<std::size_t>(i)], 3e-6 * largest) << what << ", number " << i;
  }
}

/// Gives the layer the weights of a golden file, by their names, which are all of them in this order, and compares its
/// result and every sample's gradients with those of the file, for the losses sum_i c[b,i] y[b,i].
inline void expect_golden(const std::string& name, Layer& layer, const std::vector<std::string>& parameters) {
  SCOPED_TRACE(name);
  const auto golden = read_golden(name);
  ASSERT_TRUE(golden.contains("x"));
  std::vector<std::string> names;
  for (const NamedParameter& named : named_parameters(layer)) {
    names.push_back(named.name);
    ASSERT_TRUE(golden.contains("parameter:" + named.name)) << named.name;
    named.parameter->set_from_file_order(golden.at("parameter:" + named.name).tensor());
  }
  EXPECT_EQ(names, parameters);
  EXPECT_EQ(golden.size(), 4 + 2 * names.size());

  struct Sink final : GradientSink {
    void accept(const Parameter& parameter, PerSampleGrad gradient) override {
      gradients.emplace(&parameter, gradient.to_dense());
    }
    std::map<const Parameter*, Tensor> gradients;
  } sink;
  Tape tape;
  // A tape keeps gradients of parameters alone, so the input's passes one.
  const Tensor numbers = golden.at("x").tensor();
  const Parameter probe("x", Tensor::zeros(numbers.shape().without_front()));
  const Value plain = tape.sample(numbers);
  const Value x = tape.record_trusted("x", {plain}, {probe}, numbers, [&probe](const Tensor& dy, Cotangents& send) {
    send.to(probe, [&] { return PerSampleGrad::dense(dy); });
  });
  const Value y = layer.forward(tape, x);
  expect_near_golden("y", y.tensor(), golden.at("y"));
  const Tensor c = golden.at("c").tensor();
  const Value losses = tape.record_trusted("losses", {y}, {}, Tensor::zeros({numbers.axis(0)}),
                                           [y, c](const Tensor&, Cotangents& send) { send.to(y, [&] { return c; }); });
  tape.backward(losses, sink);
  expect_near_golden("gradient of x", sink.gradients.at(&probe), golden.at("gradient:x"));
  for (const NamedParameter& named : named_parameters(layer)) {
    expect_near_golden("gradient of " + named.name, sink.gradients.at(named.parameter),
                       golden.at("gradient:" + named.name));
  }
}

}  // namespace dpml
