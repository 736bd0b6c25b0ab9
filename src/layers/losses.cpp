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

void require_classes(const Tensor& labels, Index classes) {
  // Which label failed, and where, is the data's business.
  if (!first_breach(WholeNumber{classes}, labels.values())) return;
  throw Error("cross_entropy: a label is not one of the " + counted(classes, "class", "classes") +
              "; expected whole numbers 0 to " + std::to_string(classes - 1) +
              ". Check the label column, and the model's last layer.");
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
  return tape.record(loss, {prediction}, {}, std::move(losses),
                     [prediction, slope](const Tensor& dy, Cotangents& send) {
                       send.to(prediction, [&] { return scaled_rows(dy, slope); });
                     });
}

struct Softplus {
  double value;  // log(1 + e^z)
  double slope;  // 1 / (1 + e^-z)
};

Softplus softplus(double z) {
  const double small = std::exp(-std::abs(z));
  return {(z > 0 ? z : 0) + std::log1p(small), (z > 0 ? 1 : small) / (1 + small)};
}

}  // namespace

Value cross_entropy(Tape& tape, const Value& logits, const Tensor& labels) {
  require_samples("cross_entropy", logits);
  const Shape& shape = logits.shape();
  if (shape.rank() < 2 || shape[-1] == 0 || labels.shape() != shape.without_back()) {
    throw ShapeError("cross_entropy: logits are " + shape.to_text() + ", labels " + labels.shape().to_text() +
                     "; expected [B, C] and [B], or [B, T, C] and [B, T], with one class or more");
  }
  const Index classes = shape[-1];
  require_classes(labels, classes);

  Tensor slope(shape);  // first logits less the row's largest, then the exponentials, then the derivatives
  Tensor of_label(labels.shape());
  for (Index row = 0; row < labels.size(); ++row) {
    const float* from = logits.tensor().data() + row * classes;
    float* to = slope.mutable_data() + row * classes;
    const float largest = largest_of({from, static_cast<std::size_t>(classes)});
    for (Index c = 0; c < classes; ++c) to[c] = from[c] - largest;
    of_label.mutable_data()[row] = to[static_cast<Index>(labels.data()[row])];
  }
  exp_values(slope.values(), slope.mutable_values());

  Tensor losses(Shape{shape[0]});
  const Index positions = labels.shape().without_front().size();
  const double share = share_of(positions);
  for (Index b = 0; b < shape[0]; ++b) {
    double loss = 0;
    for (Index row = b * positions; row < (b + 1) * positions; ++row) {
      float* to = slope.mutable_data() + row * classes;
      const double sum = sum_of({to, static_cast<std::size_t>(classes)});
      loss += std::log(sum) - static_cast<double>(of_label.data()[row]);
      if (!logits.wants_gradient()) continue;
      const auto factor = static_cast<float>(share / sum);
      for (Index c = 0; c < classes; ++c) to[c] *= factor;
      to[static_cast<Index>(labels.data()[row])] -= static_cast<float>(share);
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

std::string to_text(Loss loss) {
  switch (loss) {
    case Loss::cross_entropy:
      return "cross_entropy";
    case Loss::mean_squared_error:
      return "mean_squared_error";
    case Loss::binary_cross_entropy:
      return "binary_cross_entropy";
  }
  throw InternalError("a loss without a name");
}

bool predicts_classes(Loss loss) {
  switch (loss) {
    case Loss::cross_entropy:
    case Loss::binary_cross_entropy:
      return true;
    case Loss::mean_squared_error:
      return false;
  }
  throw InternalError("Loss: not one of the enumerated values");
}

bool takes_class_indices(Loss loss) {
  switch (loss) {
    case Loss::cross_entropy:
      return true;
    case Loss::binary_cross_entropy:
    case Loss::mean_squared_error:
      return false;
  }
  throw InternalError("Loss: not one of the enumerated values");
}

Value loss_value(Loss loss, Tape& tape, const Value& prediction, const Tensor& labels) {
  switch (loss) {
    case Loss::cross_entropy:
      return cross_entropy(tape, prediction, labels);
    case Loss::mean_squared_error:
      return mean_squared_error(tape, prediction, labels);
    case Loss::binary_cross_entropy:
      return binary_cross_entropy(tape, prediction, labels);
  }
  throw InternalError("loss_value: a loss without a formula");
}

}  // namespace dpml
