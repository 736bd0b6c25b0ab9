// Three ways to make a layer of one's own, and the check that each should pass before anybody's data goes through it.

#include <dpml/dpml.h>
#include <dpml/testing.h>

#include <cmath>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <vector>

using dpml::Index;
using dpml::Parameter;
using dpml::Shape;
using dpml::Tape;
using dpml::Tensor;
using dpml::Value;

/// What the three below compute: y = tanh(scale * x), a scale for each feature of x [B, ..., features].
class ScaledTanh : public dpml::Layer {
 public:
  explicit ScaledTanh(Index features) : scale_("scale", Tensor::filled(Shape{features}, 1)) {}

  Shape output_shape(const Shape& sample) const override {
    if (sample.rank() == 0 || sample[-1] != scale_.size()) {
      throw dpml::ShapeError(place() + ": the last axis of " + sample.to_text() + " is not " +
                             std::to_string(scale_.size()));
    }
    return sample;
  }
  void collect_parameters(const std::string& prefix, std::vector<dpml::NamedParameter>& into) override {
    into.push_back({prefix + scale_.name(), &scale_});
  }

 protected:
  Parameter scale_;
};

/// 1. Composed of operations: nothing to declare, and no way to mix samples.
class ComposedScaledTanh final : public ScaledTanh {
 public:
  using ScaledTanh::ScaledTanh;
  Value forward(Tape& tape, const Value& x) const override { return tanh(tape, multiply(tape, x, scale_)); }
  std::string type() const override { return "ComposedScaledTanh"; }
};

/// 2. Recorded for the whole batch: as fast as you write it, and it is on you that row b comes of row b alone. The
/// per-sample gradient of the scale has the dense form, one vector a sample.
class TrustedScaledTanh final : public ScaledTanh {
 public:
  using ScaledTanh::ScaledTanh;

  Value forward(Tape& tape, const Value& x) const override {
    const Index features = scale_.size();
    Tensor y(x.shape());
    for (Index i = 0; i < y.size(); ++i) {
      y.mutable_data()[i] = std::tanh(scale_.tensor().data()[i % features] * x.tensor().data()[i]);
    }
    return tape.record_trusted(place(), {x}, {scale_}, y, [this, x, y, features](const Tensor& dy, auto& send) {
      Tensor of_product(dy.shape());  // of scale * x
      for (Index i = 0; i < dy.size(); ++i) {
        of_product.mutable_data()[i] = dy.data()[i] * (1 - y.data()[i] * y.data()[i]);
      }
      send.to(x, [&] {
        Tensor dx(x.shape());
        for (Index i = 0; i < dx.size(); ++i) {
          dx.mutable_data()[i] = of_product.data()[i] * scale_.tensor().data()[i % features];
        }
        return dx;
      });
      send.to(scale_, [&] {
        Tensor of_scale = Tensor::zeros(Shape{x.shape()[0], features});
        const Index sample_size = x.sample_shape().size();
        for (Index i = 0; i < dy.size(); ++i) {
          of_scale.mutable_data()[i / sample_size * features + i % features] +=
              of_product.data()[i] * x.tensor().data()[i];
        }
        return dpml::PerSampleGrad::dense(of_scale);
      });
    });
  }
  std::string type() const override { return "TrustedScaledTanh"; }
};

/// 3. Recorded as functions of one sample, which see no other: slow, and right if they are right for one.
class PerSampleScaledTanh final : public ScaledTanh {
 public:
  using ScaledTanh::ScaledTanh;

  Value forward(Tape& tape, const Value& x) const override {
    const Index features = scale_.size();
    return tape.record_per_sample(
        place(), {x}, {scale_}, x.sample_shape(),
        [this, features](std::span<const Tensor> inputs) {
          const Tensor& one = inputs[0];
          Tensor y(one.shape());
          for (Index i = 0; i < y.size(); ++i) {
            y.mutable_data()[i] = std::tanh(scale_.tensor().data()[i % features] * one.data()[i]);
          }
          return y;
        },
        [this, features](std::span<const Tensor> inputs, const Tensor& dy) {
          const Tensor& one = inputs[0];
          Tensor dx(one.shape());
          Tensor of_scale = Tensor::zeros(scale_.shape());
          for (Index i = 0; i < dy.size(); ++i) {
            const float scale = scale_.tensor().data()[i % features];
            const float y = std::tanh(scale * one.data()[i]);
            const float of_product = dy.data()[i] * (1 - y * y);
            dx.mutable_data()[i] = of_product * scale;
            of_scale.mutable_data()[i % features] += of_product * one.data()[i];
          }
          return std::vector<Tensor>{dx, of_scale};
        });
  }
  std::string type() const override { return "PerSampleScaledTanh"; }
};

template <class L>
bool conforms(const std::string& name) {
  bool is_right = true;
  for (const Shape& x : {Shape{3, 4}, Shape{3, 2, 4}}) {
    for (const std::string& problem : dpml::check_layer([](dpml::Rng&) { return std::make_unique<L>(4); }, x)) {
      std::cout << name << ": " << problem << "\n";
      is_right = false;
    }
  }
  if (is_right) std::cout << name << " conforms\n";
  return is_right;
}

int main() {
  const bool composed = conforms<ComposedScaledTanh>("composed");
  const bool trusted = conforms<TrustedScaledTanh>("trusted");
  const bool per_sample = conforms<PerSampleScaledTanh>("per sample");
  return composed && trusted && per_sample ? 0 : 1;
}
