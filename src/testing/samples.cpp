#include <algorithm>
#include <limits>

#include "checks.h"
#include "dpml/base/text.h"
#include "numbers.h"

namespace dpml::testing {

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Everything that a pass computes for sample b, under its name.
struct Trace {
  explicit Trace(const Subject& subject, const Batch& batch, Index skipped) : pass(subject, batch), skipped_(skipped) {
    for (std::size_t i = 0; i < subject.parameters().size(); ++i) {
      const std::optional<PerSampleGrad>& gradient = pass.recording.gradient(i);
      if (!gradient) continue;
      const std::string& name = subject.parameters()[i].name;
      add(*gradient, name);
      add(PerSampleGrad(*gradient).in_smaller_form(), name + " (smaller form)");
    }
  }

  struct Part {
    std::string name;
    Tensor dense;
    std::vector<double> norms;
    std::vector<float> sum;  // without the skipped sample
  };

  Pass pass;
  std::vector<Part> parts;

 private:
  void add(const PerSampleGrad& gradient, const std::string& name) {
    const auto batch = static_cast<std::size_t>(gradient.batch());
    Part part{name, gradient.to_dense(), std::vector<double>(batch),
              std::vector<float>(static_cast<std::size_t>(gradient.parameter_shape().size()))};
    gradient.add_squared_norms(part.norms);
    std::vector<float> weights(batch, 0.5F);
    weights[static_cast<std::size_t>(skipped_)] = 0;
    gradient.add_weighted_sum(weights, part.sum.data());
    parts.push_back(std::move(part));
  }

  Index skipped_;
};

/// No bit of another sample than `changed` may differ.
void require_untouched(const Trace& before, const Trace& after, Index changed, const std::string& how, Report& report) {
  const std::string cause = "sample " + std::to_string(changed) + " " + how;
  for (Index b = 0; b < before.pass.y.axis(0); ++b) {
    if (b == changed) continue;
    const std::string where = " of sample " + std::to_string(b) + " changes when " + cause;
    const auto touched = [&](const Tensor& x, const Tensor& y) { return !same_bits(row(x, b), row(y, b)); };
    if (touched(before.pass.y, after.pass.y)) report.add("the output" + where);
    if (touched(before.pass.input_gradient(), after.pass.input_gradient())) report.add("the input gradient" + where);
    for (std::size_t i = 0; i < std::min(before.parts.size(), after.parts.size()); ++i) {
      const Trace::Part& part = before.parts[i];
      const Trace::Part& other = after.parts[i];
      const auto at = static_cast<std::size_t>(b);
      if (touched(part.dense, other.dense)) report.add("the gradient of " + part.name + where);
      if (!same_bits(std::span(&part.norms[at], 1), std::span(&other.norms[at], 1))) {
        report.add("the norm of " + part.name + where);
      }
    }
  }
  for (std::size_t i = 0; i < std::min(before.parts.size(), after.parts.size()); ++i) {
    if (!same_bits(std::span<const float>(before.parts[i].sum), after.parts[i].sum)) {
      report.add("the weighted sum of " + before.parts[i].name + " skips sample " + std::to_string(changed) +
                 " and changes when it " + how);
    }
  }
  if (before.parts.size() != after.parts.size()) report.add("other parameters have gradients when " + cause);
}

void fill_sample(Tensor& x, Index sample, float value) {
  const Index size = x.shape().without_front().size();
  std::fill_n(x.mutable_data() + sample * size, size, value);
}

Batch with_nan(const Subject& subject, const Batch& batch, Index sample) {
  Batch poisoned{batch.x.clone(), batch.c.clone(), batch.ids};
  if (subject.input_has_gradient()) fill_sample(poisoned.x, sample, kNan);
  fill_sample(poisoned.c, sample, kNan);
  return poisoned;
}

Batch with_other(const Batch& batch, const Batch& other, Index sample) {
  Batch changed{batch.x.clone(), batch.c.clone(), batch.ids};
  std::ranges::copy(row(other.x, sample), changed.x.mutable_data() + sample * std::ssize(row(batch.x, sample)));
  std::ranges::copy(row(other.c, sample), changed.c.mutable_data() + sample * std::ssize(row(batch.c, sample)));
  return changed;
}

}  // namespace

void check_empty_batch(Subject& subject, Report& report) {
  const Batch batch = subject.draw(0);
  check_shapes(subject, batch, report);
  const Pass pass(subject, batch);
  for (std::size_t i = 0; i < subject.parameters().size(); ++i) {
    const std::optional<PerSampleGrad>& gradient = pass.recording.gradient(i);
    if (!gradient) continue;
    const std::vector<float> before(static_cast<std::size_t>(gradient->parameter_shape().size()), 3);
    for (const PerSampleGrad& form : {*gradient, PerSampleGrad(*gradient).in_smaller_form()}) {
      std::vector<float> sum = before;
      form.add_squared_norms({});
      form.add_weighted_sum({}, sum.data());
      if (sum != before) report.add("the weighted sum of " + subject.parameters()[i].name + " changes");
    }
  }
}

void check_samples_stay_apart(Subject& subject, const Batch& batch, Report& report) {
  const Batch other = subject.draw(batch.size());
  for (Index changed = 0; changed < batch.size(); ++changed) {
    const Trace before(subject, batch, changed);
    require_untouched(before, Trace(subject, with_nan(subject, batch, changed), changed), changed, "is NaN", report);
    require_untouched(before, Trace(subject, with_other(batch, other, changed), changed), changed,
                      "is replaced by another", report);
  }
}

}  // namespace dpml::testing
