#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "checks.h"
#include "dpml/base/text.h"
#include "numbers.h"

namespace dpml::testing {

namespace {

constexpr double kStep = 1.0 / 128;
constexpr double kTolerance = 2e-3;
constexpr double kRoundingUnits = 8;
constexpr double kMostUnjudged = 0.75;

std::vector<double> losses(const Subject& subject, const Batch& batch) {
  const Tensor y = subject.result(batch);
  std::vector<double> sums;
  for (Index b = 0; b < batch.size(); ++b) {
    const auto values = row(y, b);
    const auto weights = row(batch.c, b);
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += static_cast<double>(weights[i]) * values[i];
    sums.push_back(sum);
  }
  return sums;
}

/// By how much float32 rounding of y may move a difference quotient.
std::vector<double> rounding_of(const Batch& batch, const Tensor& y) {
  std::vector<double> floors;
  for (Index b = 0; b < batch.size(); ++b) {
    const auto values = row(y, b);
    const auto weights = row(batch.c, b);
    double squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double term = weights[i] * (1 + std::fabs(static_cast<double>(values[i])));
      squares += term * term;
    }
    floors.push_back(kRoundingUnits * std::numeric_limits<float>::epsilon() * std::sqrt(squares) / kStep);
  }
  return floors;
}

/// At most `count` different numbers below `size`.
std::vector<Index> choose(Rng& rng, Index size, Index count) {
  std::vector<Index> all(static_cast<std::size_t>(size));
  std::iota(all.begin(), all.end(), Index{0});
  if (size <= count) return all;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    std::swap(all[i], all[i + rng.below(static_cast<std::uint64_t>(size) - i)]);
  }
  all.resize(static_cast<std::size_t>(count));
  return all;
}

/// A derivative of one sample's loss: what the layer says and what differences say.
struct Comparison {
  Index element;
  Index sample;
  double gradient;
  double difference;  // over [-h, h]
  double unevenness;  // of the four slopes over the quarters of [-h, h]
};

/// Puts one number `step` beside where it was.
using Mover = std::function<void(double step)>;

/// Where the loss is smooth, the slopes of four neighbouring quarters change evenly, and this is of order h^2. One kink
/// that is anywhere within them moves the central difference by no more than it moves this.
double unevenness(const std::array<double, 4>& slopes) {
  const double left = slopes[0] - 2 * slopes[1] + slopes[2];
  const double right = slopes[1] - 2 * slopes[2] + slopes[3];
  return std::max(std::fabs(left), std::fabs(right));
}

void compare(const Subject& subject, const Batch& batch, const Mover& move, Index element, const Tensor& gradient,
             std::vector<Comparison>& into) {
  std::array<std::vector<double>, 5> at;  // -h, -h/2, 0, h/2, h
  for (std::size_t i = 0; i < at.size(); ++i) {
    move((static_cast<double>(i) - 2) * kStep / 2);
    at[i] = losses(subject, batch);
  }
  move(0);
  for (Index sample = 0; sample < batch.size(); ++sample) {
    const auto b = static_cast<std::size_t>(sample);
    std::array<double, 4> slopes{};
    for (std::size_t i = 0; i < slopes.size(); ++i) slopes[i] = (at[i + 1][b] - at[i][b]) / (kStep / 2);
    const float claimed = row(gradient, sample)[static_cast<std::size_t>(element)];
    into.push_back({element, sample, claimed, (at[4][b] - at[0][b]) / (2 * kStep), unevenness(slopes)});
  }
}

double root_mean_square(const std::vector<Comparison>& comparisons, double Comparison::*member) {
  double squares = 0;
  for (const Comparison& comparison : comparisons) squares += comparison.*member * (comparison.*member);
  return comparisons.empty() ? 0 : std::sqrt(squares / static_cast<double>(comparisons.size()));
}

void judge(const std::vector<Comparison>& comparisons, const std::vector<double>& rounding, const std::string& what,
           Report& report) {
  const double common = std::max(root_mean_square(comparisons, &Comparison::gradient),
                                 root_mean_square(comparisons, &Comparison::difference));
  std::size_t unjudged = 0;
  for (const Comparison& c : comparisons) {
    const double size = std::max(std::fabs(c.gradient), std::fabs(c.difference));
    const double tolerance = kTolerance * (size + common) + rounding[static_cast<std::size_t>(c.sample)];
    if (c.unevenness > tolerance) {
      ++unjudged;
    } else if (!(std::fabs(c.gradient - c.difference) <= tolerance)) {
      report.add(what + ", number " + std::to_string(c.element) + " of sample " + std::to_string(c.sample) +
                 ": the gradient is " + to_text(c.gradient) + ", differences give " + to_text(c.difference));
    }
  }
  if (static_cast<double>(unjudged) > kMostUnjudged * static_cast<double>(comparisons.size())) {
    report.add(what + ": " + std::to_string(unjudged) + " of " + std::to_string(comparisons.size()) +
               " derivatives lie too near a kink, or have too few figures, to be judged; choose a smaller shape");
  }
}

void check_input(Subject& subject, const Batch& batch, const Tensor& gradient, const std::vector<double>& rounding,
                 Report& report) {
  const Batch moved{batch.x.clone(), batch.c, batch.ids};
  float* numbers = Tensor(moved.x).mutable_data();
  const Index size = subject.sample_shape().size();
  std::vector<Comparison> comparisons;
  for (const Index element : choose(subject.rng(), size, subject.options().differences)) {
    // In all samples at once: that they do not touch each other is another check's business.
    const Mover move = [&](double step) {
      for (Index at = element; at < batch.x.size(); at += size) {
        numbers[at] = static_cast<float>(batch.x.data()[at] + step);
      }
    };
    compare(subject, moved, move, element, gradient, comparisons);
  }
  judge(comparisons, rounding, "input", report);
}

void check_parameter(Subject& subject, const Batch& batch, const NamedParameter& named, const Tensor& gradient,
                     const std::vector<double>& rounding, Report& report) {
  std::vector<Comparison> comparisons;
  for (const Index element : choose(subject.rng(), named.parameter->size(), subject.options().differences)) {
    float& number = named.parameter->mutable_data()[element];
    const Mover move = [&number, before = number](double step) { number = static_cast<float>(before + step); };
    compare(subject, batch, move, element, gradient, comparisons);
  }
  judge(comparisons, rounding, "parameter \"" + named.name + "\"", report);
}

}  // namespace

void check_differences(Subject& subject, const Batch& batch, Report& report) {
  const Pass pass(subject, batch);
  const std::vector<double> rounding = rounding_of(batch, pass.y);
  if (subject.input_has_gradient()) check_input(subject, batch, pass.input_gradient(), rounding, report);
  for (std::size_t i = 0; i < subject.parameters().size(); ++i) {
    const NamedParameter& named = subject.parameters()[i];
    if (named.parameter->trainable()) {
      check_parameter(subject, batch, named, pass.recording.dense_gradient(i), rounding, report);
    }
  }
}

}  // namespace dpml::testing
