#include "dpml/layers/pooling.h"

#include <limits>

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
    {{.kernel = 2}, {0, 4, 4, 2}},
};

/// Calls see(b, output number, window's numbers row by row) for each window and channel.
template <class See>
void visit(const PoolOptions& options, const Tensor& x, const Shape& result, See&& see) {
  const Index stride = options.stride == 0 ? options.kernel : options.stride;
  Index output = 0;
  for (Index b = 0; b < result[0]; ++b) {
    for (Index oy = 0; oy < result[1]; ++oy) {
      for (Index ox = 0; ox < result[2]; ++ox) {
        for (Index c = 0; c < result[3]; ++c, ++output) {
          std::vector<float> window;
          for (Index y = oy * stride - options.padding; y < oy * stride - options.padding + options.kernel; ++y) {
            for (Index xx = ox * stride - options.padding; xx < ox * stride - options.padding + options.kernel; ++xx) {
              if (y < 0 || y >= x.axis(1) || xx < 0 || xx >= x.axis(2)) continue;
              window.push_back(x.data()[((b * x.axis(1) + y) * x.axis(2) + xx) * x.axis(3) + c]);
            }
          }
          see(output, window);
        }
      }
    }
  }
}

Shape expected_shape(const Case& c) {
  const Index stride = c.options.stride == 0 ? c.options.kernel : c.options.stride;
  const Index height = (c.x[1] + 2 * c.options.padding - c.options.kernel) / stride + 1;
  const Index width = (c.x[2] + 2 * c.options.padding - c.options.kernel) / stride + 1;
  return Shape{c.x[0], height, width, c.x[3]};
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
  const Value input = tape.record("probe", {plain}, {probe}, x, [&](const Tensor& dy, Cotangents& send) {
    send.to(probe, [&] { return PerSampleGrad::dense(dy); });
  });
  const Value y = pool.forward(tape, input);
  const Value loss =
      tape.record("loss", {y}, {}, Tensor::zeros(Shape{x.axis(0)}), [y](const Tensor&, Cotangents& send) {
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
    visit(c.options, x, y.shape(), [&](Index output, const std::vector<float>& window) {
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
      const AvgPool2d::Options options{.kernel = c.options.kernel,
                                       .stride = c.options.stride,
                                       .padding = c.options.padding,
                                       .count_include_pad = count_include_pad};
      EXPECT_NO_THROW(expect_layer_conforms([&](Rng&) { return std::make_unique<AvgPool2d>(options); }, c.x));
    }
  }
}

TEST(AvgPool2d, IsTheMeanOfEachWindow) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.x.to_text());
    const Tensor x = random_tensor(c.x);
    const AvgPool2d::Options with{.kernel = c.options.kernel, .stride = c.options.stride, .padding = c.options.padding};
    AvgPool2d::Options without = with;
    without.count_include_pad = false;
    const Tensor y = apply(AvgPool2d(with), x);
    const Tensor z = apply(AvgPool2d(without), x);
    ASSERT_EQ(y.shape(), expected_shape(c));
    visit(c.options, x, y.shape(), [&](Index output, const std::vector<float>& window) {
      double sum = 0;
      for (const float value : window) sum += value;
      EXPECT_NEAR(y.data()[output], sum / static_cast<double>(c.options.kernel * c.options.kernel), 1e-6);
      EXPECT_NEAR(z.data()[output], sum / static_cast<double>(window.size()), 1e-6);
    });
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
}

TEST(Pooling, RefusesImpossibleOptions) {
  EXPECT_EQ(message_of<ConfigError>([] { MaxPool2d({}); }), "MaxPool2d: kernel is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([] { AvgPool2d({.kernel = 2, .stride = -1}); }),
            "AvgPool2d: stride is -1, expected 0 or more");
  EXPECT_EQ(message_of<ConfigError>([] { MaxPool2d({.kernel = 3, .padding = 2}); }),
            "MaxPool2d: padding is 2; state at most half the kernel, 1");
}

}  // namespace
}  // namespace dpml
