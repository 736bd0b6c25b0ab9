#include "dpml/dpsgd/clipped_sum.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "contents.h"
#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"
#include "dpml/dpsgd/sample_groups.h"

namespace dpml {

Grid::Grid(double clip_bound, std::size_t parameters) {
  if (std::isinf(clip_bound)) return;
  const double enough = 12 + std::ceil(std::log2(1.5 * std::sqrt(static_cast<double>(parameters))));
  const int bits = std::max(26, static_cast<int>(enough));
  const int step = std::ilogb(clip_bound) - bits;
  shift_ = std::ldexp(1.5, step + 52);
  // A number of a sum is shorter than samples * C < samples * 2^(bits + 1) steps; doubles hold 2^53 of them.
  most_samples_ = std::ldexp(1.0, 52 - bits);
}

/// Gathers what a backward pass sends, in the form in which this sum wants it.
class ClippedSum::Collector : public GradientSink {
 public:
  Collector(const Contents& contents, Lane& lane) : contents_(contents), lane_(lane) {}

  void accept(const Parameter& parameter, PerSampleGrad gradient) override {
    const auto found = std::find(contents_.parameters.begin(), contents_.parameters.end(), &parameter);
    if (found == contents_.parameters.end()) {
      throw PrivacyError("parameter \"" + parameter.name() +
                         "\" got a gradient but is not among the parameters of this " +
                         "training step; it would be trained without clipping and noise");
    }
    if (contents_.rule.needs_norms()) gradient = std::move(gradient).in_smaller_form();
    lane_.gradients.emplace_back(static_cast<std::size_t>(found - contents_.parameters.begin()), std::move(gradient));
  }

 private:
  const Contents& contents_;
  Lane& lane_;
};

ClippedSum::ClippedSum(const ClipRule& rule, std::span<Parameter* const> parameters, int lanes)
    : contents_(std::make_unique<Contents>(Contents{rule, {}, {}, {0}, {}})) {
  if (lanes < 1) throw ConfigError("a clipped sum needs 1 lane or more, got " + std::to_string(lanes));
  for (const Parameter* parameter : parameters) {
    if (!parameter->trainable()) continue;
    contents_->parameters.push_back(parameter);
    contents_->offsets.push_back(contents_->offsets.back() + static_cast<std::size_t>(parameter->size()));
  }
  if (contents_->parameters.empty()) throw ConfigError("the model has no trainable parameter");
  contents_->grid = Grid(rule.clip_bound(), contents_->offsets.back());
  contents_->lanes.resize(static_cast<std::size_t>(lanes));
  for (Lane& lane : contents_->lanes) {
    lane.group.resize(contents_->offsets.back());
  }
}

ClippedSum::~ClippedSum() = default;

int ClippedSum::lanes() const {
  return static_cast<int>(contents_->lanes.size());
}

double ClippedSum::clip_bound() const {
  return contents_->rule.clip_bound();
}

double ClippedSum::most_samples() const {
  return contents_->grid.most_samples();
}

void ClippedSum::begin_group(int lane_number) {
  Lane& lane = contents_->lanes.at(static_cast<std::size_t>(lane_number));
  if (!lane.has_group) return;
  lane.total.resize(lane.group.size());  // a lane that takes one group only never needs it
  vectorised([grid = contents_->grid, count = lane.group.size(), group = lane.group.data(), total = lane.total.data(),
              has_total = lane.has_total] {
    if (has_total) {
      for (std::size_t i = 0; i < count; ++i) total[i] += grid.rounded(static_cast<double>(group[i]));
    } else {
      for (std::size_t i = 0; i < count; ++i) total[i] = grid.rounded(static_cast<double>(group[i]));
    }
  });
  lane.has_group = false;
  lane.has_total = true;
  lane.group_samples = 0;
}

void ClippedSum::add(int lane_number, Tape& tape, const Value& losses) {
  Lane& lane = contents_->lanes.at(static_cast<std::size_t>(lane_number));
  lane.gradients.clear();
  Collector collector(*contents_, lane);
  tape.backward(losses, collector);
  add_clipped(lane, lane.gradients, losses.shape()[0]);
  lane.gradients.clear();
}

void ClippedSum::add(int lane_number, std::vector<PerSampleGrad> gradients) {
  if (gradients.size() != contents_->parameters.size()) {
    throw ShapeError("expected " + std::to_string(contents_->parameters.size()) +
                     " per-sample gradients, one for each trainable parameter, got " +
                     std::to_string(gradients.size()));
  }
  Lane& lane = contents_->lanes.at(static_cast<std::size_t>(lane_number));
  lane.gradients.clear();
  const Index batch = gradients[0].batch();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].parameter_shape() != contents_->parameters[i]->shape() || gradients[i].batch() != batch) {
      throw ShapeError("the gradient for \"" + contents_->parameters[i]->name() + "\" does not fit its shape or batch");
    }
    lane.gradients.emplace_back(i, std::move(gradients[i]));
  }
  add_clipped(lane, lane.gradients, batch);
  lane.gradients.clear();
}

void ClippedSum::add_clipped(Lane& lane, std::span<const std::pair<std::size_t, PerSampleGrad>> gradients,
                             Index batch) {
  if (batch == 0) return;
  if (lane.group_samples + batch > SampleGroups::kLargest) {
    throw PrivacyError("a group of " + std::to_string(lane.group_samples + batch) + " samples; its float sums are " +
                       "bounded for at most " + std::to_string(SampleGroups::kLargest) + ". Begin another group");
  }
  lane.weights.assign(static_cast<std::size_t>(batch), 1.0F);
  if (contents_->rule.needs_norms()) {
    lane.squared_norms.assign(static_cast<std::size_t>(batch), 0.0);
    for (const auto& [place, gradient] : gradients) gradient.add_squared_norms(lane.squared_norms);
    for (std::size_t b = 0; b < lane.weights.size(); ++b)
      lane.weights[b] = contents_->rule.weight(lane.squared_norms[b]);
  }

  if (!lane.has_group) std::fill(lane.group.begin(), lane.group.end(), 0.0F);
  lane.has_group = true;
  lane.group_samples += batch;
  lane.samples += static_cast<double>(batch);
  for (const auto& [place, gradient] : gradients) {
    gradient.add_weighted_sum(lane.weights, lane.group.data() + contents_->offsets[place]);
  }
}

void ClippedSum::clear() {
  for (Lane& lane : contents_->lanes) {
    lane.has_group = lane.has_total = false;
    lane.group_samples = 0;
    lane.samples = 0;
    lane.gradients.clear();
  }
}

}  // namespace dpml
