#include "dpml/layers/group_norm.h"

#include <cmath>

#include "dpml/autograd/ops.h"
#include "dpml/layers/layer_norm.h"
#include "dpml/layers/linear.h"
#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

LayerMaker group_norm(GroupNorm::Options options) {
  return [options](Rng&) { return std::make_unique<GroupNorm>(options); };
}

/// x [B, P, C], straight from the definition, in double.
std::vector<double> slow_group_norm(const Tensor& x, Index groups, double epsilon) {
  const Index positions = x.axis(1);
  const Index channels = x.axis(2);
  const Index width = channels / groups;
  std::vector<double> y(static_cast<std::size_t>(x.size()));
  for (Index b = 0; b < x.axis(0); ++b) {
    for (Index g = 0; g < groups; ++g) {
      std::vector<std::size_t> places;
      for (Index p = 0; p < positions; ++p) {
        for (Index c = g * width; c < (g + 1) * width; ++c) {
          places.push_back(static_cast<std::size_t>((b * positions + p) * channels + c));
        }
      }
      const double count = static_cast<double>(places.size());
      double mean = 0;
      for (const std::size_t i : places) mean += static_cast<double>(x.values()[i]) / count;
      double variance = 0;
      for (const std::size_t i : places) variance += std::pow(static_cast<double>(x.values()[i]) - mean, 2) / count;
      for (const std::size_t i : places) {
        y[i] = (static_cast<double>(x.values()[i]) - mean) / std::sqrt(variance + epsilon);
      }
    }
  }
  return y;
}

TEST(GroupNorm, BehavesAsALayer) {
  for (const Shape& x : {Shape{3, 4, 5, 6}, Shape{3, 7, 6}, Shape{3, 6}, Shape{0, 4, 6}, Shape{3, 0, 6}}) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(group_norm({.groups = 2, .channels = 6}), x));
    EXPECT_NO_THROW(expect_layer_conforms(group_norm({.groups = 1, .channels = 6, .affine = false}), x));
  }
  EXPECT_NO_THROW(expect_layer_conforms(group_norm({.groups = 6, .channels = 6}), {3, 4, 5, 6}));
  EXPECT_NO_THROW(expect_layer_conforms(group_norm({.groups = 4, .channels = 32}), {3, 10, 32}));
}

TEST(GroupNorm, NormalisesEachSamplesGroups) {
  for (const Index groups : {1, 3, 6}) {
    const GroupNorm layer({.groups = groups, .channels = 6});
    const Tensor x = random_tensor({4, 15, 6});
    const Tensor y = apply(layer, x);
    const std::vector<double> want = slow_group_norm(x, groups, 1e-5);
    for (Index i = 0; i < x.size(); ++i) EXPECT_NEAR(y.data()[i], want[static_cast<std::size_t>(i)], 2e-6);
  }
}

/// The squared length of each sample's gradients.
class Lengths : public GradientSink {
 public:
  explicit Lengths(Index batch) : squares(static_cast<std::size_t>(batch)) {}
  void accept(const Parameter&, PerSampleGrad gradient) override { gradient.add_squared_norms(squares); }
  std::vector<double> squares;
};

TEST(GroupNorm, ANumberAloneInItsGroupHasNoGradientNotEvenOfRounding) {
  Rng rng = fixed_rng();
  const std::unique_ptr<Layer> norms[] = {
      std::make_unique<GroupNorm>(GroupNorm::Options{.groups = 6, .channels = 6, .affine = false}),
      std::make_unique<LayerNorm>(LayerNorm::Options{.normalized = {1}, .affine = false})};
  for (const std::unique_ptr<Layer>& norm : norms) {
    const Index width = norm == norms[0] ? 6 : 1;
    const Linear linear({.in = 40, .out = width}, rng);
    Tape tape({.gradients = true});
    const Value y = norm->forward(tape, linear.forward(tape, tape.sample(random_tensor({64, 40}))));
    Lengths lengths(64);
    tape.backward(sum(tape, multiply(tape, y, tape.sample(random_tensor({64, width}, 7))), 1), lengths);
    for (const double squares : lengths.squares) EXPECT_EQ(squares, 0);
  }
}

TEST(GroupNorm, StaysAccurateFarFromZero) {
  // A mean of 10^4 deviations: squares of numbers in float, or a mean rounded to float, would be off by 10^-3 or more.
  const GroupNorm layer({.groups = 2, .channels = 4, .epsilon = 1e-12});
  Tensor x = random_tensor({2, 300, 4});
  for (float& value : x.mutable_values()) value = 1e4F + value;
  const Tensor y = apply(layer, x);
  const std::vector<double> want = slow_group_norm(x, 2, 1e-12);
  for (Index i = 0; i < x.size(); ++i) EXPECT_NEAR(y.data()[i], want[static_cast<std::size_t>(i)], 1e-6);
}

TEST(GroupNorm, ScalesAndShiftsChannels) {
  GroupNorm layer({.groups = 1, .channels = 2});
  const std::vector<NamedParameter> parameters = named_parameters(layer);
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters[0].name, "weight");
  EXPECT_EQ(parameters[1].name, "bias");
  const Tensor x = random_tensor({2, 5, 2});
  const Tensor plain = apply(layer, x);
  parameters[0].parameter->set(Tensor::from({2}, std::vector<float>{2, -3}));
  parameters[1].parameter->set(Tensor::from({2}, std::vector<float>{0.5F, 1}));
  const Tensor y = apply(layer, x);
  for (Index i = 0; i < x.size(); i += 2) {
    EXPECT_NEAR(y.data()[i], 2 * plain.data()[i] + 0.5F, 1e-6);
    EXPECT_NEAR(y.data()[i + 1], -3 * plain.data()[i + 1] + 1, 1e-6);
  }
}

TEST(GroupNorm, GivesASampleTheSameBitsWhereverItStands) {
  const GroupNorm layer({.groups = 3, .channels = 9});
  const Tensor x = random_tensor({6, 11, 9});
  const Tensor whole = apply(layer, x);
  for (Index b = 0; b < 6; ++b) {
    const Tensor alone = apply(layer, x.rows(b, b + 1).clone());
    EXPECT_TRUE(std::equal(alone.values().begin(), alone.values().end(), whole.rows(b, b + 1).values().begin()));
  }
}

TEST(GroupNorm, TakesAConstantInput) {
  const GroupNorm layer({.groups = 1, .channels = 2});
  const Tensor constant = apply(layer, Tensor::filled({1, 5, 2}, 1e6F));
  for (const float value : constant.values()) EXPECT_EQ(value, 0.0F);
}

TEST(GroupNorm, NamesTheAxisThatDoesNotFit) {
  GroupNorm layer({.groups = 2, .channels = 4});
  layer.set_name("norm1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, random_tensor({2, 4, 3}));
            }),
            "GroupNorm \"norm1\": x is [B, 4, 3], expected [B, ..., 4]: channels are the last axis");
  message_of<ShapeError>([&] { layer.output_shape({}); });
}

TEST(GroupNorm, RefusesImpossibleOptions) {
  EXPECT_EQ(message_of<ConfigError>([] { GroupNorm({.groups = 3, .channels = 4}); }),
            "GroupNorm: groups is 3, which does not divide 4 channels; state a divisor");
  message_of<ConfigError>([] { GroupNorm({.groups = 0, .channels = 4}); });
  message_of<ConfigError>([] { GroupNorm({.groups = 1, .channels = 0}); });
  message_of<ConfigError>([] { GroupNorm({.groups = 1, .channels = 4, .epsilon = 0}); });
}

}  // namespace
}  // namespace dpml
