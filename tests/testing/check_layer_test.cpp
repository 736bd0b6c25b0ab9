#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "dpml/base/error.h"
#include "dpml/testing.h"

namespace dpml {
namespace {

enum class Fault {
  none,
  adds_the_next_sample,
  adds_the_batch_maximum,
  multiplies_by_the_batch_mean,
  weight_gradient_one_percent_off,
  input_gradient_one_percent_off,
  forgets_the_bias,
  leaks_into_the_input_gradient,
  leaks_into_the_weight_gradient,
  divides_gradients_by_the_batch,
  remembers_its_input,
  fails_without_samples,
  says_another_shape,
  hides_a_parameter,
  needs_the_bias_gradient,
  scales_when_recording,
  trembles,
  rounds_by_the_batch_size,
  rounds_the_last_place,
};

/// y[b,i] = x[b,i] * weight[i] + bias[i], with one mistake.
class Scale final : public Layer {
 public:
  Scale(Index size, Fault fault, Rng& init)
      : fault_(fault), weight_("weight", Tensor::filled(Shape{size}, 1)), bias_("bias", Tensor::zeros(Shape{size})) {
    init.uniform();
  }

  Value forward(Tape& tape, const Value& x) const override {
    const Index batch = x.shape()[0];
    const Index size = weight_.size();
    if (fault_ == Fault::fails_without_samples && batch == 0) throw ShapeError("no samples");
    Tensor y(x.shape());
    const float* from = x.tensor().data();
    for (Index b = 0; b < batch; ++b) {
      for (Index i = 0; i < size; ++i) {
        y.mutable_data()[b * size + i] =
            from[b * size + i] * weight_.tensor().data()[i] + bias_.tensor().data()[i] + mixed_in(x.tensor(), b, i);
      }
    }
    if (fault_ == Fault::multiplies_by_the_batch_mean) multiply(y, mean(x.tensor()));
    if (fault_ == Fault::scales_when_recording && tape.options().gradients) multiply(y, 1.0001F);
    if (fault_ == Fault::trembles) {
      for (float& value : y.mutable_values()) value += 0.01F * std::sin(1000 * value);
    }
    if (fault_ == Fault::rounds_by_the_batch_size && batch >= 16) multiply(y, 1 + 0x1p-23F);
    if (fault_ == Fault::rounds_the_last_place && batch == 7) y.mutable_data()[7 * size - 1] *= 1 + 0x1p-23F;
    remembered_ = x.tensor();
    return tape.record_trusted(place(), {x}, {weight_, bias_}, std::move(y),
                               [this, x](const Tensor& dy, Cotangents& send) { backward(x, dy, send); });
  }

  Shape output_shape(const Shape& sample) const override {
    return fault_ == Fault::says_another_shape ? sample.with_back(1) : sample;
  }

  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override {
    into.push_back({prefix + "weight", &weight_});
    if (fault_ != Fault::hides_a_parameter) into.push_back({prefix + "bias", &bias_});
  }

  std::string type() const override { return "Scale"; }

 private:
  static float mean(const Tensor& x) {
    return std::accumulate(x.values().begin(), x.values().end(), 0.0F) /
           static_cast<float>(std::max<Index>(x.size(), 1));
  }

  static void multiply(Tensor& y, float factor) {
    for (float& value : y.mutable_values()) value *= factor;
  }

  /// What reaches sample b from another one.
  float mixed_in(const Tensor& x, Index b, Index i) const {
    const Index size = weight_.size();
    if (fault_ == Fault::adds_the_next_sample) return 1e-3F * x.data()[(b + 1) % x.axis(0) * size + i];
    if (fault_ == Fault::adds_the_batch_maximum) {
      float largest = -10;
      for (const float value : x.values()) largest = value > largest ? value : largest;  // passes over NaN
      return 1e-3F * largest;
    }
    return 0;
  }

