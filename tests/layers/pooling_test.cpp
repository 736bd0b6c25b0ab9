#include "dpml/layers/pooling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "dpml/layers/conv2d.h"
#include "dpml/layers/sequential.h"
#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Case {
  PoolOptions options;
  Shape x;
};

const std::vector<Case> kCases{
    {{.kernel = 2}, {3, 4, 6, 3}},
    {{.kernel = 2}, {3, 5, 3, 2}},  // pixels left over
    {{.kernel = 2, .stride = 1}, {3, 4, 3, 2}},
    {{.kernel = 3, .stride = 2, .padding = 1}, {3, 5, 4, 2}},
    {{.kernel = 3, .stride = 1, .padding = 1}, {3, 3, 4, 1}},
    {{.kernel = 2, .stride = 3, .padding = 1}, {3, 6, 5, 2}},
    {{.kernel = 4, .stride = 1, .padding = 2}, {3, 1, 1, 3}},
    {{.kernel = 1}, {3, 2, 2, 2}},
    {{.kernel = 2, .stride = 1, .kernel_width = 3}, {3, 4, 6, 3}},
    {{.kernel = 2, .kernel_width = 3}, {3, 5, 7, 2}},
    {{.kernel = 3, .stride = 2, .padding = 1, .kernel_width = 2, .stride_width = 3, .padding_width = 0}, {3, 5, 6, 2}},
    {{.kernel = 2, .ceil_mode = true}, {3, 5, 4, 2}},
    {{.kernel = 3, .stride = 2, .padding = 1, .ceil_mode = true}, {3, 5, 4, 2}},
    {{.kernel = 2, .stride = 3, .padding = 1, .ceil_mode = true}, {3, 4, 6, 2}},
    {{.kernel = 3, .stride = 4, .kernel_width = 5, .stride_width = 2, .padding_width = 2, .ceil_mode = true},
     {3, 5, 4, 2}},
    {{.kernel = 3, .stride = 2, .ceil_mode = true}, {3, 2, 2, 2}},  // a window larger than the image
    {{.kernel = 2, .ceil_mode = true}, {0, 5, 4, 2}},
    {{.kernel = 2}, {0, 4, 4, 2}},
};

/// One axis of windows, as PyTorch's pooling_output_shape says it.
struct Axis {
  Index in;
  Index kernel;
  Index stride;
  Index padding;
  bool ceil_mode;

  Index windows() const {
    const double room = static_cast<double>(in + 2 * padding - kernel);
    const double steps = room / static_cast<double>(stride);
    Index count = static_cast<Index>(ceil_mode ? std::ceil(steps) : std::floor(steps)) + 1;
    if (ceil_mode && (count - 1) * stride >= in + padding) --count;
    return count;
  }
};

std::pair<Axis, Axis> axes_of(const PoolOptions& o, const Shape& x) {
  const Index kernel_width = o.kernel_width.value_or(o.kernel);
  const Index stride = o.stride == 0 ? o.kernel : o.stride;
  const Index stride_width = o.stride_width.value_or(o.stride == 0 ? kernel_width : o.stride);
  return {{x[1], o.kernel, stride, o.padding, o.ceil_mode},
          {x[2], kernel_width, stride_width, o.padding_width.value_or(o.padding), o.ceil_mode}};
}

/// Calls see(output number, window's numbers row by row, places of the window in the padded image) for each window and
/// channel.
template <class See>
void visit(const PoolOptions& options, const Tensor& x, const Shape& result, See&& see) {
  const auto [rows, columns] = axes_of(options, x.shape());
  Index output = 0;
  for (Index b = 0; b < result[0]; ++b) {
    for (Index oy = 0; oy < result[1]; ++oy) {
      for (Index ox = 0; ox < result[2]; ++ox) {
        for (Index c = 0; c < result[3]; ++c, ++output) {
          std::vector<float> window;
          Index padded = 0;
          const Index top = oy * rows.stride - rows.padding;
          const Index left = ox * columns.stride - columns.padding;
          for (Index y = top; y < top + rows.kernel; ++y) {
            for (Index xx = left; xx < left + columns.kernel; ++xx) {
              if (y < rows.in + rows.padding && xx < columns.in + columns.padding) ++padded;
              if (y < 0 || y >= x.axis(1) || xx < 0 || xx >= x.axis(2)) continue;
              window.push_back(x.data()[((b * x.axis(1) + y) * x.axis(2) + xx) * x.axis(3) + c]);
            }
          }
          see(output, window, padded);
        }
      }
    }
  }
}

