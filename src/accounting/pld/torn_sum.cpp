#include "torn_sum.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "jump_split.h"
#include "numerics/rounding.h"
#include "renyi/divergence_terms.h"

namespace dpml::pld {

namespace {

using numerics::kInfinity;

// Of coarse looks, which decide what is tried and never what is claimed; found with scripts/sweep_accountant.sh.
constexpr std::size_t kRoughClasses = 2;  // of jumps
constexpr std::size_t kMostPhases = 16;   // of sums that are taken apart
constexpr double kMostRoughTerms = 16;    // for which two jumps are looked at, not one
constexpr double kLogTorn = -3.5;         // of the likelihood near epsilon, compared with a normal sum
constexpr double kMostLikelyJumps = 16;   // that are looked at one by one

}  // namespace

numerics::Minimum saddle_point(const CoarsePld& looks, double epsilon) {
  return numerics::minimise_positive(
      [&](double b) { return looks.cumulant(b) - b * epsilon - b * std::log1p(1 / b) - std::log1p(b); });
}

double approximate_log_delta(const CoarsePld& looks, double epsilon, const numerics::Minimum& saddle) {
  const double b = saddle.place;
  const double approximate = looks.cumulant(b) - b * epsilon - std::log(b) - std::log1p(b) -
                             0.5 * std::log(2 * std::numbers::pi * looks.variance(b));
  return std::min(saddle.value, std::max(approximate, saddle.value - 7));
}

TiltedJumps tilted_jumps(const CoarsePld& looks, const std::vector<double>& counts, double threshold, double to,
                         double tilt) {
  TiltedJumps made;
  double square = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const CoarsePld::Moments stays = looks.of_one(i, -kInfinity, threshold, tilt);
    const CoarsePld::Moments jump = looks.of_one(i, threshold, to, tilt);
    if (stays.cumulant == -kInfinity) return {};
    made.mean += counts[i] * stays.mean;
    made.variance += counts[i] * stays.variance;
    if (jump.cumulant == -kInfinity) continue;
    const double often = counts[i] * std::exp(jump.cumulant - stays.cumulant);
    made.log_none -= counts[i] * std::log1p(often / counts[i]);
    made.expected += often;
    made.most += counts[i];
    made.loss += often * jump.mean;
    square += often * (jump.variance + jump.mean * jump.mean);
  }
  if (!(made.expected > 0 && made.expected < kInfinity)) return {};
  made.loss /= made.expected;
  made.variance_of_loss = std::max(0.0, square / made.expected - made.loss * made.loss);
  return made;
}

bool may_jump(const CoarsePld& looks, const std::vector<double>& counts, double epsilon) {
  if (!(epsilon > 0) || counts.size() > kMostPhases || !looks.is_detailed()) return false;
  double jumps = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    jumps += counts[i] * std::exp(looks.of_one(i, jump_threshold(epsilon), kInfinity, 0).cumulant);
  }
  return jumps < 1;
}

bool is_torn(const TiltedJumps& jumps, double epsilon) {
  if (!(jumps.expected > 0)) return false;
  double likeliest = -kInfinity;
  for (double k = 0; k <= std::min(kMostLikelyJumps, jumps.most); ++k) {
    const double distance = epsilon - jumps.mean - k * jumps.loss;
    const double log_normal =
        distance == 0 ? 0 : -0.5 * distance * distance / (jumps.variance + k * jumps.variance_of_loss);
    likeliest = std::max(likeliest, jumps.log_none + k * std::log(jumps.expected) - std::lgamma(k + 1) + log_normal);
  }
  return likeliest < kLogTorn;
}

bool is_torn(const CoarsePld& looks, const std::vector<double>& counts, double epsilon, double tilt) {
  return may_jump(looks, counts, epsilon) &&
         is_torn(tilted_jumps(looks, counts, jump_threshold(epsilon), kInfinity, tilt), epsilon);
}

double rough_log_delta(const CoarsePld& looks, const std::vector<double>& counts, double epsilon) {
  const JumpSplit split = split_at(looks, counts, epsilon, kRoughClasses);
  renyi::LogSum sum;
  for (const std::vector<double>& jumps :
       shares_of_jumps(split, counts, how_many_terms(split, 2) <= kMostRoughTerms ? 2 : 1)) {
    const CoarsePld term = looks_of(looks, split, jumps);
    const numerics::Minimum saddle = saddle_point(term, epsilon);
    sum.add(log_ways(counts, split, jumps) + approximate_log_delta(term, epsilon, saddle));
  }
  return sum.log();
}

}  // namespace dpml::pld
