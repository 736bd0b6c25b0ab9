#include "gaussian_sum.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"
#include "dpml/dpsgd/sample_groups.h"

namespace dpml {

namespace {

/// Adds numbers, rounded to the grid, to `total`, which begins with them unless it goes on.
template <class Number>
void add_rounded(const Number* from, const Grid& grid, std::span<double> total, bool goes_on = true) {
  vectorised([=] {
    for (std::size_t j = 0; j < total.size(); ++j) {
      total[j] = (goes_on ? total[j] : 0.0) + grid.rounded(static_cast<double>(from[j]));
    }
  });
}

}  // namespace

Grid::Grid(double clip_bound, std::size_t parameters) {
  if (std::isinf(clip_bound)) return;
  const double enough = 12 + std::ceil(std::log2(1.5 * std::sqrt(static_cast<double>(parameters))));
  const int bits = std::max(26, static_cast<int>(enough));
  const int step = std::ilogb(clip_bound) - bits;
  shift_ = std::ldexp(1.5, step + 52);
  // A number of a sum is shorter than samples * C < samples * 2^(bits + 1) steps; doubles hold 2^53 of them.
  most_samples_ = std::ldexp(1.0, 52 - bits);
}

GaussianSum::GaussianSum(double clip_bound, std::vector<std::size_t> offsets, int lanes)
    : grid_(clip_bound, offsets.back()), offsets_(std::move(offsets)), lanes_(static_cast<std::size_t>(lanes)) {
  for (Lane& lane : lanes_) lane.group.resize(offsets_.back());
}

double GaussianSum::samples() const {
  double samples = 0;
  for (const Lane& lane : lanes_) samples += lane.samples;
  return samples;
}

void GaussianSum::begin_group(int lane_number) {
  Lane& lane = lanes_.at(static_cast<std::size_t>(lane_number));
  if (!lane.has_group) return;
  lane.total.resize(lane.group.size());  // a lane that takes one group only never needs it
  add_rounded(lane.group.data(), grid_, lane.total, lane.has_total);
  lane.has_group = false;
  lane.has_total = true;
  lane.group_samples = 0;
}

void GaussianSum::require_room(int lane_number, Index samples) const {
  const Index all = lanes_.at(static_cast<std::size_t>(lane_number)).group_samples + samples;
  if (all <= SampleGroups::kLargest) return;
  throw PrivacyError("a group of " + std::to_string(all) + " samples; its float sums are bounded for at most " +
                     std::to_string(SampleGroups::kLargest) + ". Begin another group");
}

GaussianSum::Lane& GaussianSum::begin_adding(int lane_number, Index samples) {
  Lane& lane = lanes_.at(static_cast<std::size_t>(lane_number));
  if (!lane.has_group) lane.is_begun.assign(offsets_.size() - 1, false);
  lane.has_group = true;
  lane.group_samples += samples;
  lane.samples += static_cast<double>(samples);
  return lane;
}

void GaussianSum::add_one(Lane& lane, const PlacedGradient& it, std::span<const float> weights) const {
  float* into = lane.group.data() + offsets_[it.place];
  if (lane.is_begun[it.place]) {
    it.gradient.add_weighted_sum(weights, into);
  } else {
    it.gradient.write_weighted_sum(weights, into);
  }
  lane.is_begun[it.place] = true;
}

void GaussianSum::fill_rest(Lane& lane) const {
  for (std::size_t place = 0; place < lane.is_begun.size(); ++place) {
    if (lane.is_begun[place]) continue;
    std::fill(lane.group.begin() + static_cast<std::ptrdiff_t>(offsets_[place]),
              lane.group.begin() + static_cast<std::ptrdiff_t>(offsets_[place + 1]), 0.0F);
    lane.is_begun[place] = true;
  }
}

void GaussianSum::add_lanes(std::size_t from, std::span<double> total) const {
  for (const Lane& lane : lanes_) {
    if (lane.has_total) add_rounded(lane.total.data() + from, Grid(), total);
    if (lane.has_group) add_rounded(lane.group.data() + from, grid_, total);
  }
}

void GaussianSum::clear() {
  for (Lane& lane : lanes_) {
    lane.has_group = lane.has_total = false;
    lane.group_samples = 0;
    lane.samples = 0;
  }
}

}  // namespace dpml