Shape expected_shape(const Case& c) {
  const auto [rows, columns] = axes_of(c.options, c.x);
  return Shape{c.x[0], rows.windows(), columns.windows(), c.x[3]};
}

AvgPool2d::Options averaging(const PoolOptions& o, bool count_include_pad) {
  return {.kernel = o.kernel,
          .stride = o.stride,
          .padding = o.padding,
          .count_include_pad = count_include_pad,
          .kernel_width = o.kernel_width,
          .stride_width = o.stride_width,
          .padding_width = o.padding_width,
          .ceil_mode = o.ceil_mode};
}

/// The gradient of a pool's input for dy = 1, 2, 3, ...
Tensor gradient_of_input(const Layer& pool, const Tensor& x) {
  struct Sink : GradientSink {
    void accept(const Parameter&, PerSampleGrad gradient) override { dx = gradient.to_dense(); }
    Tensor dx;
  } sink;
  Tape tape;
  const Value plain = tape.sample(x);
  const Parameter probe("probe", Tensor::zeros(x.shape().without_front()));
  const Value input = tape.record_trusted("probe", {plain}, {probe}, x, [&](const Tensor& dy, Cotangents& send) {
    send.to(probe, [&] { return PerSampleGrad::dense(dy); });
  });
  const Value y = pool.forward(tape, input);
  const Value loss =
      tape.record_trusted("loss", {y}, {}, Tensor::zeros(Shape{x.axis(0)}), [y](const Tensor&, Cotangents& send) {
        send.to(y, [&] {
          Tensor dy(y.shape());
          for (Index i = 0; i < dy.size(); ++i) dy.mutable_data()[i] = static_cast<float>(i + 1);
          return dy;
        });
      });
  tape.backward(loss, sink);
  return sink.dx;
}

std::vector<float> numbers(const Tensor& x) {
  return {x.values().begin(), x.values().end()};
}

Tensor image(Index height, Index width, const std::vector<float>& values) {
  return Tensor::from(Shape{1, height, width, 1}, values);
}

TEST(MaxPool2d, BehavesAsALayer) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms([&](Rng&) { return std::make_unique<MaxPool2d>(c.options); }, c.x));
  }
}

TEST(MaxPool2d, IsTheLargestOfEachWindow) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.x.to_text());
    const Tensor x = random_tensor(c.x);
    const Tensor y = apply(MaxPool2d(c.options), x);
    ASSERT_EQ(y.shape(), expected_shape(c));
    visit(c.options, x, y.shape(), [&](Index output, const std::vector<float>& window, Index) {
      EXPECT_EQ(y.data()[output], *std::max_element(window.begin(), window.end()));
    });
  }
}

TEST(MaxPool2d, GivesTheSameResultWhetherOrNotAGradientIsWanted) {
  Rng rng = fixed_rng();
  Sequential model;
  model.add(std::make_unique<Conv2d>(Conv2d::Options{.in_channels = 2, .out_channels = 17}, rng));
  model.add(std::make_unique<MaxPool2d>(PoolOptions{.kernel = 3, .stride = 2, .padding = 1}));
  const Tensor x = random_tensor({3, 5, 5, 2});
  Tape without({.gradients = false});
  EXPECT_EQ(numbers(model.forward(without, without.sample(x)).tensor()), numbers(apply(model, x)));
}

