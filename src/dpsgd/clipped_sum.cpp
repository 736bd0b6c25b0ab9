#include "dpml/dpsgd/clipped_sum.h"

#include <algorithm>
#include <string>

#include "contents.h"
#include "dpml/base/cases.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

std::variant<GaussianSum> sum_for(const Mechanism& mechanism, const ClipRule& rule, std::vector<std::size_t> offsets,
                                  int lanes) {
  return std::visit(Cases{[&](const GaussianMechanism& gaussian) {
                      if (rule.sensitivity() != gaussian.clip_bound()) {
                        throw PrivacyError("sums are clipped to " + to_text(rule.sensitivity()) +
                                           " but the noise is made for " + to_text(gaussian.clip_bound()));
                      }
                      return GaussianSum(rule.sensitivity(), std::move(offsets), lanes);
                    }},
                    mechanism);
}

}  // namespace

/// Gathers what a backward pass sends, in the form in which this sum wants it.
class ClippedSum::Collector : public GradientSink {
 public:
  Collector(const SumMemory::Contents& contents, std::vector<PlacedGradient>& into)
      : contents_(contents), into_(into) {}

  void accept(const Parameter& parameter, PerSampleGrad gradient) override {
    const auto found = std::find(contents_.parameters.begin(), contents_.parameters.end(), &parameter);
    if (found == contents_.parameters.end()) {
      throw PrivacyError("parameter \"" + parameter.name() +
                         "\" got a gradient but is not among the parameters of this " +
                         "training step; it would be trained without clipping and noise");
    }
    if (contents_.rule.needs_norms()) gradient = std::move(gradient).in_smaller_form();
    into_.push_back({static_cast<std::size_t>(found - contents_.parameters.begin()), std::move(gradient)});
  }

 private:
  const SumMemory::Contents& contents_;
  std::vector<PlacedGradient>& into_;
};

SumMemory::SumMemory(const Mechanism& mechanism, const ClipRule& rule, std::span<Parameter* const> parameters,
                     int lanes) {
  if (lanes < 1) throw ConfigError("a clipped sum needs 1 lane or more, got " + std::to_string(lanes));
  std::vector<const Parameter*> trained;
  std::vector<std::size_t> offsets{0};
  for (const Parameter* parameter : parameters) {
    if (!parameter->trainable()) continue;
    trained.push_back(parameter);
    offsets.push_back(offsets.back() + static_cast<std::size_t>(parameter->size()));
  }
  if (trained.empty()) throw ConfigError("the model has no trainable parameter");
  contents_ =
      std::make_shared<Contents>(Contents{.rule = rule,
                                          .parameters = std::move(trained),
                                          .sum = sum_for(mechanism, rule, std::move(offsets), lanes),
                                          .scratch = std::vector<Contents::Scratch>(static_cast<std::size_t>(lanes)),
                                          .is_taken = false});
}

SumMemory::~SumMemory() = default;
SumMemory::SumMemory(SumMemory&&) noexcept = default;

ClippedSum SumMemory::begin() {
  if (contents_->is_taken) throw InternalError("a sum is begun while another one lives in the same memory");
  return ClippedSum(contents_);
}

ClippedSum::ClippedSum(std::shared_ptr<SumMemory::Contents> contents) : contents_(std::move(contents)) {
  contents_->is_taken = true;
}

ClippedSum::ClippedSum(ClippedSum&& other) noexcept = default;

ClippedSum::~ClippedSum() {
  if (!contents_) return;
  std::visit([](auto& sum) { sum.clear(); }, contents_->sum);
  for (SumMemory::Contents::Scratch& scratch : contents_->scratch) scratch.gradients.clear();
  contents_->is_taken = false;
}

SumMemory::Contents& ClippedSum::contents() const {
  if (!contents_) throw PrivacyError("a clipped sum is used that was released, or moved away, before");
  return *contents_;
}

int ClippedSum::lanes() const {
  return std::visit([](const auto& sum) { return sum.lanes(); }, contents().sum);
}

double ClippedSum::sensitivity() const {
  return contents().rule.sensitivity();
}

void ClippedSum::begin_group(int lane) {
  std::visit([=](auto& sum) { sum.begin_group(lane); }, contents().sum);
}

void ClippedSum::add(int lane, Tape& tape, const Value& losses) {
  SumMemory::Contents& all = contents();
  std::vector<PlacedGradient>& gradients = all.scratch.at(static_cast<std::size_t>(lane)).gradients;
  gradients.clear();
  Collector collector(all, gradients);
  tape.backward(losses, collector);
  all.add_clipped(lane, losses.shape()[0]);
}

void ClippedSum::add(int lane, std::vector<PerSampleGrad> gradients) {
  SumMemory::Contents& all = contents();
  if (gradients.size() != all.parameters.size()) {
    throw ShapeError("expected " + std::to_string(all.parameters.size()) +
                     " per-sample gradients, one for each trainable parameter, got " +
                     std::to_string(gradients.size()));
  }
  std::vector<PlacedGradient>& placed = all.scratch.at(static_cast<std::size_t>(lane)).gradients;
  placed.clear();
  const Index batch = gradients[0].batch();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].parameter_shape() != all.parameters[i]->shape() || gradients[i].batch() != batch) {
      throw ShapeError("the gradient for \"" + all.parameters[i]->name() + "\" does not fit its shape or batch");
    }
    placed.push_back({i, std::move(gradients[i])});
  }
  all.add_clipped(lane, batch);
}

void SumMemory::Contents::add_clipped(int lane, Index samples) {
  Scratch& own = scratch[static_cast<std::size_t>(lane)];
  if (samples > 0) {
    std::visit([=](const auto& it) { it.require_room(lane, samples); }, sum);
    const auto count = static_cast<std::size_t>(samples);
    own.squared_norms.resize(rule.groups());
    own.weights.resize(rule.groups());
    for (std::vector<double>& norms : own.squared_norms) norms.assign(count, 0.0);
    for (std::vector<float>& weights : own.weights) weights.assign(count, 1.0F);
    if (rule.needs_norms()) {
      for (const PlacedGradient& it : own.gradients)
        it.gradient.add_squared_norms(own.squared_norms[rule.group_of(it.place)]);
      for (std::size_t group = 0; group < rule.groups(); ++group) {
        for (std::size_t b = 0; b < count; ++b) own.weights[group][b] = rule.weight(own.squared_norms[group][b]);
      }
    }
    const auto weights_at = [&](std::size_t place) {
      return std::span<const float>(own.weights[rule.group_of(place)]);
    };
    std::visit([&](auto& it) { it.add(lane, samples, own.gradients, weights_at); }, sum);
  }
  own.gradients.clear();
}

}  // namespace dpml
