#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/autograd/tape.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

enum class Loss { cross_entropy, mean_squared_error, binary_cross_entropy, huber, cosine };

std::string to_text(Loss loss);    ///< "cross_entropy"
bool predicts_classes(Loss loss);  ///< else numbers
/// As labels: they have the shape of a prediction without its last axis; else its own.
bool takes_class_indices(Loss loss);

/// A loss and what it is told beyond labels. All of it is public: nothing here may be computed from the rows.
struct LossOptions {
  /// A loss alone is one with its defaults, wherever options are expected.
  LossOptions(Loss loss = Loss::cross_entropy) : kind(loss) {}  // NOLINT(google-explicit-constructor)

  Loss kind;
  // Of cross_entropy:
  double label_smoothing = 0;         ///< in [0, 1]: the share of a label that is spread over all classes evenly
  std::vector<double> class_weights;  ///< empty: all 1; else one for each class, at least 0, finite as a float
  std::optional<Index> ignore_index;  ///< positions with this label count in nothing; from -2^24 to 2^24
  // Of huber:
  double delta = 1;  ///< > 0, finite as a float: where the parabola becomes a line

  bool operator==(const LossOptions&) const = default;
};

/// Whether a loss can have these options. `classes`: how many the model tells apart; 0 when that is not known.
std::optional<OptionProblem> problem_of(const LossOptions& options, Index classes);

/// Losses: one number per sample, [B]; there is no mean over the batch to undo, and no sum over the batch to divide by.
/// They throw ShapeError when the shapes do not fit, and Error, naming the loss and never a label, when a label is not
/// what they expect; ConfigError for options that problem_of refuses. A loss over no numbers is 0.

/// Minus the log-probability of the right class under the softmax of the logits, averaged over the sample's positions,
/// those that are not ignored. As PyTorch's for one sample, with one difference: with class weights w the average is
/// not divided by the weights of the sample's labels. With label smoothing s, a position of label y adds
/// (1 - s) w[y] l[y] + s / C sum_c w[c] l[c], l[c] minus the log-probability of class c (Szegedy et al. 2016, section
/// 7).
///
///   logits  [B, ..., C]   C >= 1 classes; finite numbers of any size are safe
///   labels  [B, ...]      whole numbers in [0, C), or ignore_index
Value cross_entropy(Tape& tape, const Value& logits, const Tensor& labels, const LossOptions& options = {});

/// The mean of (prediction - target)^2 over the sample's elements. The shapes agree; [B] and [B, 1] count as the same.
Value mean_squared_error(Tape& tape, const Value& prediction, const Tensor& target);

/// Minus the log-probability of the target when 1 has probability sigmoid(logit), averaged over the sample's elements:
/// one, or one for each of several labels that a sample may have at once. Targets are 0 or 1. The shapes agree; [B] and
/// [B, 1] count as the same.
Value binary_cross_entropy(Tape& tape, const Value& logits, const Tensor& targets);

/// The mean over the sample's elements of d^2 / 2 where the error |d| is at most delta, else delta (|d| - delta / 2)
/// (Huber 1964). The shapes agree; [B] and [B, 1] count as the same.
Value huber(Tape& tape, const Value& prediction, const Tensor& target, double delta);

/// 1 minus the cosine of the angle between prediction and target along the last axis, averaged over the sample's
/// positions: [B, ..., D] both. Lengths count as 1e-8 where they are smaller, as in PyTorch's cosine_similarity.
Value cosine(Tape& tape, const Value& prediction, const Tensor& target);

Value loss_value(const LossOptions& options, Tape& tape, const Value& prediction, const Tensor& labels);

}  // namespace dpml
