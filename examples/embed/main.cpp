// A program of its own that trains a small private model through the installed library and writes it to a file that
// `dpml audit` judges.
// usage: embed [FILE]    where the model goes; model.h5 when left out

#include <dpml/dpml.h>

#include <iostream>
#include <memory>
#include <string>

int main(int argc, char** argv) {
  // 2,000 points in the plane; the label says whether a point lies above the diagonal.
  dpml::Rng random(dpml::Key::from_seed(1), dpml::Purpose::data);
  dpml::Tensor points(dpml::Shape{2000, 2});
  dpml::Tensor labels(dpml::Shape{2000});
  for (float& number : points.mutable_values()) number = static_cast<float>(random.uniform(-1, 1));
  for (dpml::Index i = 0; i < 2000; ++i) labels.mutable_data()[i] = points.data()[2 * i] < points.data()[2 * i + 1];
  const dpml::TensorDataset data(points, labels);

  dpml::Rng init(dpml::Key::secure(), dpml::Purpose::initialisation);
  dpml::Sequential model;
  model.add(std::make_unique<dpml::Linear>(dpml::Linear::Options{.in = 2, .out = 16}, init));
  model.add(std::make_unique<dpml::Tanh>());
  model.add(std::make_unique<dpml::Linear>(dpml::Linear::Options{.in = 16, .out = 2}, init));

  // Every number that decides privacy is stated; the noise follows from them.
  const dpml::TrainingPlan plan({.unit = "one point",
                                 .neighbours = dpml::Neighbours::add_or_remove_one,
                                 .sampler = dpml::SamplerKind::poisson,
                                 .sampling_rate = 0.05,
                                 .expected_batch_size = 100,
                                 .steps = 200,
                                 .clip_bound = 1.0,
                                 .delta = 1e-5,
                                 .target_epsilon = 2.0,
                                 .public_size = 2000,
                                 .initial_weights = dpml::InitialWeights::random});
  dpml::Trainer trainer(model, data, plan, {.optimizer = {.learning_rate = 0.5, .momentum = 0.9}});
  while (trainer.step()) {
  }
  const std::string file = argc > 1 ? argv[1] : "model.h5";
  trainer.write_model(file, {.program = "dpml embed example 1.0"});  // `dpml audit FILE` judges it

  const dpml::Evaluation evaluation = dpml::evaluate(model, data, dpml::Loss::cross_entropy, 0);
  std::cout << "epsilon " << plan.guarantee(trainer.ledger()).epsilon << " at delta 1e-5, accuracy "
            << *evaluation.accuracy << "\n";
}