TEST(MaxPool2d, PassesNanOnAndSendsTheGradientToIt) {
  const MaxPool2d pool({.kernel = 2, .stride = 1});
  const Tensor x = image(2, 3,
                         {kNan, 1, 2,  //
                          3, 4, 5});
  const Tensor y = apply(pool, x);
  EXPECT_TRUE(std::isnan(y.data()[0]));
  EXPECT_EQ(y.data()[1], 5);
  EXPECT_EQ(numbers(gradient_of_input(pool, x)), (std::vector<float>{1, 0, 0, 0, 0, 2}));
}

TEST(MaxPool2d, SendsTheGradientToTheFirstOfEqualNumbers) {
  const MaxPool2d pool({.kernel = 2});
  EXPECT_EQ(numbers(gradient_of_input(pool, image(2, 2, {7, 7, 7, 7}))), (std::vector<float>{1, 0, 0, 0}));
  const Tensor lowest = image(2, 2, {-kInfinity, -kInfinity, -kInfinity, -kInfinity});
  EXPECT_EQ(apply(pool, lowest).data()[0], -kInfinity);
  EXPECT_EQ(numbers(gradient_of_input(pool, lowest)), (std::vector<float>{1, 0, 0, 0}));
}

TEST(MaxPool2d, NeverLetsThePaddingWin) {
  const MaxPool2d pool({.kernel = 2, .stride = 2, .padding = 1});
  EXPECT_EQ(numbers(apply(pool, image(2, 2, {-4, -3, -2, -1}))), (std::vector<float>{-4, -3, -2, -1}));
}

TEST(AvgPool2d, BehavesAsALayer) {
  for (const bool count_include_pad : {true, false}) {
    for (const Case& c : kCases) {
      SCOPED_TRACE(c.x.to_text());
      const AvgPool2d::Options options = averaging(c.options, count_include_pad);
      EXPECT_NO_THROW(expect_layer_conforms([&](Rng&) { return std::make_unique<AvgPool2d>(options); }, c.x));
    }
  }
}

TEST(AvgPool2d, IsTheMeanOfEachWindow) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.x.to_text());
    const Tensor x = random_tensor(c.x);
    const Tensor y = apply(AvgPool2d(averaging(c.options, true)), x);
    const Tensor z = apply(AvgPool2d(averaging(c.options, false)), x);
    ASSERT_EQ(y.shape(), expected_shape(c));
    visit(c.options, x, y.shape(), [&](Index output, const std::vector<float>& window, Index padded) {
      double sum = 0;
      for (const float value : window) sum += value;
      EXPECT_NEAR(y.data()[output], sum / static_cast<double>(padded), 1e-6);
      EXPECT_NEAR(z.data()[output], sum / static_cast<double>(window.size()), 1e-6);
    });
  }
}

// torch 2.15: torch.nn.functional.avg_pool2d and max_pool2d on arange(1, 16).reshape(1, 1, 3, 5), kernel 2, ceil_mode.
TEST(Pooling, IsThatOfPyTorchWithCeilMode) {
  std::vector<float> counting(15);
  std::iota(counting.begin(), counting.end(), 1.0F);
  const Tensor x = image(3, 5, counting);
  EXPECT_EQ(numbers(apply(AvgPool2d({.kernel = 2, .ceil_mode = true}), x)),
            (std::vector<float>{4, 6, 7.5F, 11.5F, 13.5F, 15}));
  EXPECT_EQ(numbers(apply(MaxPool2d({.kernel = 2, .ceil_mode = true}), x)), (std::vector<float>{7, 9, 10, 12, 14, 15}));
}

