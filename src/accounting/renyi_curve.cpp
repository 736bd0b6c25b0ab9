#include "renyi_curve.h"

#include <cmath>
#include <limits>
#include <string>
#include <unordered_map>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/renyi.h"
#include "dpml/base/text.h"
#include "sampled_gaussian.h"

namespace dpml {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class InfiniteCurve final : public RenyiCurve {
 public:
  double cumulant(double) override { return kInfinity; }
};

class GaussianCurve final : public RenyiCurve {
 public:
  GaussianCurve(double noise_multiplier, double distance)
      : half_square_(0.5 * std::pow(distance / noise_multiplier, 2)) {}

  double cumulant(double order_minus_one) override {
    return order_minus_one * (1 + order_minus_one) * half_square_ * (1 + kRenyiSlack);
  }

 private:
  double half_square_;
};

/// Finds the curve of an event; `sampling_rate` collects what lies around it.
struct CurveMaker {
  Neighbours neighbours;
  double sampling_rate = 1;

  std::unique_ptr<RenyiCurve> operator()(const Gaussian& gaussian) const {
    if (gaussian.noise_multiplier == 0) return std::make_unique<InfiniteCurve>();
    if (sampling_rate < 1) {
      refuse_sampling_under_replace_one("gaussian");
      return std::make_unique<SampledGaussianCurve>(sampling_rate, gaussian.noise_multiplier);
    }
    const double distance = neighbours == Neighbours::replace_one ? 2 : 1;
    return std::make_unique<GaussianCurve>(gaussian.noise_multiplier, distance);
  }

  std::unique_ptr<RenyiCurve> operator()(const PoissonSampled& sampled) const {
    double rate = sampling_rate * sampled.sampling_rate;
    if (sampling_rate < 1 && sampled.sampling_rate < 1) rate = std::nextafter(rate, 1.0);  // never below the product
    return std::visit(CurveMaker{neighbours, rate}, sampled.inner.kind());
  }

  std::unique_ptr<RenyiCurve> operator()(const NonPrivate&) const { return std::make_unique<InfiniteCurve>(); }

  template <class Kind>
  std::unique_ptr<RenyiCurve> operator()(const Kind& kind) const {
    throw UnsupportedEvent("accountant rdp: no bound for " + kind_name(kind));
  }

  void refuse_sampling_under_replace_one(const std::string& inner) const {
    if (neighbours != Neighbours::replace_one) return;
    throw UnsupportedEvent("accountant rdp: no bound for poisson_sampled { " + inner +
                           " } under replace_one neighbours, because both datasets then give a mixture; use "
                           "add_or_remove_one or zero_out");
  }
};

}  // namespace

std::unique_ptr<RenyiCurve> make_renyi_curve(const Event& event, Neighbours neighbours) {
  return std::visit(CurveMaker{neighbours}, event.kind());
}

ComposedCurve::ComposedCurve(const Ledger& ledger) {
  std::unordered_map<std::string, std::size_t> place;
  for (const LedgerEntry& entry : ledger.entries()) {
    const auto [found, is_new] = place.try_emplace(to_text(entry.event), terms_.size());
    if (is_new) terms_.push_back({make_renyi_curve(entry.event, ledger.neighbours()), 0});
    terms_[found->second].count += static_cast<double>(entry.count);
  }
}

double ComposedCurve::cumulant(double order_minus_one) {
  double sum = 0;
  for (const Term& term : terms_) sum += term.count * term.curve->cumulant(order_minus_one);
  return sum;
}

double renyi_divergence(const Event& event, Neighbours neighbours, double order) {
  if (!(order > 1 && std::isfinite(order))) {
    throw ConfigError("renyi_divergence: order is " + to_text(order) + ", expected a finite number above 1");
  }
  validate(event);
  return make_renyi_curve(event, neighbours)->cumulant(order - 1) / (order - 1);
}

}  // namespace dpml
