#pragma once

// What every operation on values promises (ops.h), checked on one example: gradients against central differences, and
// samples that do not touch each other.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "dpml/autograd/ops.h"

namespace dpml {

/// Numbers that look random, in [-1, 1); the same for the same seed.
inline Tensor numbers(const Shape& shape, std::uint64_t seed = 1) {
  Tensor tensor(shape);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL;
  for (float& value : tensor.mutable_values()) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    value = static_cast<float>(state >> 40) / 8388608.0F - 1.0F;
  }
  return tensor;
}

inline bool same_bits(const float* a, const float* b, Index count) {
  for (Index i = 0; i < count; ++i) {
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i])) return false;
  }
  return true;
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && same_bits(a.data(), b.data(), a.size());
}

/// The words of the error that `call` throws; fails the test when it throws nothing or another type.
template <class Expected, class Call>
std::string words_of(Call&& call) {
  try {
    call();
  } catch (const Expected& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return "";
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

#define EXPECT_WORDS(words, text) EXPECT_NE((text).find(words), std::string::npos) << (text)

class OpCheck {
 public:
  using Op = std::function<Value(Tape&, const std::vector<Value>&)>;

  explicit OpCheck(Op op) : op_(std::move(op)) {}
  OpCheck& sample(Tensor x) {
    inputs_.push_back(std::move(x));
    return *this;
  }
  OpCheck& parameter(Parameter& p) {
    parameters_.push_back(&p);
    return *this;
  }
  /// The last bits may depend on the length of the batch.
  OpCheck& bits_may_depend_on_batch() {
    batch_matters_ = true;
    return *this;
  }
  /// Leaves out the central differences, which are slow for many numbers.
  OpCheck& bits_only() {
    differences_ = false;
    return *this;
  }

  void run() {
    batch_ = inputs_.front().axis(0);
    const Run whole = run_on(inputs_, 0);
    for (std::size_t k = 0; differences_ && k < inputs_.size(); ++k) compare_input_gradient(k, whole);
    for (std::size_t k = 0; differences_ && k < parameters_.size(); ++k) compare_parameter_gradient(k, whole);
    for (Index b = 0; b < batch_; ++b) {
      poison(b, whole);
      compare_alone(b, whole);
    }
    const Run none = run_on(rows(0, 0), 0);
    EXPECT_EQ(none.y.size(), 0);
    EXPECT_EQ(none.y.axis(0), 0);
  }

 private:
  static constexpr double kStep = 1.0 / 64;
  static constexpr double kTolerance = 1e-3;  // times 1 + |gradient|: truncation h^2/6 f''' and rounding eps/h f

  struct Run {
    Tensor y;
    std::vector<Tensor> inputs;      // gradient of sum_i c_i y_i
    std::vector<Tensor> parameters;  // the same, dense, [B, ...]
  };

  struct DenseSink final : GradientSink {
    void accept(const Parameter& p, PerSampleGrad gradient) override {
      for (std::size_t k = 0; k < wanted.size(); ++k) {
        if (wanted[k] == &p) dense[k] = gradient.to_dense();
      }
    }
    std::vector<Parameter*> wanted;
    std::vector<Tensor> dense;
  };

  /// Coefficients of the linear functional for the samples from `first` on.
  static Tensor functional(const Shape& shape, Index first) {
    const Shape sample = shape.without_front();
    return numbers(sample.with_front(first + shape[0]), 77).rows(first, first + shape[0]);
  }

  Run run_on(const std::vector<Tensor>& inputs, Index first) const {
    Run result;
    result.inputs.resize(inputs.size());
    Parameter anchor("anchor", Tensor::zeros(Shape{1}));  // makes the inputs want a gradient
    DenseSink sink;
    sink.wanted = parameters_;
    sink.dense.resize(parameters_.size());
    Tape tape;
    std::vector<Value> values;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const Value x = tape.sample(inputs[k]);
      Tensor* gradient = &result.inputs[k];
      values.push_back(tape.record_trusted("probe", {x}, {anchor}, inputs[k],
                                           [gradient](const Tensor& dy, Cotangents&) { *gradient = dy; }));
    }
    const Value y = op_(tape, values);
    result.y = y.tensor();
    const Tensor c = functional(y.shape(), first);
    const Value losses =
        tape.record_trusted("functional", {y}, {}, Tensor::zeros(Shape{y.shape()[0]}),
                            [y, c](const Tensor&, Cotangents& send) { send.to(y, [&] { return c; }); });
    tape.backward(losses, sink);
    result.parameters = std::move(sink.dense);
    return result;
  }

  /// One number per sample, in double.
  std::vector<double> functional_of(const std::vector<Tensor>& inputs) const {
    Tape tape({.gradients = false});
    std::vector<Value> values;
    for (const Tensor& x : inputs) values.push_back(tape.sample(x));
    const Tensor y = op_(tape, values).tensor();
    const Tensor c = functional(y.shape(), 0);
    std::vector<double> sums(static_cast<std::size_t>(y.axis(0)));
    const Index row = y.shape().without_front().size();
    for (Index i = 0; i < y.size(); ++i) {
      sums[static_cast<std::size_t>(i / row)] += static_cast<double>(y.data()[i]) * static_cast<double>(c.data()[i]);
    }
    return sums;
  }

  std::vector<Tensor> rows(Index begin, Index end) const {
    std::vector<Tensor> parts;
    for (const Tensor& x : inputs_) parts.push_back(x.rows(begin, end));
    return parts;
  }

  static void expect_close(double got, double want, const std::string& what) {
    EXPECT_NEAR(got, want, kTolerance * (1 + std::abs(want))) << what;
  }

  void compare_input_gradient(std::size_t k, const Run& whole) const {
    ASSERT_EQ(whole.inputs[k].shape(), inputs_[k].shape());
    std::vector<Tensor> moved = inputs_;
    const Index row = inputs_[k].shape().without_front().size();
    for (Index i = 0; i < inputs_[k].size(); ++i) {
      const auto b = static_cast<std::size_t>(i / row);
      const auto at = [&](double step) {
        moved[k] = inputs_[k].clone();
        moved[k].mutable_data()[i] += static_cast<float>(step);
        return functional_of(moved)[b];
      };
      expect_close(static_cast<double>(whole.inputs[k].data()[i]), (at(kStep) - at(-kStep)) / (2 * kStep),
                   "input " + std::to_string(k) + ", number " + std::to_string(i));
    }
  }

  void compare_parameter_gradient(std::size_t k, const Run& whole) const {
    Parameter& p = *parameters_[k];
    ASSERT_EQ(whole.parameters[k].shape(), p.shape().with_front(batch_));
    const Tensor before = p.tensor().clone();
    for (Index i = 0; i < p.size(); ++i) {
      const auto at = [&](double step) {
        Tensor moved = before.clone();
        moved.mutable_data()[i] += static_cast<float>(step);
        p.set(moved);
        return functional_of(inputs_);
      };
      const std::vector<double> up = at(kStep);
      const std::vector<double> down = at(-kStep);
      for (Index b = 0; b < batch_; ++b) {
        const auto s = static_cast<std::size_t>(b);
        expect_close(static_cast<double>(whole.parameters[k].data()[b * p.size() + i]), (up[s] - down[s]) / (2 * kStep),
                     "parameter " + p.name() + ", number " + std::to_string(i));
      }
    }
    p.set(before);
  }

  static void expect_same_row(const Tensor& a, Index row_a, const Tensor& b, Index row_b, bool exact,
                              const std::string& what) {
    const Index row = a.shape().without_front().size();
    ASSERT_EQ(a.shape().without_front(), b.shape().without_front());
    const float* left = a.data() + row_a * row;
    const float* right = b.data() + row_b * row;
    if (exact) {
      EXPECT_TRUE(same_bits(left, right, row)) << what;
    } else {
      for (Index i = 0; i < row; ++i) EXPECT_NEAR(left[i], right[i], 1e-5 * (1 + std::abs(right[i]))) << what;
    }
  }

  void compare_rows(const Run& one, Index row_one, const Run& whole, Index row_whole, bool exact,
                    const std::string& what) const {
    expect_same_row(one.y, row_one, whole.y, row_whole, exact, what + ": output");
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      expect_same_row(one.inputs[k], row_one, whole.inputs[k], row_whole, exact, what + ": input gradient");
    }
    for (std::size_t k = 0; k < parameters_.size(); ++k) {
      expect_same_row(one.parameters[k], row_one, whole.parameters[k], row_whole, exact, what + ": parameter gradient");
    }
  }

  /// A sample of NaN changes no bit of another sample.
  void poison(Index victim, const Run& whole) const {
    std::vector<Tensor> poisoned;
    for (const Tensor& x : inputs_) {
      poisoned.push_back(x.clone());
      const Index row = x.shape().without_front().size();
      std::fill_n(poisoned.back().mutable_data() + victim * row, row, std::numeric_limits<float>::quiet_NaN());
    }
    const Run run = run_on(poisoned, 0);
    for (Index b = 0; b < batch_; ++b) {
      if (b != victim) compare_rows(run, b, whole, b, true, "beside NaN");
    }
  }

  /// A sample alone gives the row it gives among others.
  void compare_alone(Index b, const Run& whole) const {
    compare_rows(run_on(rows(b, b + 1), b), 0, whole, b, !batch_matters_, "alone");
  }

  Op op_;
  std::vector<Tensor> inputs_;
  std::vector<Parameter*> parameters_;
  bool batch_matters_ = false;
  bool differences_ = true;
  Index batch_ = 0;
};

}  // namespace dpml
