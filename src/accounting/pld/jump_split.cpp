#include "jump_split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "numerics/rounding.h"

namespace dpml::pld {

namespace {

using numerics::kInfinity;

constexpr double kThreshold = 0.7;     // of epsilon: two jumps are rarely needed, and a sum without one is not torn
constexpr std::size_t kMostSplit = 8;  // kinds of releases: each more makes more terms (kMostTerms of jump_plan.cpp)

/// Phases of which a release may jump, the likeliest ones.
std::vector<bool> phases_to_split(const CoarsePld& looks, const std::vector<double>& counts, double threshold) {
  std::vector<std::pair<double, std::size_t>> likely;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double log_mass = looks.of_one(i, threshold, kInfinity, 0).cumulant;
    if (log_mass > -kInfinity) likely.emplace_back(log_mass + std::log(counts[i]), i);
  }
  std::sort(likely.rbegin(), likely.rend());
  if (likely.size() > kMostSplit) likely.resize(kMostSplit);
  std::vector<bool> is_split(counts.size(), false);
  for (const auto& [log_mass, phase] : likely) is_split[phase] = true;
  return is_split;
}

}  // namespace

double jump_threshold(double epsilon) {
  return kThreshold * epsilon;
}

JumpSplit split_at(const CoarsePld& looks, const std::vector<double>& counts, double epsilon, std::size_t classes) {
  JumpSplit split;
  split.is_split = phases_to_split(looks, counts, kThreshold * epsilon);
  if (std::count(split.is_split.begin(), split.is_split.end(), true) > 2) classes = 1;
  for (std::size_t c = classes; c > 0; --c) {
    split.thresholds.push_back(std::ldexp(kThreshold * epsilon, 1 - static_cast<int>(c)));
  }
  return split;
}

double how_many_terms(const JumpSplit& split, double jumps) {
  const auto phases = static_cast<double>(std::count(split.is_split.begin(), split.is_split.end(), true));
  const double kinds = phases * static_cast<double>(split.classes());
  double terms = 1;
  for (double k = 1; k <= jumps; ++k) terms *= (kinds + k) / k;
  return terms;
}

std::vector<std::vector<double>> shares_of_jumps(const JumpSplit& split, const std::vector<double>& counts,
                                                 double most) {
  std::vector<std::vector<double>> all = {std::vector<double>(counts.size() * split.classes(), 0.0)};
  for (std::size_t kind = 0; kind < all[0].size(); ++kind) {
    const std::size_t phase = kind / split.classes();
    if (!split.splits(phase)) continue;
    std::vector<std::vector<double>> more;
    for (const std::vector<double>& one : all) {
      const double left = most - std::accumulate(one.begin(), one.end(), 0.0);
      const auto of_phase = one.begin() + static_cast<std::ptrdiff_t>(phase * split.classes());
      const double taken = std::accumulate(of_phase, of_phase + static_cast<std::ptrdiff_t>(split.classes()), 0.0);
      for (double jumps = 0; jumps <= std::min(left, counts[phase] - taken); ++jumps) {
        more.push_back(one);
        more.back()[kind] = jumps;
      }
    }
    all = std::move(more);
  }
  return all;
}

CoarsePld looks_of(const CoarsePld& looks, const JumpSplit& split, const std::vector<double>& jumps) {
  std::vector<CoarsePld::Jumps> given;
  for (std::size_t kind = 0; kind < jumps.size(); ++kind) {
    const std::size_t c = kind % split.classes();
    if (jumps[kind] > 0) given.push_back({kind / split.classes(), split.from(c), split.to(c), jumps[kind]});
  }
  return looks.given_jumps(split.from(0), split.is_split, given);
}

}  // namespace dpml::pld
