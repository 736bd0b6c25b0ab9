#include "dpml/audit/neighbours.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dpml/base/error.h"
#include "dpml/data/tensor_dataset.h"
#include "dpml/train/trainer.h"
#include "neighbour_models.h"

namespace dpml {

namespace {

constexpr double kPublicSize = 64;  // a power of two, so that nothing is rounded when it divides

/// Records of one model; the last one is what the larger data set has more.
struct Records {
  Tensor inputs;   // [N + 1, input...]
  Tensor targets;  // [N + 1] or [N + 1, target...]
  std::string text;

  TensorDataset first(Index rows) const { return {NumericArray(inputs.rows(0, rows)), targets.rows(0, rows)}; }
};

float rough(Rng& rng, int exponents) {
  const double size = std::ldexp(
      1 + rng.uniform(), static_cast<int>(rng.below(static_cast<std::uint64_t>(2 * exponents + 1))) - exponents);
  return static_cast<float>(rng.below(2) == 0 ? size : -size);
}

std::span<float> row_of(Tensor& x, Index row) {
  const Index size = x.shape().without_front().size();
  return {x.mutable_data() + row * size, static_cast<std::size_t>(size)};
}

void draw_row(const NeighbourModel& model, Rng& rng, int exponents, Records& records, Index row) {
  for (float& number : row_of(records.inputs, row)) {
    number = model.vocabulary > 0 ? static_cast<float>(rng.below(static_cast<std::uint64_t>(model.vocabulary)))
                                  : rough(rng, exponents);
  }
  for (float& number : row_of(records.targets, row)) {
    switch (model.loss) {
      case Loss::cross_entropy:
        number = static_cast<float>(rng.below(static_cast<std::uint64_t>(model.classes)));
        break;
      case Loss::binary_cross_entropy:
        number = static_cast<float>(rng.below(2));
        break;
      case Loss::mean_squared_error:
      case Loss::huber:
      case Loss::cosine:
        number = rough(rng, exponents);
        break;
    }
  }
}

/// Rows whose first hidden number is 0 but for rounding: one rounding more or less turns their gradients round, by a
/// kink of the model or by the sign of the error.
bool put_on_a_kink(const NeighbourModel& model, Rng& rng, Records& records, Index rows) {
  if (model.vocabulary > 0 || model.input.rank() != 1 || model.input[0] < 2) return false;
  const Tensor& weight = named_parameters(*model.layers)[0].parameter->tensor();
  const auto last = static_cast<std::size_t>(model.input[0] - 1);
  const float target = rng.below(2) == 0 ? 0.0F : 1e3F;
  for (Index row = 0; row < rows; ++row) {
    const std::span<float> x = row_of(records.inputs, row);
    double sum = 0;
    for (std::size_t i = 0; i < last; ++i) {
      x[i] = static_cast<float>(rng.gaussian() * std::pow(10.0, rng.uniform(0, 3)));
      sum += static_cast<double>(x[i]) * static_cast<double>(weight.data()[i]);
    }
    x[last] = static_cast<float>(-sum / static_cast<double>(weight.data()[last]));
    if (!predicts_classes(model.loss)) std::ranges::fill(row_of(records.targets, row), target);
  }
  return true;
}

/// Two positions with equal inputs and opposite errors.
bool make_positions_cancel(const NeighbourModel& model, Rng& rng, Records& records, Index row) {
  if (predicts_classes(model.loss) || model.target.rank() != 2 || model.target[0] < 2) return false;
  const std::span<float> x = row_of(records.inputs, row);
  const std::span<float> target = row_of(records.targets, row);
  const std::size_t in = x.size() / static_cast<std::size_t>(model.input[0]);
  const std::size_t out = target.size() / static_cast<std::size_t>(model.target[0]);
  std::copy_n(x.begin(), in, x.begin() + static_cast<std::ptrdiff_t>(in));
  const float large = std::ldexp(1.0F, static_cast<int>(rng.below(60)));
  for (std::size_t i = 0; i < out; ++i) {
    target[i] = large;
    target[out + i] = -large;
  }
  return true;
}

void make_last_record(const NeighbourModel& model, Rng& rng, Records& records, Index row) {
  const std::span<float> x = row_of(records.inputs, row);
  const auto fill = [&](float value, const char* text) {
    if (model.vocabulary == 0) std::ranges::fill(x, value);
    records.text += std::string(", one more of ") + text;
  };
  switch (rng.below(9)) {
    case 0:
      return fill(0, "zeros");
    case 1:
      return fill(1e30F, "1e30");
    case 2:
      return fill(std::numeric_limits<float>::max(), "the largest float");
    case 3:
      return fill(std::numeric_limits<float>::denorm_min(), "the smallest float");
    case 4:
      return fill(std::numeric_limits<float>::quiet_NaN(), "NaN");
    case 5:
      return fill(std::numeric_limits<float>::infinity(), "infinity");
    case 6:
      if (row > 0) std::ranges::copy(row_of(records.inputs, 0), x.begin());
      records.text += ", one more like the first";
      return;
    case 7:
      if (make_positions_cancel(model, rng, records, row)) {
        records.text += ", one more whose positions undo each other";
        return;
      }
      [[fallthrough]];
    default:
      records.text += ", one more at random";
  }
}

Records random_records(const NeighbourModel& model, Rng& rng, Index rows) {
  const Shape target = takes_class_indices(model.loss) ? Shape{} : model.target;
  Records records{Tensor(model.input.with_front(rows + 1)), Tensor(target.with_front(rows + 1)), ""};
  const int exponents = rng.below(4) == 0 ? 40 : 4;
  for (Index row = 0; row <= rows; ++row) draw_row(model, rng, exponents, records, row);
  const std::uint64_t kind = rng.below(4);
  if (kind <= 1 && put_on_a_kink(model, rng, records, rows)) {
    records.text = "rows on a kink";
  } else if (kind == 2 && rows > 0 && make_positions_cancel(model, rng, records, 0)) {
    for (Index row = 1; row < rows; ++row) make_positions_cancel(model, rng, records, row);
    records.text = "rows whose positions undo each other";
  } else {
    records.text = exponents > 4 ? "rows of all sizes" : "random rows";
  }
  make_last_record(model, rng, records, rows);
  return records;
}

using Weights = std::vector<std::vector<float>>;

Weights weights_of(Layer& model) {
  Weights weights;
  for (const NamedParameter& named : named_parameters(model)) {
    const std::span<const float> values = named.parameter->tensor().values();
    weights.emplace_back(values.begin(), values.end());
  }
  return weights;
}

/// How both data sets are trained on; only physical batch and threads differ.
struct Setting {
  double clip_bound = 1;
  std::uint64_t seed = 1;
  double learning_rate = 1;
};

/// Minus the sum of clipped gradients, one number after another, as one step leaves it in the weights.
std::vector<double> clipped_sum(const NeighbourModel& model, const Weights& start, const Dataset& data,
                                const Setting& setting, Rng& rng) {
  const std::vector<NamedParameter> parameters = named_parameters(*model.layers);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    std::copy(start[i].begin(), start[i].end(), parameters[i].parameter->mutable_data());
  }
  const TrainingPlan plan({.unit = "one record",
                           .neighbours = Neighbours::add_or_remove_one,
                           .sampler = SamplerKind::full_batch,
                           .sampling_rate = 1,
                           .expected_batch_size = kPublicSize,
                           .steps = 1,
                           .clip_bound = setting.clip_bound,
                           .delta = 1e-5,
                           .noise_multiplier = 0.0,
                           .seed = setting.seed});
  TrainingOptions options{.loss = model.loss};
  options.optimizer.learning_rate = setting.learning_rate;
  options.threads = static_cast<int>(1 + rng.below(3));
  options.physical_batch = static_cast<Index>(rng.below(3) == 0 ? 0 : 1 + rng.below(rng.below(2) == 0 ? 4 : 100));
  Trainer trainer(*model.layers, data, plan, options);
  trainer.step();
  std::vector<double> sum;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::span<const float> after = parameters[i].parameter->tensor().values();
    for (std::size_t j = 0; j < after.size(); ++j) {
      sum.push_back((static_cast<double>(after[j]) - static_cast<double>(start[i][j])) / setting.learning_rate *
                    kPublicSize);
    }
  }
  return sum;
}

