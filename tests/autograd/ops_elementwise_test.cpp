#include <algorithm>

#include "base/expect_error.h"
#include "dpml/base/error.h"
#include "op_check.h"

namespace dpml {
namespace {

using Function = Value (*)(Tape&, const Value&);

struct Case {
  const char* name;
  Function op;
  double (*slow)(double);
  bool positive_only = false;
};

double slow_relu(double x) {
  return x > 0 ? x : 0;
}
double slow_sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double slow_gelu(double x) {
  return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"relu", relu, slow_relu},
      {"tanh", tanh, [](double x) { return std::tanh(x); }},
      {"sigmoid", sigmoid, slow_sigmoid},
      {"gelu", gelu, slow_gelu},
      {"exp", exp, [](double x) { return std::exp(x); }},
      {"silu", silu, [](double x) { return x * slow_sigmoid(x); }},
      {"elu", [](Tape& t, const Value& x) { return elu(t, x, 0.7F, 1.5F); },
       [](double x) { return 1.5 * (x > 0 ? x : 0.7 * std::expm1(x)); }},
      {"softplus", [](Tape& t, const Value& x) { return softplus(t, x, 2, 20); },
       [](double x) { return std::log1p(std::exp(2 * x)) / 2; }},
      {"hardswish", [](Tape& t, const Value& x) { return hardswish(t, x); },
       [](double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; }},
      {"log", log, [](double x) { return std::log(x); }, true},
  };
  return all;
}

/// Numbers at least 0.1 away from 0, where relu has a kink; above 0.5 when asked, where log is smooth.
Tensor away_from_zero(const Shape& shape, bool positive_only) {
  Tensor x = numbers(shape, 9);
  for (float& value : x.mutable_values()) {
    value = positive_only ? std::abs(value) + 0.5F : std::copysign(std::abs(value) + 0.1F, value);
  }
  return x;
}

TEST(Elementwise, AgreesWithDouble) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const Tensor x = away_from_zero({40, 7}, c.positive_only);
    Tape tape;
    const Tensor y = c.op(tape, tape.sample(x)).tensor();
    for (Index i = 0; i < x.size(); ++i) {
      const double want = c.slow(static_cast<double>(x.data()[i]));
      EXPECT_NEAR(static_cast<double>(y.data()[i]), want, 4e-7 * (1 + std::abs(want)));
    }
  }
}

TEST(Elementwise, HasTheRightGradientAndKeepsSamplesApart) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    for (const Shape& shape : {Shape{3, 5}, Shape{4}, Shape{2, 3, 7}, Shape{3, 0}}) {
      OpCheck([&](Tape& t, const auto& v) { return c.op(t, v[0]); })
          .sample(away_from_zero(shape, c.positive_only))
          .run();
    }
  }
}

TEST(Elementwise, LeavesConstantsShared) {
  for (const Case& c : cases()) {
    Tape tape;
    EXPECT_EQ(c.op(tape, tape.shared(away_from_zero({3}, true))).kind(), Kind::shared);
  }
}

TEST(Elementwise, GivesABitPatternThatDoesNotDependOnThePlace) {
  // 67 numbers in batches that put them at every offset of a vector register.
  const Tensor x = away_from_zero({67}, true);
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    Tape tape;
    const Tensor whole = c.op(tape, tape.sample(x)).tensor();
    for (Index begin = 0; begin < 33; ++begin) {
      for (const Index end : {begin + 1, begin + 17, Index{67}}) {
        const Tensor part = c.op(tape, tape.sample(x.rows(begin, end))).tensor();
        EXPECT_TRUE(same_bits(part.data(), whole.data() + begin, end - begin)) << begin << " to " << end;
      }
    }
  }
}

TEST(Elementwise, LetsNaNAndInfinityThrough) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::from({3}, std::vector<float>{std::nanf(""), infinity, -infinity});
  const std::vector<std::pair<float, float>> limits{{infinity, 0.0F},         {1.0F, -1.0F},    {1.0F, 0.0F},
                                                    {infinity, 0.0F},         {infinity, 0.0F}, {infinity, 0.0F},
                                                    {infinity, -1.5F * 0.7F}, {infinity, 0.0F}, {infinity, 0.0F}};
  for (std::size_t k = 0; k < limits.size(); ++k) {
    SCOPED_TRACE(cases()[k].name);
    Tape tape;
    const Tensor y = cases()[k].op(tape, tape.sample(x)).tensor();
    EXPECT_TRUE(std::isnan(y.data()[0]));
    EXPECT_EQ(y.data()[1], limits[k].first);
    EXPECT_EQ(y.data()[2], limits[k].second);
  }
}

