#include <algorithm>

#include "dpml/layers/adaptive_pooling.h"
#include "dpml/layers/conv1d.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/conv_transpose1d.h"
#include "dpml/layers/conv_transpose2d.h"
#include "dpml/layers/pooling.h"
#include "onnx_vectors/operators.h"

namespace dpml::onnx_vectors {

namespace {

/// Along one axis of images or sequences.
struct Window {
  Index length;
  Index kernel;
  Index stride;
  Index dilation;
  Index before = 0;  // padding
  Index behind = 0;

  Index reach() const { return dilation * (kernel - 1) + 1; }
};

/// Padding so large that there is a window for each stride, as auto_pad has it.
void pad_for_strides(Window& window, bool more_behind) {
  const Index windows = (window.length + window.stride - 1) / window.stride;
  const Index total = std::max<Index>(0, (windows - 1) * window.stride + window.reach() - window.length);
  window.before = more_behind ? total / 2 : total - total / 2;
  window.behind = total - window.before;
}

/// x is [N, C, ...]; the kernel's sizes are those of its last axes unless they are stated.
std::vector<Window> windows_of(const Case& one, const Tensor& x, const Numbers& kernel) {
  const auto rank = static_cast<std::size_t>(x.shape().rank() - 2);
  if (rank > 2) throw LeftOut{"volumes"};
  const Numbers sizes = one.wholes("kernel_shape", kernel);
  const Numbers strides = one.wholes("strides", Numbers(rank, 1));
  const Numbers dilations = one.wholes("dilations", Numbers(rank, 1));
  const Numbers pads = one.wholes("pads", Numbers(2 * rank, 0));
  const std::string automatic = one.text("auto_pad", "NOTSET");
  std::vector<Window> windows;
  for (std::size_t i = 0; i < rank; ++i) {
    Window window{x.axis(static_cast<Index>(i) + 2), sizes[i], strides[i], dilations[i], pads[i], pads[rank + i]};
    if (automatic.starts_with("SAME")) pad_for_strides(window, automatic == "SAME_UPPER");
    windows.push_back(window);
  }
  return windows;
}

Index padding_of(const Window& window) {
  if (window.before != window.behind) throw LeftOut{"padding that differs between both ends"};
  return window.before;
}

Numbers last_axes(const Tensor& weight) {
  const auto axes = weight.shape().axes().subspan(2);
  return {axes.begin(), axes.end()};
}

bool keeps_length(const Window& window) {
  return window.stride == 1 && window.before + window.behind == window.reach() - 1 &&
         window.behind - window.before >= 0 && window.behind - window.before <= 1;
}

template <class L, class Options>
std::vector<Tensor> convolved(const Case& one, const Options& options, Rng& init) {
  require_possible(L::problem_of(options));
  L layer(options, init);
  std::vector<std::pair<std::string, Tensor>> weights{{"weight", one.input(1)}};
  if (options.bias) weights.emplace_back("bias", one.input(2));
  return {channels_second(apply(with_weights(layer, weights), channels_last(one.input(0))))};
}

template <class Pool>
std::vector<Tensor> pooled(const typename Pool::Options& options, const Tensor& x) {
  require_possible(Pool::problem_of(options));
  return {channels_second(apply(Pool(options), channels_last(x)))};
}

template <class Options>
Options line_window(const Case& one, const Window& window) {
  Options options;
  options.kernel = window.kernel;
  options.stride = window.stride;
  options.padding = padding_of(window);
  options.ceil_mode = one.whole("ceil_mode", 0) != 0;
  return options;
}

template <class Options>
Options image_window(const Case& one, const std::vector<Window>& windows) {
  auto options = line_window<Options>(one, windows[0]);
  options.kernel_width = windows[1].kernel;
  options.stride_width = windows[1].stride;
  options.padding_width = padding_of(windows[1]);
  return options;
}

/// What is the same for all channels.
const Tensor& undilated(const Case& one, const std::vector<Window>& windows) {
  for (const Window& window : windows) {
    if (window.dilation != 1) throw LeftOut{"windows with gaps"};
  }
  return one.input(0);
}

}  // namespace

std::vector<Tensor> conv(const Case& one) {
  const Tensor& weight = one.input(1);
  const std::vector<Window> windows = windows_of(one, one.input(0), last_axes(weight));
  const Index groups = one.whole("group", 1);
  const bool same = std::all_of(windows.begin(), windows.end(), keeps_length);
  const auto padding = [&](const Window& window) { return same ? 0 : padding_of(window); };
  Rng init = fixed_rng();
  if (windows.size() == 1) {
    const Window& w = windows[0];
    return convolved<Conv1d>(one,
                             Conv1d::Options{.in_channels = weight.axis(1) * groups,
                                             .out_channels = weight.axis(0),
                                             .kernel = w.kernel,
                                             .stride = w.stride,
                                             .padding = padding(w),
                                             .dilation = w.dilation,
                                             .groups = groups,
                                             .bias = one.has_input(2),
                                             .padding_same = same},
                             init);
  }
  const Window& h = windows[0];
  const Window& w = windows[1];
  return convolved<Conv2d>(one,
                           Conv2d::Options{.in_channels = weight.axis(1) * groups,
                                           .out_channels = weight.axis(0),
                                           .kernel_height = h.kernel,
                                           .kernel_width = w.kernel,
                                           .stride_height = h.stride,
                                           .stride_width = w.stride,
                                           .padding_height = padding(h),
                                           .padding_width = padding(w),
                                           .dilation_height = h.dilation,
                                           .dilation_width = w.dilation,
                                           .groups = groups,
                                           .bias = one.has_input(2),
                                           .padding_same = same},
                           init);
}

std::vector<Tensor> conv_transpose(const Case& one) {
  const Tensor& x = one.input(0);
  const Tensor& weight = one.input(1);
  std::vector<Window> windows = windows_of(one, x, last_axes(weight));
  Numbers more = one.wholes("output_padding", Numbers(windows.size(), 0));
  for (std::size_t i = 0; i < windows.size(); ++i) {
    Window& w = windows[i];
    const Index natural = w.stride * (w.length - 1) + more[i] + w.reach();
    std::optional<Index> wanted;
    if (one.has("output_shape")) wanted = one.wholes("output_shape", {})[i];
    if (one.text("auto_pad", "NOTSET").starts_with("SAME")) wanted = w.length * w.stride;
    if (wanted) {
      const Index total = natural - *wanted;
      w.before = total <= 0 ? 0 : one.text("auto_pad", "") == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.behind = total - w.before;
    }
    more[i] += w.before - w.behind;  // less is taken off at the end
    if (more[i] < 0) throw LeftOut{"padding that differs between both ends"};
  }
  const Index groups = one.whole("group", 1);
  Rng init = fixed_rng();
  if (windows.size() == 1) {
    const Window& w = windows[0];
    return convolved<ConvTranspose1d>(one,
                                      ConvTranspose1d::Options{.in_channels = weight.axis(0),
                                                               .out_channels = weight.axis(1) * groups,
                                                               .kernel = w.kernel,
                                                               .stride = w.stride,
                                                               .padding = w.before,
                                                               .output_padding = more[0],
                                                               .dilation = w.dilation,
                                                               .groups = groups,
                                                               .bias = one.has_input(2)},
                                      init);
  }
  const Window& h = windows[0];
  const Window& w = windows[1];
  return convolved<ConvTranspose2d>(one,
                                    ConvTranspose2d::Options{.in_channels = weight.axis(0),
                                                             .out_channels = weight.axis(1) * groups,
                                                             .kernel_height = h.kernel,
                                                             .kernel_width = w.kernel,
                                                             .stride_height = h.stride,
                                                             .stride_width = w.stride,
                                                             .padding_height = h.before,
                                                             .padding_width = w.before,
                                                             .output_padding_height = more[0],
                                                             .output_padding_width = more[1],
                                                             .dilation_height = h.dilation,
                                                             .dilation_width = w.dilation,
                                                             .groups = groups,
                                                             .bias = one.has_input(2)},
                                    init);
}

std::vector<Tensor> max_pool(const Case& one) {
  const std::vector<Window> windows = windows_of(one, one.input(0), {});
  const Tensor& x = undilated(one, windows);
  if (windows.size() == 1) return pooled<MaxPool1d>(line_window<MaxPool1d::Options>(one, windows[0]), x);
  return pooled<MaxPool2d>(image_window<MaxPool2d::Options>(one, windows), x);
}

std::vector<Tensor> average_pool(const Case& one) {
  const std::vector<Window> windows = windows_of(one, one.input(0), {});
  const Tensor& x = undilated(one, windows);
  const bool counts_padding = one.whole("count_include_pad", 0) != 0;
  if (windows.size() == 1) {
    auto options = line_window<AvgPool1d::Options>(one, windows[0]);
    options.count_include_pad = counts_padding;
    return pooled<AvgPool1d>(options, x);
  }
  auto options = image_window<AvgPool2d::Options>(one, windows);
  options.count_include_pad = counts_padding;
  return pooled<AvgPool2d>(options, x);
}

std::vector<Tensor> global_average_pool(const Case& one) {
  return pooled<AdaptiveAvgPool2d>({.output_height = 1, .output_width = 1}, one.input(0));
}

std::vector<Tensor> global_max_pool(const Case& one) {
  return pooled<AdaptiveMaxPool2d>({.output_height = 1, .output_width = 1}, one.input(0));
}

std::vector<Tensor> pad(const Case& one) {
  const Tensor& x = one.input(0);
  const Numbers pads = one.has_input(1) ? one.numbers(1) : one.wholes("pads", {});
  const float value = one.has_input(2) ? one.input(2).values()[0] : one.number("value", 0);
  const std::string mode = one.text("mode", "constant");
  if (mode == "constant" && value != 0) throw LeftOut{"padding with a number other than 0"};
  if (x.shape().rank() != 4 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0) {
    throw LeftOut{"padding that is not around images"};
  }
  if (pads[2] != pads[6] || pads[3] != pads[7]) throw LeftOut{"padding that differs between both ends"};
  const Index channels = x.axis(1);
  Rng init = fixed_rng();
  Conv2d layer({.in_channels = channels,
                .out_channels = channels,
                .padding_height = pads[2],
                .padding_width = pads[3],
                .groups = channels,
                .bias = false,
                .padding_mode = mode == "edge"      ? PaddingMode::replicate
                                : mode == "reflect" ? PaddingMode::reflect
                                                    : PaddingMode::zeros},
               init);
  with_weights(layer, {{"weight", Tensor::filled(Shape{channels, 1, 1, 1}, 1)}});
  return {channels_second(apply(layer, channels_last(x)))};
}

}  // namespace dpml::onnx_vectors
