#include "subject.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "dpml/base/error.h"

namespace dpml::testing {

namespace {

constexpr double kGapAtZero = 0.1;       // kinks are most often there
constexpr std::uint64_t kFirstId = 900;  // ids are names, not places
constexpr std::uint64_t kMaskKey = 7;

float away_from_zero(double value) {
  return static_cast<float>(value < 0 ? value - kGapAtZero : value + kGapAtZero);
}

/// Distinct numbers, evenly spread, in random order; each sample has a centre and a width of its own.
void draw_numbers(Rng& rng, std::span<float> sample) {
  const double step = 2 / static_cast<double>(std::max<std::size_t>(sample.size(), 1));
  const double centre = rng.uniform(-0.3, 0.3);
  const double width = rng.uniform(0.7, 1.3);
  for (std::size_t i = 0; i < sample.size(); ++i) {
    sample[i] = away_from_zero(width * (centre - 1 + step * (static_cast<double>(i) + 0.5)));
  }
  for (std::size_t i = sample.size(); i > 1; --i) std::swap(sample[i - 1], sample[rng.below(i)]);
}

Tensor draw_weights(Rng& rng, const Shape& shape) {
  Tensor c(shape);
  for (float& value : c.mutable_values()) value = away_from_zero(rng.uniform(-1.4, 1.4));
  return c;
}

Key key_of(const LayerCheckOptions& options) {
  return Key::from_seed(options.seed);
}

}  // namespace

Batch Batch::sample(Index b) const {
  return {x.rows(b, b + 1).clone(), c.rows(b, b + 1).clone(), {ids[static_cast<std::size_t>(b)]}};
}

Batch Batch::first(Index count) const {
  return {x.rows(0, count), c.rows(0, count), {ids.begin(), ids.begin() + count}};
}

Batch Batch::with_c(Tensor other) const {
  return {x, std::move(other), ids};
}

Subject::Subject(const LayerMaker& make, const Shape& sample, const LayerCheckOptions& options)
    : options_(options), sample_shape_(sample), data_(key_of(options), Purpose::data) {
  Rng init(key_of(options), Purpose::initialisation);
  layer_ = make(init);
  parameters_ = named_parameters(*layer_);
  for (const NamedParameter& named : parameters_) {
    Tensor moved = named.parameter->tensor().clone();
    for (float& value : moved.mutable_values()) value += static_cast<float>(data_.uniform(-0.25, 0.25));
    named.parameter->set(moved);
  }
}

Tensor Subject::draw_input(Index batch) {
  Tensor x(sample_shape_.with_front(batch));
  if (options_.vocabulary > 0) {
    for (float& value : x.mutable_values()) {
      value = static_cast<float>(data_.below(static_cast<std::uint64_t>(options_.vocabulary)));
    }
    return x;
  }
  const auto size = static_cast<std::size_t>(sample_shape_.size());
  for (std::size_t b = 0; b < static_cast<std::size_t>(batch); ++b) {
    draw_numbers(data_, x.mutable_values().subspan(b * size, size));
  }
  return x;
}

Batch Subject::draw(Index batch) {
  Batch drawn;
  drawn.x = draw_input(batch);
  drawn.c = draw_weights(data_, layer_->output_shape(sample_shape_).with_front(batch));
  for (Index b = 0; b < batch; ++b) drawn.ids.push_back(kFirstId + static_cast<std::uint64_t>(b * b));
  return drawn;
}

Tape::Options Subject::tape_options(const Batch& batch) const {
  Tape::Options options;
  options.training = options_.training;
  options.sample_ids = batch.ids;
  options.mask_key = kMaskKey;
  return options;
}

Tensor Subject::result(const Batch& batch) const {
  Tape::Options options = tape_options(batch);
  options.gradients = false;
  Tape tape(options);
  return layer_->forward(tape, tape.sample(batch.x)).tensor();
}

Recording::Recording(const Subject& subject, const Batch& batch, std::uint64_t first_mask)
    : subject_(subject),
      batch_(batch.size()),
      tape_(subject.tape_options(batch)),
      gradients_(subject.parameters().size()) {
  while (first_mask-- > 0) tape_.next_mask_index();
}

Value Recording::input(const Tensor& x) {
  // A tape keeps gradients of parameters only, so the input passes a parameter that gets the input's gradient.
  const Parameter& probe = probes_.emplace_back("input", Tensor::zeros(x.shape().without_front()));
  input_gradients_.push_back(Tensor::zeros(x.shape()));
  const Value plain = plain_input(x);
  return tape_.record_trusted("input", {plain}, {probe}, x, [&probe](const Tensor& dy, Cotangents& send) {
    send.to(probe, [&] { return PerSampleGrad::dense(dy); });
  });
}

Value Recording::apply(const Value& x) {
  Value y = subject_.layer().forward(tape_, x);
  if (y.kind() != Kind::sample) throw Error("the result is a shared value; expected one row for each sample");
  return y;
}

void Recording::backward(std::initializer_list<Result> results) {
  Value total = tape_.sample(Tensor::zeros(Shape{batch_}));
  for (const Result& result : results) {
    // The loss itself is not needed, only its gradient c.
    total = tape_.record_trusted("loss", {total, result.y}, {}, Tensor::zeros(Shape{batch_}),
                                 [total, result](const Tensor& dy, Cotangents& send) {
                                   send.to(total, [&] { return dy; });
                                   send.to(result.y, [&] { return result.c; });
                                 });
  }
  tape_.backward(total, *this);
}

void Recording::accept(const Parameter& parameter, PerSampleGrad gradient) {
  if (gradient.batch() != batch_) {
    throw Error("the gradient of \"" + parameter.name() + "\" has " + std::to_string(gradient.batch()) +
                " samples, the batch " + std::to_string(batch_));
  }
  for (std::size_t k = 0; k < probes_.size(); ++k) {
    if (&probes_[k] == &parameter) {
      input_gradients_[k] = gradient.to_dense();
      return;
    }
  }
  for (std::size_t i = 0; i < gradients_.size(); ++i) {
    if (subject_.parameters()[i].parameter != &parameter) continue;
    if (!parameter.trainable()) throw Error("the frozen parameter \"" + parameter.name() + "\" received a gradient");
    gradients_[i] = std::move(gradient);
    return;
  }
  throw Error("a gradient came for \"" + parameter.name() + "\", which collect_parameters does not name");
}

Tensor Recording::dense_gradient(std::size_t parameter) const {
  const std::optional<PerSampleGrad>& gradient = gradients_[parameter];
  if (gradient) return gradient->to_dense();
  return Tensor::zeros(subject_.parameters()[parameter].parameter->shape().with_front(batch_));
}

Pass::Pass(const Subject& subject, const Batch& batch, std::uint64_t first_mask)
    : recording(subject, batch, first_mask) {
  const Value result = recording.apply(recording.input(batch.x));
  y = result.tensor();
  masks = recording.masks_used();
  recording.backward({{result, batch.c}});
}

}  // namespace dpml::testing
