#include "dpml/optim/averaging.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "autograd/random_tensor.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

class WeightAverageTest : public testing::Test {
 protected:
  Parameter weight_{"weight", random_tensor(Shape{4, 3}, 1)};
  Parameter frozen_{"frozen", random_tensor(Shape{5}, 2)};
  Parameter bias_{"bias", random_tensor(Shape{2}, 3)};
  const std::vector<Parameter*> parameters_{&weight_, &frozen_, &bias_};

  WeightAverageTest() { frozen_.set_trainable(false); }

  static std::vector<float> numbers(const Tensor& x) { return {x.data(), x.data() + x.size()}; }
};

TEST_F(WeightAverageTest, FollowsTheWeightsAsAPlainLoopDoes) {
  WeightAverage average({.decay = 0.6}, parameters_);
  std::vector<double> expected(weight_.tensor().values().begin(), weight_.tensor().values().end());
  for (std::uint64_t step = 0; step < 30; ++step) {
    weight_.set(random_tensor(weight_.shape(), 10 + step));
    average.update(step);
    const auto t = static_cast<double>(step);
    const double decay = std::min(0.6, (1 + t) / (10 + t));  // 0.1, 2/11, ... , 0.6 from step 13 on
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i] = decay * expected[i] + (1 - decay) * static_cast<double>(weight_.tensor().values()[i]);
      ASSERT_NEAR(average.averages()[0].values()[i], expected[i], 1e-6) << "step " << step;
    }
  }
}

TEST_F(WeightAverageTest, ConstantWeightsAreTheirOwnAverage) {
  WeightAverage average({.decay = 0.99}, parameters_);
  for (std::uint64_t step = 0; step < 100; ++step) average.update(step);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(average.averages()[0].values()[i], weight_.tensor().values()[i], 1e-5);
  }
}

TEST_F(WeightAverageTest, HoldsOneTensorForEachTrainableParameter) {
  const WeightAverage average({.decay = 0.5}, parameters_);
  EXPECT_TRUE(average.is_active());
  ASSERT_EQ(average.averages().size(), 2U);
  EXPECT_EQ(average.averages()[0].shape(), weight_.shape());
  EXPECT_EQ(average.averages()[1].shape(), bias_.shape());
}

TEST_F(WeightAverageTest, SwappingTwiceIsAsIfNever) {
  WeightAverage average({.decay = 0.5}, parameters_);
  weight_.set(random_tensor(weight_.shape(), 9));
  average.update(100);
  const std::vector<float> weights = numbers(weight_.tensor());
  const std::vector<float> averages = numbers(average.averages()[0]);
  const std::vector<float> frozen = numbers(frozen_.tensor());
  ASSERT_NE(weights, averages);
  average.swap_with_parameters();
  EXPECT_EQ(numbers(weight_.tensor()), averages);
  EXPECT_EQ(numbers(average.averages()[0]), weights);
  EXPECT_EQ(numbers(frozen_.tensor()), frozen);
  average.swap_with_parameters();
  EXPECT_EQ(numbers(weight_.tensor()), weights);
  EXPECT_EQ(numbers(average.averages()[0]), averages);
}

TEST_F(WeightAverageTest, GoesOnFromWhatWasSaved) {
  WeightAverage average({.decay = 0.5}, parameters_);
  weight_.set(random_tensor(weight_.shape(), 9));
  average.update(100);
  std::vector<Tensor> saved;
  for (const Tensor& tensor : average.averages()) saved.push_back(tensor.clone());
  WeightAverage resumed({.decay = 0.5}, parameters_);
  resumed.restore(saved);
  average.update(101);
  resumed.update(101);
  EXPECT_EQ(numbers(resumed.averages()[0]), numbers(average.averages()[0]));
  EXPECT_NE(numbers(saved[0]), numbers(resumed.averages()[0])) << "what was saved must not be written to";
}

TEST_F(WeightAverageTest, RefusesAveragesOfAnotherModel) {
  WeightAverage average({.decay = 0.5}, parameters_);
  EXPECT_THROW(average.restore({}), ConfigError);
  const std::vector<Tensor> other{Tensor::zeros(Shape{4, 3}), Tensor::zeros(Shape{3})};
  EXPECT_THROW(average.restore(other), ConfigError);
}

TEST_F(WeightAverageTest, DecayZeroMeansNoAveraging) {
  WeightAverage average({.decay = 0}, parameters_);
  const std::vector<float> weights = numbers(weight_.tensor());
  EXPECT_FALSE(average.is_active());
  average.update(0);
  average.swap_with_parameters();
  EXPECT_TRUE(average.averages().empty());
  EXPECT_EQ(numbers(weight_.tensor()), weights);
  average.restore({});
}

TEST_F(WeightAverageTest, RefusesADecayOutsideItsRange) {
  for (const double decay : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(WeightAverage({.decay = decay}, parameters_), ConfigError) << decay;
  }
}

}  // namespace
}  // namespace dpml
