#pragma once

#include "dpml/layers/losses.h"

namespace dpml {

/// What a model trained with the loss says: the class with the largest logit ([B, ..., C] -> [B, ...]; the first of
/// equals, -1 when all are NaN), or for binary_cross_entropy 1 where the logit is above 0, 0 where it is not and -1
/// where it is NaN (the shape stays). Throws ConfigError where predictions are no classes.
Tensor predicted_classes(Loss loss, const Tensor& prediction);

/// How many of the labels are predicted, of how many; each position counts that the loss does not ignore.
struct Score {
  Index correct = 0;
  Index labels = 0;
};
/// Throws as predicted_classes does, and ShapeError when labels and predictions differ in number.
Score count_correct(const LossOptions& loss, const Tensor& prediction, const Tensor& labels);

}  // namespace dpml
