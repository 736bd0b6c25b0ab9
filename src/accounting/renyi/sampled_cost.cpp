#include "sampled_cost.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "discrete_outcomes.h"
#include "dpml/accounting/accountant.h"
#include "event_facts.h"
#include "event_rounding.h"
#include "gaussian_curve.h"
#include "gaussian_mixture_curve.h"
#include "laplace_curve.h"
#include "numerics/binomial.h"
#include "pair_curve.h"
#include "sampled_curve.h"
#include "sampled_gaussian_curve.h"

namespace dpml::renyi {

namespace {

constexpr double kMostDiscreteShift = 4096;  // as many outcomes
constexpr std::size_t kMostComponents = 256;
constexpr double kMostDeviations = 1e100;  // whose square still is a number

std::unique_ptr<RenyiCurve> poisson_gaussian_curve(double sampling_rate, double noise, const CurveTerms& terms) {
  if (!(1 / noise < kMostDeviations)) return std::make_unique<InfiniteCurve>();
  if (!events::replaces_a_unit(terms.neighbours)) {
    return std::make_unique<SampledGaussianCurve>(sampling_rate, noise, GaussianSampling::poisson, terms.most_nodes);
  }
  return std::make_unique<GaussianMixtureCurve>(
      std::vector<Jump>{{1 - sampling_rate, 0, 0}, {sampling_rate, 1 / noise, 1 / noise}}, terms.most_nodes);
}

/// Poisson sampling of a kind whose losses are known one by one, under add_or_remove_one or zero_out; nullptr for any
/// other kind.
std::unique_ptr<RenyiCurve> poisson_known_curve(double sampling_rate, const Event& event, double most_nodes) {
  if (const auto* it = event.get_if<MixtureOfGaussians>()) return mixture_curve(*it, sampling_rate, most_nodes);
  if (const auto* it = event.get_if<Laplace>(); it != nullptr && 1 / it->noise_multiplier <= kMostSampledLoss) {
    return std::make_unique<SampledLaplaceCurve>(1 / it->noise_multiplier, sampling_rate, most_nodes);
  }
  if (const auto* it = event.get_if<DiscreteLaplace>();
      it != nullptr && static_cast<double>(it->sensitivity) <= std::min(kMostDiscreteShift, most_nodes)) {
    const auto outcomes =
        as_outcomes(events::outcomes_of_discrete_laplace(it->scale, static_cast<double>(it->sensitivity)));
    return std::make_unique<PairCurve>(sampled(outcomes, sampling_rate));
  }
  return nullptr;
}

RenyiCost convex_cost(double sampling_rate, RenyiCost inner, const std::string& what) {
  return with_note({.curve = std::make_unique<ConvexSampledCurve>(sampling_rate, std::move(inner.curve)),
                    .pure_epsilon = inner.pure_epsilon,
                    .delta = sampling_rate * inner.delta,
                    .notes = std::move(inner.notes)},
                   what + " is bounded by convexity or from its largest privacy loss, which is not tight");
}

/// Adds to a sampled cost that the loss is at most log(1 - q + q exp(epsilon)) where that of the inner one is at most
/// epsilon (Balle, Barthe and Gaboardi 2018, Theorems 8 and 11). `outcomes` is a pair that is no better than the event.
RenyiCost also_pure(RenyiCost cost, double amplified, const std::vector<Outcome>& outcomes) {
  cost.curve = std::make_unique<SmallerCurve>(std::make_unique<PairCurve>(outcomes), std::move(cost.curve));
  cost.pure_epsilon = amplified;
  return cost;
}

/// Does the event, or one inside it, know how many units there are?
bool holds_fixed_size(const Event& event) {
  bool holds =
      event.get_if<SampledWithoutReplacement>() != nullptr || event.get_if<TruncatedPoissonSampled>() != nullptr;
  events::for_each_inner(event, [&](const Event& inner) { holds = holds || holds_fixed_size(inner); });
  return holds;
}

/// With this probability, known to all, `rare`; otherwise `usual`. exp(K) is jointly convex in the pair.
class RarelyCurve final : public RenyiCurve {
 public:
  RarelyCurve(double log_probability, std::unique_ptr<RenyiCurve> rare, std::unique_ptr<RenyiCurve> usual)
      : probability_(std::exp(log_probability)), rare_(std::move(rare)), usual_(std::move(usual)) {}
  double cumulant(double order_minus_one) override {
    const double usual = usual_->cumulant(order_minus_one);
    const double rare = rare_->cumulant(order_minus_one);
    // The probability is rounded up, so a smaller cost may not be mixed in.
    if (!(rare > usual)) return usual;
    return with_slack(usual + log_mixture(probability_, rare - usual));
  }
  double nodes() const override { return rare_->nodes() + usual_->nodes(); }

