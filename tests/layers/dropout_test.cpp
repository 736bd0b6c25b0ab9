#include "dpml/layers/dropout.h"

#include <cmath>
#include <numeric>

#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

std::vector<std::uint64_t> ids_from(std::uint64_t first, Index count) {
  std::vector<std::uint64_t> ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

struct Pass {
  std::vector<std::uint64_t> ids;
  std::uint64_t mask_key = 1;
  int earlier_layers = 0;
};

/// The mask itself: dropout of ones.
Tensor mask_of(const Dropout& layer, Index size, const Pass& pass) {
  Tape tape({.training = true, .sample_ids = pass.ids, .mask_key = pass.mask_key});
  for (int i = 0; i < pass.earlier_layers; ++i) tape.next_mask_index();
  return layer.forward(tape, tape.sample(Tensor::filled({std::ssize(pass.ids), size}, 1))).tensor();
}

std::vector<float> row(const Tensor& x, Index b) {
  const Tensor one = x.rows(b, b + 1);
  return {one.values().begin(), one.values().end()};
}

TEST(Dropout, BehavesAsALayer) {
  const LayerMaker make = [](Rng&) { return std::make_unique<Dropout>(Dropout::Options{.probability = 0.4}); };
  for (const Shape& x : {Shape{3, 6}, Shape{3, 2, 5}, Shape{3}, Shape{0, 4}}) {
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
    EXPECT_NO_THROW(expect_layer_conforms(make, x, {.training = false}));
  }
}

TEST(Dropout, DoesNothingOutsideTraining) {
  const Dropout layer({.probability = 0.9});
  const Tensor x = random_tensor({3, 4});
  EXPECT_EQ(apply(layer, x).data(), x.data());
}

TEST(Dropout, KeepsEverythingAtProbabilityZero) {
  const Dropout layer({.probability = 0});
  EXPECT_EQ(row(mask_of(layer, 5, {.ids = {7}}), 0), std::vector<float>(5, 1.0F));
}

TEST(Dropout, DropsTheStatedShareAndScalesTheRest) {
  // 10^6 independent draws: the share of zeros has a standard deviation below 0.0005; 0.003 is six of them, a false
  // alarm below 1e-8 for each probability.
  for (const double probability : {0.1, 0.5, 0.9}) {
    const Tensor mask = mask_of(Dropout({.probability = probability}), 1000, {.ids = ids_from(50, 1000)});
    Index zeros = 0;
    for (const float value : mask.values()) {
      zeros += value == 0 ? 1 : 0;
      EXPECT_TRUE(value == 0 || value == static_cast<float>(1 / (1 - probability)));
    }
    EXPECT_NEAR(static_cast<double>(zeros) / 1e6, probability, 0.003);
  }
}

TEST(Dropout, DrawsElementsAndSamplesIndependently) {
  // Products of centred neighbours along both axes, 10^6 each: standard deviation 0.25e-3; 0.0015 is six of them, a
  // false alarm below 1e-8.
  const Tensor mask = mask_of(Dropout({.probability = 0.5}), 1000, {.ids = ids_from(0, 1000)});
  const auto centred = [&](Index i) { return mask.data()[i] == 0 ? -0.5 : 0.5; };
  double along = 0;
  double across = 0;
  for (Index i = 0; i + 1000 < mask.size(); ++i) {
    along += centred(i) * centred(i + 1);
    across += centred(i) * centred(i + 1000);
  }
  EXPECT_LT(std::abs(along) / 1e6, 0.0015);
  EXPECT_LT(std::abs(across) / 1e6, 0.0015);
}

TEST(Dropout, FollowsTheSampleNotItsPlace) {
  const Dropout layer({.probability = 0.5});
  const Tensor mask = mask_of(layer, 64, {.ids = {11, 5, 900}});
  const Tensor permuted = mask_of(layer, 64, {.ids = {900, 11, 4, 5}});
  EXPECT_EQ(row(mask, 0), row(permuted, 1));
  EXPECT_EQ(row(mask, 1), row(permuted, 3));
  EXPECT_EQ(row(mask, 2), row(permuted, 0));
  EXPECT_NE(row(mask, 0), row(mask, 1));
}

TEST(Dropout, DrawsAnewForEveryKeyAndLayer) {
  const Dropout layer({.probability = 0.5});
  const Tensor mask = mask_of(layer, 64, {.ids = {1}});
  EXPECT_EQ(row(mask, 0), row(mask_of(layer, 64, {.ids = {1}}), 0));
  EXPECT_NE(row(mask, 0), row(mask_of(layer, 64, {.ids = {1}, .mask_key = 2}), 0));
  EXPECT_NE(row(mask, 0), row(mask_of(layer, 64, {.ids = {1}, .earlier_layers = 1}), 0));
}

TEST(Dropout, WantsAnIdForEverySample) {
  Dropout layer({.probability = 0.5});
  layer.set_name("drop1");
  const std::vector<std::uint64_t> ids{1, 2};
  EXPECT_EQ(
      message_of<ConfigError>([&] {
        Tape tape({.training = true, .sample_ids = ids});
        layer.forward(tape, tape.sample(random_tensor({3, 4})));
      }),
      "Dropout \"drop1\": training needs one id for each sample, because masks are keyed by them: the batch has 3 "
      "samples, Tape::Options::sample_ids has 2. Give the tape the ids, or turn training off.");
}

TEST(Dropout, RefusesAValueSharedByAllSamples) {
  const Dropout layer({.probability = 0.5});
  Tape tape({.training = true});
  const std::string message = message_of<ConfigError>([&] { layer.forward(tape, tape.shared(random_tensor({3, 4}))); });
  EXPECT_NE(message.find("a mask belongs to one sample"), std::string::npos) << message;
}

TEST(Dropout, RefusesAnImpossibleProbability) {
  for (const double probability : {-0.1, 1.0, 1.5, std::nan("")}) {
    message_of<ConfigError>([&] { Dropout({.probability = probability}); });
  }
  EXPECT_EQ(message_of<ConfigError>([] { Dropout({.probability = 1}); }),
            "Dropout: probability is 1, expected 0 <= probability < 1");
}

}  // namespace
}  // namespace dpml
