#include "dpml/layers/losses.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/tensor/number_rule.h"
#include "dpml/tensor/reductions.h"
#include "dpml/tensor/vector_math.h"

namespace dpml {

namespace {

void require_samples(const std::string& loss, const Value& prediction) {
  if (prediction.kind() == Kind::sample) return;
  throw ShapeError(loss +
                   ": the prediction is the same for all samples; expected one computed from the samples, [B, ...]");
}

/// [B] and [B, 1] hold the same numbers.
Shape without_single(const Shape& shape) {
  return shape.rank() == 2 && shape[1] == 1 ? shape.without_back() : shape;
}

void require_same_shape(const std::string& loss, const Value& prediction, const Tensor& target) {
  require_samples(loss, prediction);
  if (without_single(prediction.shape()) == without_single(target.shape())) return;
  throw ShapeError(loss + ": the prediction is " + prediction.shape().to_text() + ", the target " +
                   target.shape().to_text() + "; expected the same shape");
}

void require_classes(const Tensor& labels, Index classes, std::optional<Index> ignored) {
  // Which label failed, and where, is the data's business.
  if (!first_breach(WholeNumber{classes, ignored}, labels.values())) return;
  throw Error("cross_entropy: a label is not one of the " + counted(classes, "class", "classes") +
              "; expected whole numbers 0 to " + std::to_string(classes - 1) +
              (ignored ? " or " + std::to_string(*ignored) : "") +
              ". Check the label column, and the model's last layer.");
}

void require_options(const LossOptions& options, Index classes) {
  const std::optional<OptionProblem> problem = problem_of(options, classes);
  if (problem) throw ConfigError(to_text(options.kind) + ": " + problem->option + " " + problem->what);
}

std::span<const float> row_of(const Tensor& x, Index row, Index length) {
  return x.values().subspan(static_cast<std::size_t>(row * length), static_cast<std::size_t>(length));
}

/// The mean over `count` numbers; 0 for none.
double share_of(Index count) {
  return count == 0 ? 0 : 1 / static_cast<double>(count);
}

/// dy[b] times row b of `slope`.
Tensor scaled_rows(const Tensor& dy, const Tensor& slope) {
  Tensor dx(slope.shape());
  const Index row = slope.shape().without_front().size();
  for (Index b = 0; b < dy.size(); ++b) {
    const float factor = dy.data()[b];
    const float* from = slope.data() + b * row;
    float* to = dx.mutable_data() + b * row;
    for (Index i = 0; i < row; ++i) to[i] = factor * from[i];
  }
  return dx;
}

/// Records losses [B] whose derivative by each number of the prediction is known.
Value record_loss(Tape& tape, std::string_view loss, const Value& prediction, Tensor losses, const Tensor& slope) {
  return tape.record_trusted(loss, {prediction}, {}, std::move(losses),
                             [prediction, slope](const Tensor& dy, Cotangents& send) {
                               send.to(prediction, [&] { return scaled_rows(dy, slope); });
                             });
}

/// How much each class counts at a position of a label: the label's own weight less what smoothing takes of it, and
/// what smoothing gives to every class.
class LabelShares {
 public:
  LabelShares(const LossOptions& options, Index classes)
      : ignored_(options.ignore_index), own_(1 - options.label_smoothing), weights_(options.class_weights) {
    if (options.label_smoothing == 0) return;
    spread_.resize(static_cast<std::size_t>(classes));
    for (Index c = 0; c < classes; ++c) {
      spread_[static_cast<std::size_t>(c)] = options.label_smoothing / static_cast<double>(classes) * weight(c);
      spread_total_ += spread_[static_cast<std::size_t>(c)];
    }
  }

  bool ignores(float label) const { return ignored_ && label == static_cast<float>(*ignored_); }
  Index counted(std::span<const float> labels) const {
    return std::count_if(labels.begin(), labels.end(), [&](float label) { return !ignores(label); });
  }

  double total(Index label) const { return own(label) + spread_total_; }

  /// log_sum: of the exponentials of the logits less the largest of them.
  double loss(Index label, double log_sum, const float* logits, float largest) const {
    const auto minus_log = [=](Index c) { return log_sum - static_cast<double>(logits[c] - largest); };
    double loss = own(label) * minus_log(label);
    for (std::size_t c = 0; c < spread_.size(); ++c) loss += spread_[c] * minus_log(static_cast<Index>(c));
    return loss;
  }

  void take_from(Index label, double share, float* slope) const {
    slope[label] -= static_cast<float>(share * own(label));
    for (std::size_t c = 0; c < spread_.size(); ++c) slope[c] -= static_cast<float>(share * spread_[c]);
  }

