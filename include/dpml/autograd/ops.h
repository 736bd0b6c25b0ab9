#pragma once

#include <vector>

#include "dpml/autograd/tape.h"

/// Operations on values, from which models of one's own are composed. What holds for all of them:
///
/// - Axes are counted with the batch as axis 0 of a sample value; a negative axis counts from the last one. A shared
///   value has no batch axis: its axis 0 is an ordinary one. Results are sample values when any input is, else shared.
/// - What would reduce, permute, reshape across or join axis 0 of a sample value throws SampleMixingError, which names
///   the operation and says what to use instead. Shapes that do not fit throw ShapeError.
/// - Row b of a result is, bit for bit, a function of row b of the inputs and of shared values: neither the place in
///   the batch nor its length matters. (On a tape whose Products are `library`, matmul's last bits may vary with the
///   number of rows; see Tape::Options.)
/// - Any axis may be zero, the batch included. NaN and infinity pass through.
/// - A parameter's gradient is kept per sample; a trainable parameter beside a shared value is refused.
namespace dpml {

/// x + y, x - y and x * y, element by element. Two sample values have equal shapes. A shared value beside a sample one
/// has the shape of a sample or of its trailing axes ([] for one number) and is repeated over the others; so is the
/// smaller of two shared values.
Value add(Tape& tape, const Value& x, const Value& y);
Value subtract(Tape& tape, const Value& x, const Value& y);
Value multiply(Tape& tape, const Value& x, const Value& y);

/// The same with a parameter that has the shape of a sample or of its trailing axes. Its gradient is dense: summed over
/// the axes it is repeated over, never over the batch.
Value add(Tape& tape, const Value& x, const Parameter& parameter);
Value multiply(Tape& tape, const Value& x, const Parameter& parameter);

/// factor * x.
Value scale(Tape& tape, const Value& x, float factor);

/// x weight^T over the last axis: x [B, ..., in], weight [out, in], result [B, ..., out]. The weight's gradient is an
/// outer product summed over the middle axes.
Value matmul(Tape& tape, const Value& x, const Parameter& weight);

/// Matrix products over the last two axes, for each sample on its own: [B, ..., m, k] x [B, ..., k, n] with equal
/// middle axes, or one shared matrix on either side, [B, ..., m, k] x [k, n] (also [B, k] x [k, n]) and
/// [m, k] x [B, ..., k, n]. Two shared values: the same rules without B.
Value matmul(Tape& tape, const Value& x, const Value& y);

Value relu(Tape& tape, const Value& x);  ///< max(x, 0); the derivative at 0 is 0
/// x above 0, else negative_slope x; the derivative at 0 is negative_slope.
Value leaky_relu(Tape& tape, const Value& x, float negative_slope);
Value tanh(Tape& tape, const Value& x);
Value sigmoid(Tape& tape, const Value& x);  ///< 1 / (1 + e^-x)
Value gelu(Tape& tape, const Value& x);     ///< x Phi(x), Phi the standard normal distribution function (exact form)
Value silu(Tape& tape, const Value& x);     ///< x sigmoid(x)
/// x above 0, else alpha (e^x - 1), all times scale; the derivative at 0 is that from below.
Value elu(Tape& tape, const Value& x, float alpha, float scale = 1);
/// log(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold.
Value softplus(Tape& tape, const Value& x, float beta, float threshold);
/// 0 up to -3, x from 3 on, x (x + 3) / 6 between; the derivative is 0 at -3 and 1 at 3.
Value hardswish(Tape& tape, const Value& x);
/// x above 0, else slope x, the slope a parameter [1] or one for each place of the last axis [C]; the derivative at 0
/// is the slope.
Value prelu(Tape& tape, const Value& x, const Parameter& slope);
Value exp(Tape& tape, const Value& x);
Value log(Tape& tape, const Value& x);  ///< natural; NaN below 0, -infinity at 0

/// e^x over its sum along the last axis, stable for any finite x.
Value softmax(Tape& tape, const Value& x);

/// The logarithm of softmax, also where that rounds to 0.
Value log_softmax(Tape& tape, const Value& x);

/// Sum and mean along an axis, which goes away. The mean of no numbers is 0.
Value sum(Tape& tape, const Value& x, Index axis);
Value mean(Tape& tape, const Value& x, Index axis);

/// The same numbers under another shape. `sample_shape` is that of one sample, without the batch axis; for a shared
/// value it is the whole shape.
Value reshape(Tape& tape, const Value& x, const Shape& sample_shape);

/// Swaps two axes.
Value transpose(Tape& tape, const Value& x, Index axis, Index other_axis);

/// Joins values along an axis; their other axes agree. Among sample values, a shared one (of the shape of a sample) is
/// repeated for every sample, and the axis counts the batch as everywhere. Throws ShapeError for no values.
Value concat(Tape& tape, const std::vector<Value>& parts, Index axis);

/// Positions [begin, end) of an axis. Throws ShapeError unless 0 <= begin <= end <= length.
Value slice(Tape& tape, const Value& x, Index axis, Index begin, Index end);

}  // namespace dpml