TEST(Pooling, OfSequencesIsThatOfImagesOfHeightOne) {
  for (const Pool1dOptions& o : {Pool1dOptions{.kernel = 3}, Pool1dOptions{.kernel = 3, .stride = 2, .padding = 1},
                                 Pool1dOptions{.kernel = 4, .stride = 3, .padding = 2, .ceil_mode = true}}) {
    const AvgPool1d::Options mean{
        .kernel = o.kernel, .stride = o.stride, .padding = o.padding, .ceil_mode = o.ceil_mode};
    for (const Shape& x : {Shape{3, 7, 2}, Shape{0, 7, 2}}) {
      EXPECT_NO_THROW(expect_layer_conforms([&](Rng&) { return std::make_unique<MaxPool1d>(o); }, x));
      EXPECT_NO_THROW(expect_layer_conforms([&](Rng&) { return std::make_unique<AvgPool1d>(mean); }, x));
    }
    PoolOptions flat{.kernel = 1, .stride = 1};
    flat.kernel_width = o.kernel;
    flat.stride_width = o.stride == 0 ? o.kernel : o.stride;
    flat.padding_width = o.padding;
    flat.ceil_mode = o.ceil_mode;
    const Tensor x = random_tensor({3, 7, 2});
    const Tensor image = x.reshaped({3, 1, 7, 2});
    EXPECT_EQ(numbers(apply(MaxPool1d(o), x)), numbers(apply(MaxPool2d(flat), image)));
    EXPECT_EQ(numbers(apply(AvgPool1d(mean), x)), numbers(apply(AvgPool2d(averaging(flat, true)), image)));
  }
}

TEST(Pooling, SaysWhatDoesNotFit) {
  MaxPool2d pool({.kernel = 4});
  pool.set_name("pool1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              pool.output_shape({3, 8, 2});
            }),
            "MaxPool2d \"pool1\": the window [4, 4] (dilation [1, 1]) is larger than the padded image [3, 8]; state a "
            "smaller "
            "kernel, or more padding");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(pool, Tensor::zeros({2, 8, 8}));
            }),
            "MaxPool2d \"pool1\": x is [B, 8, 8], expected [B, H, W, C] with H and W above 0");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(AvgPool2d({.kernel = 2, .padding = 1}), Tensor::zeros({2, 0, 8, 1}));
            }),
            "AvgPool2d: x is [B, 0, 8, 1], expected [B, H, W, C] with H and W above 0");
  EXPECT_EQ(message_of<ShapeError>([&] {
              MaxPool1d({.kernel = 2}).output_shape({0, 1});
            }),
            "MaxPool1d: x is [B, 0, 1], expected [B, T, C] with T above 0");
  EXPECT_EQ(message_of<ShapeError>([&] {
              MaxPool2d({.kernel = 5000}).output_shape({5000, 5000, 1});
            }),
            "MaxPool2d: a window [5000, 5000] has more than 2^24 places; state smaller ones, one after the other");
}

TEST(Pooling, RefusesImpossibleOptions) {
  EXPECT_EQ(message_of<ConfigError>([] { MaxPool2d({}); }), "MaxPool2d: kernel is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([] { AvgPool2d({.kernel = 2, .stride = -1}); }),
            "AvgPool2d: stride is -1, expected 0 or more");
  EXPECT_EQ(message_of<ConfigError>([] { MaxPool2d({.kernel = 3, .padding = 2}); }),
            "MaxPool2d: padding is 2; state at most half the kernel, 1");
  EXPECT_EQ(message_of<ConfigError>([] { MaxPool2d({.kernel = 3, .padding_width = 2}); }),
            "MaxPool2d: padding_width is 2; state at most half the kernel, 1");
  EXPECT_EQ(message_of<ConfigError>([] { AvgPool2d({.kernel = 3, .stride_width = 0}); }),
            "AvgPool2d: stride_width is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([] { MaxPool1d({.kernel = 3, .padding = 2}); }),
            "MaxPool1d: padding is 2; state at most half the kernel, 1");
  EXPECT_EQ(message_of<ConfigError>([] { AvgPool1d({}); }), "AvgPool1d: kernel is 0, expected 1 or more");
}

}  // namespace
}  // namespace dpml
