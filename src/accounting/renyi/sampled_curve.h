#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "divergence_terms.h"
#include "renyi_curve.h"

namespace dpml::renyi {

/// A unit takes part in `inner` with probability q, and is as good as absent otherwise. exp(K) is jointly convex in the
/// pair, so for any mechanism, relation of neighbours and way to draw the batch that does not look at the data,
///   K(b) <= log(1 - q + q exp(K_inner(b))).
class ConvexSampledCurve final : public RenyiCurve {
 public:
  ConvexSampledCurve(double sampling_rate, std::unique_ptr<RenyiCurve> inner)
      : sampling_rate_(sampling_rate), inner_(std::move(inner)) {}
  double cumulant(double order_minus_one) override {
    return with_slack(log_mixture(sampling_rate_, inner_->cumulant(order_minus_one)));
  }
  double nodes() const override { return inner_->nodes(); }

 private:
  double sampling_rate_;
  std::unique_ptr<RenyiCurve> inner_;
};

enum class Choice { smaller, larger };

/// At every order the smaller, or the larger, of two curves.
template <Choice choice>
class ChosenCurve final : public RenyiCurve {
 public:
  ChosenCurve(std::unique_ptr<RenyiCurve> one, std::unique_ptr<RenyiCurve> other)
      : one_(std::move(one)), other_(std::move(other)) {}
  double cumulant(double order_minus_one) override {
    const auto [smaller, larger] = std::minmax({one_->cumulant(order_minus_one), other_->cumulant(order_minus_one)});
    return choice == Choice::smaller ? smaller : larger;
  }
  double nodes() const override { return one_->nodes() + other_->nodes(); }

 private:
  std::unique_ptr<RenyiCurve> one_;
  std::unique_ptr<RenyiCurve> other_;
};

using SmallerCurve = ChosenCurve<Choice::smaller>;  ///< of two bounds of the same event
using LargerCurve = ChosenCurve<Choice::larger>;    ///< of the two directions of a pair

}  // namespace dpml::renyi