// PyTorch 2: torch.nn.functional.leaky_relu(x, 0.25) and its gradient.
TEST(LeakyRelu, IsThatOfPyTorchAtItsKinkAndBeyondNumbers) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tape tape;
  Parameter p("p", Tensor::from({6}, std::vector<float>{0, -0.0F, 2, -2, infinity, -infinity}));
  const Value x = add(tape, tape.sample(Tensor::filled({1, 6}, -0.0F)), p);
  const Value y = leaky_relu(tape, x, 0.25F);
  EXPECT_TRUE(same_bits(y.tensor(), Tensor::from({1, 6}, std::vector<float>{0, -0.0F, 2, -0.5F, infinity, -infinity})));
  struct Sink final : GradientSink {
    void accept(const Parameter&, PerSampleGrad gradient) override { dense = gradient.to_dense(); }
    Tensor dense;
  } sink;
  tape.backward(sum(tape, y, 1), sink);
  EXPECT_TRUE(same_bits(sink.dense, Tensor::from({1, 6}, std::vector<float>{0.25F, 0.25F, 1, 0.25F, 1, 0.25F})));
  Tape other;
  EXPECT_TRUE(std::isnan(leaky_relu(other, other.sample(Tensor::filled({1, 1}, nan)), 0.25F).tensor().data()[0]));
}

// PyTorch 2: torch.nn.functional.hardswish, softplus(threshold=1), prelu and their gradients at kinks.
TEST(Elementwise, IsThatOfPyTorchAtKinks) {
  const auto slopes = [](const std::vector<float>& x, const Function op) {
    Tape tape;
    Parameter p("p", Tensor::from({static_cast<Index>(x.size())}, x));
    const Value y = op(tape, add(tape, tape.sample(Tensor::zeros({1, p.size()})), p));
    struct Sink final : GradientSink {
      void accept(const Parameter&, PerSampleGrad gradient) override { dense = gradient.to_dense(); }
      Tensor dense;
    } sink;
    tape.backward(sum(tape, y, 1), sink);
    return std::vector<float>(sink.dense.data(), sink.dense.data() + sink.dense.size());
  };
  EXPECT_EQ(slopes({-4, -3, 0, 3, 4}, hardswish), (std::vector<float>{0, 0, 0.5F, 1, 1}));
  EXPECT_EQ(slopes({0, 2}, [](Tape& t, const Value& x) { return softplus(t, x, 1, 1); }),
            (std::vector<float>{0.5F, 1}));
  EXPECT_EQ(slopes({0, 1}, [](Tape& t, const Value& x) { return elu(t, x, 0.25F); }), (std::vector<float>{0.25F, 1}));
}

TEST(Prelu, HasTheRightGradientsAndKeepsSamplesApart) {
  for (const Index channels : {1, 5}) {
    Parameter slope("slope", numbers({channels}, 4));
    OpCheck([&](Tape& t, const auto& v) { return prelu(t, v[0], slope); })
        .sample(away_from_zero({3, 4, 5}, false))
        .parameter(slope)
        .run();
  }
  Tape tape;
  Parameter slope("slope", Tensor::filled({3}, 0.25F));
  expect_error<ShapeError>("the slope is [3], expected [1]", [&] {
    prelu(tape, tape.sample(numbers({2, 4}, 1)), slope);
  });
}

TEST(Relu, HasSlopeZeroAtZero) {
  Tape tape;
  Parameter p("p", Tensor::from({3}, std::vector<float>{0, 1, -1}));
  const Value x = add(tape, tape.sample(Tensor::zeros({1, 3})), p);
  struct Sink final : GradientSink {
    void accept(const Parameter&, PerSampleGrad gradient) override { dense = gradient.to_dense(); }
    Tensor dense;
  } sink;
  tape.backward(sum(tape, relu(tape, x), 1), sink);
  EXPECT_TRUE(same_bits(sink.dense, Tensor::from({1, 3}, std::vector<float>{0, 1, 0})));
}

}  // namespace
}  // namespace dpml
