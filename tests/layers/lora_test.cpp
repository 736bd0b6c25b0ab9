#include "dpml/layers/lora.h"

#include "dpml/layers/conv2d.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/linear.h"
#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

std::unique_ptr<Layer> linear(Index in, Index out, Rng& rng, bool bias = true) {
  return std::make_unique<Linear>(Linear::Options{.in = in, .out = out, .bias = bias}, rng);
}

std::unique_ptr<Layer> convolution(Index out, Rng& rng) {
  return std::make_unique<Conv2d>(
      Conv2d::Options{.in_channels = 2, .out_channels = out, .kernel_height = 2, .kernel_width = 2}, rng);
}

std::unique_ptr<Lora> small(Rng& rng) {
  auto base = linear(4, 3, rng);
  auto down = linear(4, 2, rng, false);
  return std::make_unique<Lora>(std::move(base), std::move(down), linear(2, 3, rng, false), 0.5F);
}

TEST(Lora, BehavesAsALayer) {
  for (const Shape& x : {Shape{3, 4}, Shape{3, 5, 4}}) EXPECT_NO_THROW(expect_layer_conforms(small, x));
  const LayerMaker of_images = [](Rng& rng) {
    auto base = convolution(3, rng);
    auto down = convolution(2, rng);
    return std::make_unique<Lora>(std::move(base), std::move(down), linear(2, 3, rng, false), 2.0F);
  };
  EXPECT_NO_THROW(expect_layer_conforms(of_images, {3, 4, 4, 2}));
  const LayerMaker of_words = [](Rng& rng) {
    const auto table = [&](Index features) {
      return std::make_unique<Embedding>(Embedding::Options{.vocabulary = 6, .features = features}, rng);
    };
    auto base = table(3);
    auto down = table(2);
    return std::make_unique<Lora>(std::move(base), std::move(down), linear(2, 3, rng, false), 2.0F);
  };
  EXPECT_NO_THROW(expect_layer_conforms(of_words, {3, 5}, {.vocabulary = 6}));
}

TEST(Lora, BeginsAsItsBaseAndAddsTheScaledProduct) {
  Rng rng = fixed_rng();
  const auto layer = small(rng);
  Rng same = fixed_rng();
  const auto base = linear(4, 3, same);
  const Tensor x = random_tensor({2, 4});
  const Tensor began = apply(*layer, x);
  const Tensor plain = apply(*base, x);
  EXPECT_TRUE(std::equal(began.values().begin(), began.values().end(), plain.values().begin()));

  const std::vector<NamedParameter> named = named_parameters(*layer);
  std::vector<std::string> names;
  for (const NamedParameter& one : named) names.push_back(one.name);
  ASSERT_EQ(names, (std::vector<std::string>{"weight", "bias", "lora_A.weight", "lora_B.weight"}));
  named[3].parameter->set(random_tensor({3, 2}, 7));
  const Tensor& a = named[2].parameter->tensor();
  const Tensor& b = named[3].parameter->tensor();
  const Tensor y = apply(*layer, x);
  for (Index sample = 0; sample < 2; ++sample) {
    for (Index o = 0; o < 3; ++o) {
      double want = plain.data()[sample * 3 + o];
      for (Index r = 0; r < 2; ++r) {
        for (Index i = 0; i < 4; ++i) {
          want += 0.5 * b.data()[o * 2 + r] * static_cast<double>(a.data()[r * 4 + i]) * x.data()[sample * 4 + i];
        }
      }
      EXPECT_NEAR(y.data()[sample * 3 + o], want, 1e-6);
    }
  }
}

TEST(Lora, WantsAnAdapterThatFits) {
  Rng rng = fixed_rng();
  auto base = linear(4, 3, rng);
  auto down = linear(4, 2, rng);
  Lora layer(std::move(base), std::move(down), linear(2, 5, rng), 1);
  layer.set_name("fc");
  EXPECT_EQ(message_of<ShapeError>([&] { layer.output_shape({4}); }),
            "Lora \"fc\": the base gives [B, 3], the adapter [B, 5]; expected the same shape");
  EXPECT_THROW(Lora(linear(4, 3, rng), nullptr, linear(2, 3, rng), 1), ConfigError);
}

}  // namespace
}  // namespace dpml
