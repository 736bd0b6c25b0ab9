#pragma once

#include <string>

#include "dpml/autograd/tape.h"

namespace dpml {

/// Losses: one number per sample, [B]; there is no mean over the batch to undo. They throw ShapeError when the shapes
/// do not fit, and Error, naming the loss and never a label, when a label is not what they expect. A loss over no
/// numbers is 0.

/// Minus the log-probability of the right class under the softmax of the logits, averaged over the sample's positions.
///
///   logits  [B, ..., C]   C >= 1 classes; finite numbers of any size are safe
///   labels  [B, ...]      whole numbers in [0, C)
Value cross_entropy(Tape& tape, const Value& logits, const Tensor& labels);

/// The mean of (prediction - target)^2 over the sample's elements. The shapes agree; [B] and [B, 1] count as the same.
Value mean_squared_error(Tape& tape, const Value& prediction, const Tensor& target);

/// Minus the log-probability of the target when 1 has probability sigmoid(logit), averaged over the sample's elements.
/// Targets are 0 or 1. The shapes agree; [B] and [B, 1] count as the same.
Value binary_cross_entropy(Tape& tape, const Value& logits, const Tensor& targets);

enum class Loss { cross_entropy, mean_squared_error, binary_cross_entropy };

std::string to_text(Loss loss);    ///< "cross_entropy"
bool predicts_classes(Loss loss);  ///< else numbers
bool takes_class_indices(
    Loss loss);  ///< as labels: they have the shape of a prediction without its last axis; else its own

Value loss_value(Loss loss, Tape& tape, const Value& prediction, const Tensor& labels);

}  // namespace dpml