double length(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}

NeighbourTrial run_trial(std::uint64_t seed, std::uint64_t number) {
  Rng rng(Key::from_seed(seed), Purpose::data, number);
  const NeighbourModel model = random_neighbour_model(rng);
  constexpr Index kRows[] = {0, 1, 2, 7, 15, 16, 31, 32, 63, 64, 127, 128, 129, 200, 300};
  NeighbourTrial trial{.model = model.name, .records = "", .rows = kRows[rng.below(std::size(kRows))]};
  const Records records = random_records(model, rng, trial.rows);
  trial.records = records.text;

  Setting setting;
  setting.clip_bound = std::pow(10.0, rng.uniform(-3, 3));
  setting.seed = rng.below(std::uint64_t{1} << 40);
  const Weights start = weights_of(*model.layers);
  double largest = 0;
  for (const std::vector<float>& weight : start) {
    for (const float value : weight) largest = std::max(largest, static_cast<double>(std::abs(value)));
  }
  // So large a power of two that what a step adds is far above the weights: then they hold it to the last bits of
  // float32.
  setting.learning_rate = std::ldexp(1.0, 12 + std::ilogb(kPublicSize * (1 + largest) / setting.clip_bound));
  const std::vector<double> without = clipped_sum(model, start, records.first(trial.rows), setting, rng);
  const std::vector<double> with = clipped_sum(model, start, records.first(trial.rows + 1), setting, rng);

  std::vector<double> difference(with.size());
  std::transform(with.begin(), with.end(), without.begin(), difference.begin(), std::minus<>());
  trial.moved = length(difference) / setting.clip_bound;
  trial.reading = 3 * 0x1p-24 * (length(with) + length(without)) / setting.clip_bound;
  return trial;
}

}  // namespace

NeighbourReport test_neighbours(const NeighbourOptions& options,
                                const std::function<void(const NeighbourTrial&)>& on_trial) {
  if (options.trials <= 0) throw ConfigError("trials is " + std::to_string(options.trials) + ", expected 1 or more");
  NeighbourReport report;
  for (int i = 0; i < options.trials; ++i) {
    const NeighbourTrial trial = run_trial(options.seed, static_cast<std::uint64_t>(i));
    ++report.trials;
    if (!trial.holds()) ++report.failed;
    if (i == 0 || !(trial.moved <= report.worst.moved)) report.worst = trial;
    if (on_trial) on_trial(trial);
  }
  return report;
}

}  // namespace dpml