  void backward(const Value& x, const Tensor& dy, Cotangents& send) const {
    const Index size = weight_.size();
    const auto per_batch = 1 / static_cast<float>(std::max<Index>(dy.axis(0), 1));
    const float common = fault_ == Fault::divides_gradients_by_the_batch ? per_batch : 1.0F;
    send.to(x, [&] {
      Tensor dx(dy.shape());
      for (Index at = 0; at < dx.size(); ++at)
        dx.mutable_data()[at] = dy.data()[at] * weight_.tensor().data()[at % size];
      if (fault_ == Fault::input_gradient_one_percent_off) multiply(dx, 1.01F);
      if (fault_ == Fault::leaks_into_the_input_gradient) {
        for (Index at = 0; at + size < dx.size(); ++at) dx.mutable_data()[at] += 1e-7F * dy.data()[at + size];
      }
      return dx;
    });
    send.to(weight_, [&] {
      const Tensor& input = fault_ == Fault::remembers_its_input ? remembered_ : x.tensor();
      Tensor g(dy.shape());
      for (Index at = 0; at < g.size(); ++at) g.mutable_data()[at] = common * dy.data()[at] * input.data()[at];
      if (fault_ == Fault::weight_gradient_one_percent_off) multiply(g, 0.99F);
      if (fault_ == Fault::needs_the_bias_gradient && !bias_.trainable()) multiply(g, 2);
      if (fault_ == Fault::leaks_into_the_weight_gradient) {
        for (Index at = 0; at + size < g.size(); ++at) g.mutable_data()[at] += 1e-7F * input.data()[at + size];
      }
      return PerSampleGrad::dense(std::move(g));
    });
    if (fault_ == Fault::forgets_the_bias) return;
    send.to(bias_, [&] {
      Tensor g = dy.clone();
      multiply(g, common);
      return PerSampleGrad::dense(std::move(g));
    });
  }

