#include "dpml/layers/sample_mixing.h"

#include <algorithm>

#include "dpml/autograd/ops.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/dropout.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/pooling.h"
#include "dpml/layers/sequential.h"
#include "try_layer.h"

namespace dpml {
namespace {

enum class Fault {
  none,
  adds_the_next_sample,
  adds_the_batch_maximum,
  makes_a_constant_of_the_batch,
  starts_anew,
  mixes_gradients,
  mixes_gradients_of_the_weight,
  depends_on_the_batch,
  forgets_its_weight
};

/// y = x * weight, and a mistake.
class Faulty final : public Layer {
 public:
  explicit Faulty(Fault fault) : fault_(fault), weight_("weight", Tensor::filled({3}, 2)) {}

  Value forward(Tape& tape, const Value& x) const override {
    const Index batch = x.shape()[0];
    Tensor y(x.shape());
    for (Index i = 0; i < y.size(); ++i) y.mutable_data()[i] = x.tensor().data()[i] * weight_.tensor().data()[i % 3];
    float largest = -100;
    for (const float value : x.tensor().values()) largest = value > largest ? value : largest;  // passes over NaN
    switch (fault_) {
      case Fault::adds_the_next_sample:
        for (Index i = 0; i < y.size(); ++i) y.mutable_data()[i] += 1e-3F * x.tensor().data()[(i + 3) % (3 * batch)];
        break;
      case Fault::adds_the_batch_maximum:
        for (float& value : y.mutable_values()) value += largest;
        break;
      case Fault::makes_a_constant_of_the_batch:
        return add(tape, x, tape.shared(Tensor::filled({3}, x.tensor().data()[3])));
      case Fault::starts_anew: {
        std::reverse(y.mutable_values().begin(), y.mutable_values().end());
        return tape.sample(y);
      }
      case Fault::depends_on_the_batch:
        if (largest > 3) return relu(tape, x);
        break;
      case Fault::forgets_its_weight:
        if (largest > 3) return x;
        break;
      case Fault::none:
      case Fault::mixes_gradients:
      case Fault::mixes_gradients_of_the_weight:
        break;
    }
    return tape.record_trusted(place(), {x}, {weight_}, std::move(y), [this, x](const Tensor& dy, Cotangents& send) {
      send.to(x, [&] { return gradient(dy, weight_.tensor(), fault_ == Fault::mixes_gradients); });
      send.to(weight_, [&] {
        return PerSampleGrad::dense(gradient(dy, x.tensor(), fault_ == Fault::mixes_gradients_of_the_weight));
      });
    });
  }

  Shape output_shape(const Shape& sample) const override { return sample; }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override {
    into.push_back({prefix + "weight", &weight_});
  }
  std::string type() const override { return "Faulty"; }

 private:
  static Tensor gradient(const Tensor& dy, const Tensor& factor, bool mixes) {
    Tensor result(dy.shape());
    for (Index i = 0; i < dy.size(); ++i) result.mutable_data()[i] = dy.data()[i] * factor.data()[i % factor.size()];
    if (mixes) result.mutable_data()[0] += result.data()[3];
    return result;
  }

  Fault fault_;
  Parameter weight_;
};

void try_model(Sequential& model, const Shape& input, const LossOptions& loss) {
  require_samples_apart(model, row_schema(model, input, loss));
}

std::string message_for(Fault fault) {
  Rng rng = fixed_rng();
  Sequential model;
  model.add(std::make_unique<Linear>(Linear::Options{.in = 3, .out = 3}, rng));
  model.add(std::make_unique<Faulty>(fault), "odd");
  model.add(std::make_unique<Linear>(Linear::Options{.in = 3, .out = 2}, rng));
  return message_of<SampleMixingError>([&] { try_model(model, {3}, Loss::mean_squared_error); });
}

TEST(SampleMixing, NamesTheLayerThatMixes) {
  const auto expect_told = [](Fault fault, const std::string& beginning) {
    const std::string said = message_for(fault);
    EXPECT_TRUE(said.starts_with(beginning + " when the numbers of another sample do")) << beginning << "\n" << said;
  };
  expect_told(Fault::adds_the_next_sample, "Faulty \"odd\": a sample's values change");
  expect_told(Fault::adds_the_batch_maximum, "Faulty \"odd\": a sample's values change");
  expect_told(Fault::makes_a_constant_of_the_batch, "constant: what is shared by all samples changes");
  expect_told(Fault::starts_anew, "input: a sample's values change");
  expect_told(Fault::mixes_gradients, "Linear \"0\": the gradient of a sample's values changes");
  expect_told(Fault::mixes_gradients_of_the_weight, "the weight odd.weight: a sample's gradient changes");
  EXPECT_NE(message_for(Fault::forgets_its_weight).find("computed changes"), std::string::npos);
  expect_told(Fault::depends_on_the_batch, "relu: what is computed changes");
}

TEST(SampleMixing, RightModelsPass) {
  Rng rng = fixed_rng();
  Sequential plain;
  plain.add(std::make_unique<Faulty>(Fault::none));
  EXPECT_NO_THROW(try_model(plain, {3}, Loss::huber));
  Sequential images;
  images.add(std::make_unique<MaxPool2d>(PoolOptions{.kernel = 2}));
  images.add(std::make_unique<Dropout>(Dropout::Options{.probability = 0.5}));
  images.add(std::make_unique<Flatten>());
  images.add(std::make_unique<Linear>(Linear::Options{.in = 12, .out = 4}, rng));
  EXPECT_NO_THROW(try_model(images, {4, 4, 3}, Loss::cross_entropy));
  EXPECT_NO_THROW(try_model(images, {4, 4, 3}, Loss::binary_cross_entropy));

  // Indices that a layer before hands on, and of which there is one alone.
  for (const Index vocabulary : {1, 5}) {
    Sequential words;
    words.add(std::make_unique<Flatten>());
    words.add(std::make_unique<Embedding>(Embedding::Options{.vocabulary = vocabulary, .features = 3}, rng));
    words.add(std::make_unique<Tanh>());
    EXPECT_NO_THROW(try_model(words, {2, 2}, Loss::cosine));
  }
}

}  // namespace
}  // namespace dpml
