#include "dpml/layers/scoring.h"

#include <cmath>
#include <string>

#include "dpml/base/error.h"

namespace dpml {

namespace {

float largest_of(const float* row, Index count) {
  Index best = -1;
  for (Index c = 0; c < count; ++c) {
    if (best < 0 ? !std::isnan(row[c]) : row[c] > row[best]) best = c;
  }
  return static_cast<float>(best);
}

Tensor largest_logits(const Tensor& prediction) {
  const Shape& shape = prediction.shape();
  if (shape.rank() < 2) {
    throw ShapeError("predicted_classes: logits are " + shape.to_text() + ", expected [B, ..., C]");
  }
  Tensor classes(shape.without_back());
  for (Index row = 0; row < classes.size(); ++row) {
    classes.mutable_data()[row] = largest_of(prediction.data() + row * shape[-1], shape[-1]);
  }
  return classes;
}

Tensor signs_of_logits(const Tensor& prediction) {
  Tensor classes(prediction.shape());
  for (Index i = 0; i < classes.size(); ++i) {
    const float logit = prediction.data()[i];
    classes.mutable_data()[i] = std::isnan(logit) ? -1.0F : logit > 0 ? 1.0F : 0.0F;
  }
  return classes;
}

}  // namespace

Tensor predicted_classes(Loss loss, const Tensor& prediction) {
  switch (loss) {
    case Loss::cross_entropy:
      return largest_logits(prediction);
    case Loss::binary_cross_entropy:
      return signs_of_logits(prediction);
    case Loss::mean_squared_error:
    case Loss::huber:
    case Loss::cosine:
      throw ConfigError("a model trained with " + to_text(loss) +
                        " predicts numbers, not classes. Report its loss instead.");
  }
  throw InternalError("Loss: not one of the enumerated values");
}

Score count_correct(const LossOptions& loss, const Tensor& prediction, const Tensor& labels) {
  const Tensor classes = predicted_classes(loss.kind, prediction);
  if (classes.size() != labels.size()) {
    throw ShapeError("count_correct: predicted classes are " + classes.shape().to_text() + ", labels " +
                     labels.shape().to_text() + "; expected as many of both");
  }
  Score score;
  for (Index i = 0; i < classes.size(); ++i) {
    if (loss.ignore_index && labels.data()[i] == static_cast<float>(*loss.ignore_index)) continue;
    score.correct += classes.data()[i] == labels.data()[i] ? 1 : 0;
    ++score.labels;
  }
  return score;
}

}  // namespace dpml