  Fault fault_;
  Parameter weight_;
  Parameter bias_;
  mutable Tensor remembered_;
};

std::vector<std::string> violations_of(Fault fault, const Shape& x = {4, 5}) {
  return check_layer([&](Rng& rng) { return std::make_unique<Scale>(x[-1], fault, rng); }, x);
}

/// Did this check find something, and where?
bool found(const std::vector<std::string>& violations, const std::string& check, const std::string& where = "") {
  return std::any_of(violations.begin(), violations.end(), [&](const std::string& violation) {
    return violation.starts_with(check + ":") && violation.find(where) != std::string::npos;
  });
}

TEST(CheckLayer, PassesARightLayer) {
  EXPECT_EQ(violations_of(Fault::none), std::vector<std::string>{});
  EXPECT_EQ(violations_of(Fault::none, {0, 3}), std::vector<std::string>{});
  EXPECT_EQ(violations_of(Fault::none, {1, 1}), std::vector<std::string>{});
  EXPECT_EQ(violations_of(Fault::none, {3, 0}), std::vector<std::string>{});
}

TEST(CheckLayer, FindsAForwardThatMixesSamples) {
  EXPECT_TRUE(found(violations_of(Fault::adds_the_next_sample), "samples stay apart", "the output"));
  EXPECT_TRUE(found(violations_of(Fault::multiplies_by_the_batch_mean), "samples stay apart", "the output"));
}

TEST(CheckLayer, FindsMixingThatPassesOverNan) {
  EXPECT_TRUE(found(violations_of(Fault::adds_the_batch_maximum), "samples stay apart", "the output"));
}

TEST(CheckLayer, FindsMixingOfIndicesWhichCannotBeNan) {
  const LayerMaker mixing = [](Rng& rng) { return std::make_unique<Scale>(5, Fault::adds_the_next_sample, rng); };
  const std::vector<std::string> violations = check_layer(mixing, {4, 5}, {.vocabulary = 9});
  EXPECT_FALSE(found(violations, "samples stay apart", "is NaN"));
  EXPECT_TRUE(found(violations, "samples stay apart", "is replaced by another"));
}

TEST(CheckLayer, FindsABackwardThatMixesSamples) {
  EXPECT_TRUE(found(violations_of(Fault::leaks_into_the_input_gradient), "samples stay apart", "the input gradient"));
  const std::vector<std::string> violations = violations_of(Fault::leaks_into_the_weight_gradient);
  EXPECT_TRUE(found(violations, "samples stay apart", "the gradient of weight"));
  EXPECT_TRUE(found(violations, "samples stay apart", "the norm of weight"));
}

TEST(CheckLayer, FindsAGradientThatIsOnePercentOff) {
  EXPECT_TRUE(found(violations_of(Fault::weight_gradient_one_percent_off), "finite differences", "\"weight\""));
  EXPECT_TRUE(found(violations_of(Fault::input_gradient_one_percent_off), "finite differences", "input"));
}

TEST(CheckLayer, SaysWhenDerivativesCannotBeJudged) {
  EXPECT_TRUE(found(violations_of(Fault::trembles), "finite differences", "too near a kink"));
}

TEST(CheckLayer, FindsAForgottenGradient) {
  EXPECT_TRUE(found(violations_of(Fault::forgets_the_bias), "finite differences", "\"bias\""));
}

TEST(CheckLayer, FindsGradientsThatDependOnTheBatchSize) {
  const std::vector<std::string> violations = violations_of(Fault::divides_gradients_by_the_batch);
  EXPECT_TRUE(found(violations, "bits", "weight"));
  EXPECT_TRUE(found(violations, "finite differences", "\"weight\""));
}

TEST(CheckLayer, FindsLastBitsThatDependOnTheNumberOfSamplesOrThePlaceAmongThem) {
  const std::vector<std::string> by_size = violations_of(Fault::rounds_by_the_batch_size);
  EXPECT_TRUE(found(by_size, "bits", "the output has other bits at place 0 of 16 than alone"));
  const std::vector<std::string> by_place = violations_of(Fault::rounds_the_last_place);
  EXPECT_TRUE(found(by_place, "bits", "the output has other bits at place 6 of 7 than alone"));
  EXPECT_FALSE(found(by_place, "finite differences"));
}

TEST(CheckLayer, FindsALayerThatRemembersItsLastInput) {
  const std::vector<std::string> violations = violations_of(Fault::remembers_its_input);
  EXPECT_TRUE(found(violations, "used beside itself", "weight"));
  EXPECT_TRUE(found(violations, "used on its own result", "weight"));
  EXPECT_FALSE(found(violations, "finite differences"));
}

TEST(CheckLayer, FindsALayerThatFailsWithoutSamples) {
  EXPECT_TRUE(found(violations_of(Fault::fails_without_samples), "empty batch", "no samples"));
}

TEST(CheckLayer, FindsAWrongOutputShape) {
  EXPECT_TRUE(found(violations_of(Fault::says_another_shape), "shapes", "[4, 5, 1]"));
}

TEST(CheckLayer, FindsAParameterThatIsNotNamed) {
  EXPECT_TRUE(found(violations_of(Fault::hides_a_parameter), "finite differences", "\"bias\""));
}

TEST(CheckLayer, FindsAGradientThatDependsOnWhatIsFrozen) {
  EXPECT_TRUE(found(violations_of(Fault::needs_the_bias_gradient), "frozen", "weight changes when bias is frozen"));
}

TEST(CheckLayer, FindsAForwardThatDependsOnRecording) {
  EXPECT_TRUE(found(violations_of(Fault::scales_when_recording), "shapes", "nothing is recorded"));
}

TEST(ExpectLayerConforms, ThrowsWhatIsWrong) {
  const LayerMaker right = [](Rng& rng) { return std::make_unique<Scale>(4, Fault::none, rng); };
  EXPECT_NO_THROW(expect_layer_conforms(right, {3, 4}));
  const LayerMaker wrong = [](Rng& rng) { return std::make_unique<Scale>(4, Fault::forgets_the_bias, rng); };
  try {
    expect_layer_conforms(wrong, {3, 4});
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("finite differences: parameter \"bias\""), std::string::npos);
  }
}

}  // namespace
}  // namespace dpml