 private:
  double probability_;
  std::unique_ptr<RenyiCurve> rare_;
  std::unique_ptr<RenyiCurve> usual_;
};

}  // namespace

RenyiCost cost_of(std::unique_ptr<ComposedCurve> curve) {
  RenyiCost cost{
      .curve = nullptr, .pure_epsilon = curve->pure_epsilon(), .delta = curve->delta(), .notes = curve->notes()};
  cost.curve = std::move(curve);
  return cost;
}

RenyiCost composed_cost(const Event& event, const CurveTerms& terms) {
  return cost_of(std::make_unique<ComposedCurve>(event, terms));
}

RenyiCost with_note(RenyiCost cost, const std::string& note) {
  cost.notes.push_back(note);
  return cost;
}

void refuse_event(const std::string& what, Neighbours neighbours, const std::string& why) {
  throw UnsupportedEvent("accountant rdp: no bound for " + what + " under " + to_text(neighbours) +
                         " neighbours, because " + why);
}

std::unique_ptr<RenyiCurve> mixture_curve(const MixtureOfGaussians& mixture, double sampling_rate, double most_nodes) {
  if (mixture.components.size() > kMostComponents) {
    return mixture_curve(events::with_few_components(mixture, kMostComponents), sampling_rate, most_nodes);
  }
  std::vector<Jump> remove;
  std::vector<Jump> add;
  if (sampling_rate < 1) remove.push_back({1 - sampling_rate, 0, 0});
  for (const MixtureComponent& component : mixture.components) {
    const double place = component.sensitivity == 0 ? 0 : component.sensitivity / mixture.noise_multiplier;
    if (!(place < kMostDeviations)) return std::make_unique<InfiniteCurve>();
    remove.push_back({sampling_rate * component.probability, place, 0});
  }
  for (const Jump& jump : remove) add.push_back({jump.probability, 0, jump.up});
  return std::make_unique<LargerCurve>(std::make_unique<GaussianMixtureCurve>(std::move(remove), most_nodes / 2),
                                       std::make_unique<GaussianMixtureCurve>(std::move(add), most_nodes / 2));
}

void refuse_fixed_size_inside(const Event& inner, const std::string& what, Neighbours neighbours) {
  if (!holds_fixed_size(inner)) return;
  refuse_event(what, neighbours, "its dataset size would be random; put the outer sampling inside or leave it out");
}

RenyiCost poisson_cost(const PoissonSampled& outermost, const CurveTerms& terms) {
  const Neighbours neighbours = terms.neighbours;
  double rate = outermost.sampling_rate;
  const Event* inner = &outermost.inner;
  while (const auto* next = inner->get_if<PoissonSampled>()) {  // sampling twice is sampling once
    rate = events::product_of_rates(rate, next->sampling_rate);
    inner = &next->inner;
  }
  const std::string what = "poisson_sampled { " + kind_name(*inner) + " }";
  refuse_fixed_size_inside(*inner, what, neighbours);
  if (rate == 1) return composed_cost(*inner, terms);
  if (const std::optional<events::OneGaussian> gaussian = events::as_one_gaussian(*inner)) {
    return {.curve = poisson_gaussian_curve(rate, gaussian->noise_multiplier, terms)};
  }
  const bool unit_may_be_absent = !events::replaces_a_unit(neighbours);
  if (unit_may_be_absent) {
    if (auto curve = poisson_known_curve(rate, *inner, terms.most_nodes)) {
      const double loss = composed_cost(*inner, terms).pure_epsilon;
      return {.curve = std::move(curve), .pure_epsilon = log_mixture(rate, loss) * (1 + kLossSlack)};
    }
  }
  RenyiCost cost = composed_cost(*inner, terms);
  const double loss = cost.pure_epsilon;
  const bool may_fail = cost.delta > 0;
  cost = convex_cost(rate, std::move(cost), what);
  if (!unit_may_be_absent || !(loss < kMostDeviations)) return cost;
  const double amplified = log_mixture(rate, loss) * (1 + kLossSlack);
  return also_pure(std::move(cost), amplified,
                   may_fail ? pure_outcomes(amplified) : sampled(pure_outcomes(loss), rate));
}

RenyiCost without_replacement_cost(const SampledWithoutReplacement& sampled, const CurveTerms& terms) {
  const Neighbours neighbours = terms.neighbours;
  const std::string what = "sampled_without_replacement { " + kind_name(sampled.inner) + " }";
  if (events::changes_the_size(neighbours)) {
    refuse_event(what, neighbours, "the sizes are public; use replace_one or zero_out");
  }
  if (sampled.sample_size == sampled.dataset_size) return composed_cost(sampled.inner, terms);
  const double rate = static_cast<double>(sampled.sample_size) / static_cast<double>(sampled.dataset_size);
  const std::optional<events::OneGaussian> gaussian = events::as_one_gaussian(sampled.inner);
  if (gaussian && 1 / gaussian->noise_multiplier < kMostDeviations) {
    const double noise = gaussian->noise_multiplier;
    // Also under zero_out: what takes the unit's place in a sample without it is another unit, not nothing.
    auto tight = std::make_unique<SampledGaussianCurve>(rate, noise / 2, GaussianSampling::without_replacement,
                                                        terms.most_nodes);
    if (events::replaces_a_unit(neighbours)) return {.curve = std::move(tight)};
    auto convex = std::make_unique<ConvexSampledCurve>(rate, gaussian_curve(noise, 1));
    return {.curve = std::make_unique<SmallerCurve>(std::move(tight), std::move(convex))};
  }
  RenyiCost cost = composed_cost(sampled.inner, terms);
  const double loss = cost.pure_epsilon;
  cost = convex_cost(rate, std::move(cost), what);
  // Theorem 11 asks for the loss between any two units.
  if (!events::replaces_a_unit(neighbours) || !(loss < kMostDeviations)) return cost;
  const double amplified = log_mixture(rate, loss) * (1 + kLossSlack);
  return also_pure(std::move(cost), amplified, pure_outcomes(amplified));
}

RenyiCost truncated_poisson_cost(const TruncatedPoissonSampled& it, const CurveTerms& terms) {
  const Neighbours neighbours = terms.neighbours;
  const double others = static_cast<double>(it.dataset_size) - 1;
  const double maximum = static_cast<double>(it.maximum_batch_size);
  const std::string what = "truncated_poisson_sampled { " + kind_name(it.inner) + " }";
  refuse_fixed_size_inside(it.inner, what, neighbours);
  if (it.maximum_batch_size >= it.dataset_size) return poisson_cost({it.sampling_rate, it.inner}, terms);
  const std::optional<events::OneGaussian> gaussian = events::as_one_gaussian(it.inner);
  if (!gaussian) {
    if (events::changes_the_size(neighbours)) {
      refuse_event(what, neighbours, "a unit may push another one out of the batch; use zero_out or replace_one");
    }
    return convex_cost(it.sampling_rate, composed_cost(it.inner, terms), what);
  }
  const double log_full = numerics::log_binomial_tail(others, maximum, it.sampling_rate, 1 - it.sampling_rate).upper;
  // Chance of the unit to be in the batch when the others fill it; then it takes another one's place, distance 2.
  const double rate = std::min(it.sampling_rate, maximum / static_cast<double>(it.dataset_size));
  const bool replaces = !events::changes_the_size(neighbours);
  auto rare = poisson_gaussian_curve(rate, gaussian->noise_multiplier / 2,
                                     {replaces ? Neighbours::replace_one : neighbours, terms.most_nodes});
  auto usual = poisson_cost({it.sampling_rate, it.inner}, terms).curve;
  return {.curve = std::make_unique<RarelyCurve>(log_full, std::move(rare), std::move(usual))};
}

}  // namespace dpml::renyi
