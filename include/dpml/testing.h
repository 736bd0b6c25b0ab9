#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/random/rng.h"

namespace dpml {

struct LayerCheckOptions {
  /// Above 0: x holds whole numbers in [0, vocabulary), as Embedding wants them, and is not differentiated.
  Index vocabulary = 0;
  bool training = true;    ///< what Tape::Options::training is
  Index differences = 48;  ///< at most that many numbers of each tensor are compared with finite differences
  std::uint64_t seed = 1;  ///< of the layer's initial values and of all numbers the check draws
};

using LayerMaker = std::function<std::unique_ptr<Layer>(Rng& init)>;

/// Does a layer keep the promises that privacy rests on? Returns what it breaks, one sentence each; nothing when it
/// conforms. x is the shape of an input, batch axis first; fewer than 3 samples are raised to 3, because mixing needs
/// others to show, and batches of 1 and 0 are tried in any case. Costs some 500 forward passes, and one forward and
/// backward pass of 900 samples: choose small shapes.
///
/// Inputs have distinct numbers between about -1.8 and 1.8, none within 0.1 of zero, and parameters are moved off their
/// initial values, so that zero biases and unit scales hide nothing. With L_b = sum_i c[b,i] y[b,i], c random and
/// fixed:
///
/// - *Shapes*: forward gives what output_shape says, of kind sample, and the same bits when nothing is recorded.
/// - *Finite differences* in float32, L_b summed in double: for the input and for every parameter, each sample's
///   gradient g is the central difference (L_b(+h) - L_b(-h)) / 2h, h = 2^-7, to within
///   0.002 (|g| + root mean square of the tensor's gradient) + 8 float epsilon |c_b (1 + |y_b|)| / h. Where the slopes
///   of the four quarters of [-h, h] change unevenly by more than that, a kink is near and nothing is judged; a quarter
///   of a tensor's numbers must remain.
/// - *Bits*: at every place of chunks of 2 to 40 samples, a sample's output, input gradient, per-sample gradients,
///   norms and what it adds to a weighted sum have the bits that they have alone; in the form that the layer gives and
///   in the smaller one. Exact. A layer that multiplies matrices keeps this by gemm with Products::own. It is checked
///   for the instructions in use: run the test once more with DPML_INSTRUCTIONS=avx2 and with plain in the environment.
/// - *Empty batch*: works, and adds nothing to a weighted sum.
/// - *Answers*: PerSampleGrad's norms are at most 1e-5 (relative) below those of to_dense and at most 1e-3 above, its
///   weighted sums within 1e-5, in the form the layer gives and in the smaller one.
/// - *Samples stay apart*: while one sample's input and c are NaN, or its input is another one, no bit changes in the
///   output, input gradient, per-sample gradient or norm of any other sample, nor in the weighted sum that skips the
///   sample. Exact. A vocabulary's indices are replaced, not made NaN.
/// - *Used twice* in one forward, beside itself and (where shapes permit) on its own result: gradients are the sums of
///   the two uses' own, to 1e-5.
/// - *Frozen* parameters receive nothing, and every other gradient keeps its bits.
std::vector<std::string> check_layer(const LayerMaker& make, const Shape& x, const LayerCheckOptions& options = {});

/// The same for any test framework: throws Error listing all that check_layer returns, if anything.
void expect_layer_conforms(const LayerMaker& make, const Shape& x, const LayerCheckOptions& options = {});

}  // namespace dpml