 private:
  double weight(Index c) const { return weights_.empty() ? 1 : weights_[static_cast<std::size_t>(c)]; }
  double own(Index label) const { return own_ * weight(label); }

  std::optional<Index> ignored_;
  double own_;
  const std::vector<double>& weights_;
  std::vector<double> spread_;  // empty: 0
  double spread_total_ = 0;
};

struct Softplus {
  double value;  // log(1 + e^z)
  double slope;  // 1 / (1 + e^-z)
};

Softplus softplus(double z) {
  const double small = std::exp(-std::abs(z));
  return {(z > 0 ? z : 0) + std::log1p(small), (z > 0 ? 1 : small) / (1 + small)};
}

}  // namespace

Value cross_entropy(Tape& tape, const Value& logits, const Tensor& labels, const LossOptions& options) {
  require_samples("cross_entropy", logits);
  const Shape& shape = logits.shape();
  if (shape.rank() < 2 || shape[-1] == 0 || labels.shape() != shape.without_back()) {
    throw ShapeError("cross_entropy: logits are " + shape.to_text() + ", labels " + labels.shape().to_text() +
                     "; expected [B, C] and [B], or [B, T, C] and [B, T], with one class or more");
  }
  const Index classes = shape[-1];
  require_options(options, classes);
  require_classes(labels, classes, options.ignore_index);
  const LabelShares shares(options, classes);

  Tensor slope(shape);  // first logits less the row's largest, then the exponentials, then the derivatives
  Tensor largest(labels.shape());
  for (Index row = 0; row < labels.size(); ++row) {
    const std::span<const float> from = row_of(logits.tensor(), row, classes);
    float* to = slope.mutable_data() + row * classes;
    const float most = largest_of(from);
    for (std::size_t c = 0; c < from.size(); ++c) to[c] = from[c] - most;
    largest.mutable_data()[row] = most;
  }
  exp_values(slope.values(), slope.mutable_values());

  Tensor losses(Shape{shape[0]});
  const Index positions = labels.shape().without_front().size();
  for (Index b = 0; b < shape[0]; ++b) {
    const std::span<const float> own =
        labels.values().subspan(static_cast<std::size_t>(b * positions), static_cast<std::size_t>(positions));
    const double share = share_of(shares.counted(own));
    double loss = 0;
    for (Index t = 0; t < positions; ++t) {
      const Index row = b * positions + t;
      float* to = slope.mutable_data() + row * classes;
      if (shares.ignores(own[static_cast<std::size_t>(t)])) {
        std::fill_n(to, classes, 0.0F);
        continue;
      }
      const auto label = static_cast<Index>(own[static_cast<std::size_t>(t)]);
      const double sum = sum_of({to, static_cast<std::size_t>(classes)});
      loss += shares.loss(label, std::log(sum), logits.tensor().data() + row * classes, largest.data()[row]);
      if (!logits.wants_gradient()) continue;
      const auto factor = static_cast<float>(share * shares.total(label) / sum);
      for (Index c = 0; c < classes; ++c) to[c] *= factor;
      shares.take_from(label, share, to);
    }
    losses.mutable_data()[b] = static_cast<float>(share * loss);
  }
  return record_loss(tape, "cross_entropy", logits, std::move(losses), slope);
}

Value mean_squared_error(Tape& tape, const Value& prediction, const Tensor& target) {
  require_same_shape("mean_squared_error", prediction, target);
  const Index batch = prediction.shape()[0];
  const Index count = prediction.sample_shape().size();
  const double share = share_of(count);
  const auto doubled = static_cast<float>(2 * share);
  Tensor slope(prediction.shape());
  Tensor losses(Shape{batch});
  for (Index b = 0; b < batch; ++b) {
    const float* x = prediction.tensor().data() + b * count;
    const float* t = target.data() + b * count;
    float* to = slope.mutable_data() + b * count;
    const double sum = sum_of_terms(static_cast<std::size_t>(count), [=](std::size_t i) {
      const float difference = x[i] - t[i];
      to[i] = doubled * difference;
      return static_cast<double>(difference) * static_cast<double>(difference);
    });
    losses.mutable_data()[b] = static_cast<float>(share * sum);
  }
  return record_loss(tape, "mean_squared_error", prediction, std::move(losses), slope);
}

Value binary_cross_entropy(Tape& tape, const Value& logits, const Tensor& targets) {
  require_same_shape("binary_cross_entropy", logits, targets);
  if (first_breach(WholeNumber{2}, targets.values())) {
    throw Error("binary_cross_entropy: a target is not one of the 2 classes; expected 0 or 1. Check the label column.");
  }
  const Index batch = logits.shape()[0];
  const Index count = logits.sample_shape().size();
  const double share = share_of(count);
  Tensor slope(logits.shape());
  Tensor losses(Shape{batch});
  for (Index b = 0; b < batch; ++b) {
    double sum = 0;
    for (Index i = b * count; i < (b + 1) * count; ++i) {
      const double towards = targets.data()[i] == 1 ? -1 : 1;  // log(1 + e^-x) for 1, log(1 + e^x) for 0
      const Softplus wrong = softplus(towards * static_cast<double>(logits.tensor().data()[i]));
      sum += wrong.value;
      slope.mutable_data()[i] = static_cast<float>(share * towards * wrong.slope);
    }
    losses.mutable_data()[b] = static_cast<float>(share * sum);
  }
  return record_loss(tape, "binary_cross_entropy", logits, std::move(losses), slope);
}

Value huber(Tape& tape, const Value& prediction, const Tensor& target, double delta) {
  require_same_shape("huber", prediction, target);
  LossOptions options(Loss::huber);
  options.delta = delta;
  require_options(options, 0);
  const Index batch = prediction.shape()[0];
  const Index count = prediction.sample_shape().size();
  const double share = share_of(count);
  Tensor slope(prediction.shape());
  Tensor losses(Shape{batch});
  for (Index b = 0; b < batch; ++b) {
    double sum = 0;
    for (Index i = b * count; i < (b + 1) * count; ++i) {
      const double error = static_cast<double>(prediction.tensor().data()[i]) - static_cast<double>(target.data()[i]);
      const double size = std::fabs(error);
      sum += size <= delta ? error * error / 2 : delta * (size - delta / 2);
      slope.mutable_data()[i] = static_cast<float>(share * (size <= delta ? error : std::copysign(delta, error)));
      if (std::isnan(error)) slope.mutable_data()[i] = static_cast<float>(error);
    }
    losses.mutable_data()[b] = static_cast<float>(share * sum);
  }
  return record_loss(tape, "huber", prediction, std::move(losses), slope);
}

Value cosine(Tape& tape, const Value& prediction, const Tensor& target) {
  require_samples("cosine", prediction);
  const Shape& shape = prediction.shape();
  if (shape.rank() < 2 || shape != target.shape()) {
    throw ShapeError("cosine: the prediction is " + shape.to_text() + ", the target " + target.shape().to_text() +
                     "; expected the same shape, [B, ..., D]");
  }
  constexpr double kShortest = 1e-8;
  const Index length = shape[-1];
  const Index positions = shape.without_front().without_back().size();
  const double share = share_of(positions);
  Tensor slope(shape);
  Tensor losses(Shape{shape[0]});
  for (Index b = 0; b < shape[0]; ++b) {
    double loss = 0;
    for (Index row = b * positions; row < (b + 1) * positions; ++row) {
      const std::span<const float> x = row_of(prediction.tensor(), row, length);
      const std::span<const float> y = row_of(target, row, length);
      const double own = std::sqrt(sum_of_squares(x));
      const double long_x = own < kShortest ? kShortest : own;  // NaN stays
      const double long_y = std::sqrt(sum_of_squares(y)) < kShortest ? kShortest : std::sqrt(sum_of_squares(y));
      const double cosine = dot(x, y) / (long_x * long_y);
      loss += 1 - cosine;
      const double back = own < kShortest ? 0 : cosine / (own * own);  // a length that counts as another does not move
      float* to = slope.mutable_data() + row * length;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double towards = static_cast<double>(y[i]) / (long_x * long_y);
        to[i] = static_cast<float>(share * (back * static_cast<double>(x[i]) - towards));
      }
    }
    losses.mutable_data()[b] = static_cast<float>(share * loss);
  }
  return record_loss(tape, "cosine", prediction, std::move(losses), slope);
}

Value loss_value(const LossOptions& options, Tape& tape, const Value& prediction, const Tensor& labels) {
  switch (options.kind) {
    case Loss::cross_entropy:
      return cross_entropy(tape, prediction, labels, options);
    case Loss::huber:
      return huber(tape, prediction, labels, options.delta);
    case Loss::cosine:
      return cosine(tape, prediction, labels);
    case Loss::mean_squared_error:
      return mean_squared_error(tape, prediction, labels);
    case Loss::binary_cross_entropy:
      return binary_cross_entropy(tape, prediction, labels);
  }
  throw InternalError("loss_value: a loss without a formula");
}

}  // namespace dpml
