// The cases of reference/accounting.json that are about Renyi divergences of other events than the sampled Gaussian,
// each at the tolerance its note states. Where dpml says less than the source, the test tells why.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/renyi.h"
#include "reference_events.h"

namespace dpml::renyi {
namespace {

const std::unique_ptr<Accountant> kAccountant = make_accountant("rdp");

double total_divergence(const json& one, double order) {
  const json& tree = one.at("inputs").at("event_tree");
  return static_cast<double>(count_of(tree)) * renyi_divergence(event_of(inside(tree)), neighbours_of(one), order);
}

double epsilon(const json& one) {
  return kAccountant->epsilon(ledger_of(one), number_at(one, "/inputs/delta"));
}

void expect_divergences(const json& one, const char* path, double tolerance) {
  const std::vector<double> orders = numbers_at(one, "/expected/rdp/orders");
  const std::vector<double> theirs = numbers_at(one, path);
  ASSERT_EQ(orders.size(), theirs.size());
  for (std::size_t i = 0; i < orders.size(); ++i) {
    EXPECT_NEAR(total_divergence(one, orders[i]) / theirs[i], 1, tolerance) << one.at("id") << " order " << orders[i];
  }
}

/// Ours tries all real orders: it says no more than theirs, and no less than what holds for certain.
void expect_epsilon_between(const json& one, double least) {
  EXPECT_LE(epsilon(one), number_at(one, "/expected/rdp/epsilon") * (1 + 1e-9)) << one.at("id");
  EXPECT_GE(epsilon(one), least) << one.at("id");
}

/// The pessimistic bound of their fine method, less its tolerance.
double fine_method(const json& one, double tolerance = 1e-3) {
  return number_at(one, "/expected/pld/epsilon") * (1 - tolerance);
}

TEST(ReferenceRdp, Laplace) {
  const std::vector<json> cases = reference_cases("laplace");
  EXPECT_EQ(cases.size(), 2u);
  for (const json& one : cases) {
    expect_divergences(one, "/expected/rdp/rdp", 1e-9);
    expect_epsilon_between(one, fine_method(one, 1e-4));
  }
  const json single = reference_case("dev-ev-06");
  EXPECT_GE(epsilon(single), number_at(single, "/expected/exact_epsilon"));
}

TEST(ReferenceRdp, PermuteAndFlipIsLaplace) {
  for (const json& one : reference_cases("permute_and_flip")) expect_epsilon_between(one, fine_method(one));
}

TEST(ReferenceRdp, DiscreteGaussian) {
  const json one = reference_case("dev-ev-09");
  expect_divergences(one, "/expected/rdp/rdp", 1e-10);  // our slack is 1e-11
  expect_epsilon_between(one, fine_method(one));
}

TEST(ReferenceRdp, TreeAggregation) {
  const std::vector<json> cases = reference_cases("tree_aggregation_rdp");
  EXPECT_EQ(cases.size(), 2u);
  for (const json& one : cases) {
    expect_divergences(one, "/expected/rdp/rdp", 1e-10);  // our slack is 1e-11
    // Of a continuous order, Canonne, Kamath and Steinke give about one percent less than of 8.
    expect_epsilon_between(one, 0.99 * number_at(one, "/expected/rdp/epsilon"));
  }
}

TEST(ReferenceRdp, RandomizedResponse) {
  const json one = reference_case("dev-ev-16");
  expect_divergences(one, "/expected/rdp/rdp", 1e-10);
  // The fine method's number is 10 times the loss, the pure epsilon, but for the discretisation.
  expect_epsilon_between(one, fine_method(one, 1e-4));
}

TEST(ReferenceRdp, ExponentialMechanismIsTheWorstPairAndNotItsConcentration) {
  const json one = reference_case("dev-ev-19");
  const std::vector<double> orders = numbers_at(one, "/expected/rdp/orders");
  const std::vector<double> theirs = numbers_at(one, "/expected/rdp/rdp");
  for (std::size_t i = 0; i < orders.size(); ++i) {
    // Theirs is xi + a epsilon^2 / 8, capped; ours is the exact maximum over all mechanisms of bounded range, which
    // grows like it at order 1.
    EXPECT_LE(total_divergence(one, orders[i]), theirs[i] * (1 + 1e-10)) << orders[i];
    if (orders[i] <= 2) {
      EXPECT_GE(total_divergence(one, orders[i]), theirs[i] * 0.99) << orders[i];
    }
  }
  // Their fine method takes any mechanism of that epsilon, and gets it back. Of bounded range, the exact delta is the
  // largest over t of P(t) (1 - exp(epsilon - t)).
  expect_epsilon_between(one, 0.49);
  double exact = 0;
  const double found = epsilon(one);
  for (double top = found; top < 0.5; top += 1e-6) {
    exact = std::max(exact, std::exp(top) * std::expm1(0.5 - top) / std::expm1(0.5) * -std::expm1(found - top));
  }
  EXPECT_LE(exact, 1e-6);
  EXPECT_GE(exact, 1e-7);
}

TEST(ReferenceRdp, EpsilonDelta) {
  const json one = reference_case("dev-ev-20");
  expect_epsilon_between(one, fine_method(one, 1e-4));
  EXPECT_GT(epsilon(one), 0.999 * number_at(one, "/expected/rdp/epsilon"));
}

TEST(ReferenceRdp, PoissonOfComposedGaussians) {
  const json one = reference_case("dev-ev-22");
  expect_divergences(one, "/expected/rdp_exact", 1e-9);
  expect_epsilon_between(one, 0.97 * number_at(one, "/expected/rdp/epsilon"));
}

TEST(ReferenceRdp, PoissonUnderZeroOut) {
  const json one = reference_case("dev-ev-02");
  expect_epsilon_between(one, fine_method(one));
  EXPECT_GT(epsilon(one), 0.99 * number_at(one, "/expected/rdp/epsilon"));
}

TEST(ReferenceRdp, PoissonUnderReplaceOneIsAboveTheFineMethod) {
  const json one = reference_case("dev-ev-01");
  EXPECT_GT(epsilon(one), fine_method(one));
  EXPECT_LT(epsilon(one), 1.15 * number_at(one, "/expected/pld/epsilon"));
}

TEST(ReferenceRdp, GaussianUnderReplaceOneMovesByTwoClipBounds) {
  // Their two accountants disagree about the meaning of sigma; ours is noise / clip bound, always.
  const json one = reference_case("dev-ev-03");
  EXPECT_GT(epsilon(one), number_at(one, "/expected/exact_sensitivity_2"));
  EXPECT_LT(epsilon(one), 1.08 * number_at(one, "/expected/exact_sensitivity_2"));
  // Half the distance is zero_out.
  const Ledger zeroed = ledger_of(Gaussian{2}, Neighbours::zero_out, 5);
  EXPECT_GT(kAccountant->epsilon(zeroed, 1e-5), number_at(one, "/expected/exact_sensitivity_1"));
  EXPECT_LE(kAccountant->epsilon(zeroed, 1e-5), number_at(one, "/expected/rdp/epsilon"));
}

/// Wang, Balle and Kasiviswanathan 2019, Theorem 27 with the improvement for Gaussians, as sums in long double: good
/// for orders up to 16.
double theorem_27(long double q, long double s, int a) {
  const auto moment = [&](int k) { return std::exp(k * (k - 1.0L) / (2 * s * s)); };
  const auto choose = [](int n, int k) {
    return std::exp(std::lgamma(n + 1.0L) - std::lgamma(k + 1.0L) - std::lgamma(n - k + 1.0L));
  };
  const auto difference = [&](int even) {
    long double sum = 0;
    for (int i = 0; i <= even; ++i) sum += (i % 2 == 0 ? 1 : -1) * choose(even, i) * moment(i);
    return sum;
  };
  long double sum = choose(a, 2) * q * q * std::min(4 * std::expm1(1 / (s * s)), 2 * std::exp(1 / (s * s)));
  for (int k = 3; k <= a; ++k) {
    const long double ternary = 4 * std::sqrt(difference(k / 2 * 2) * difference((k + 1) / 2 * 2));
    sum += choose(a, k) * std::pow(q, k) * std::min(ternary, 2 * moment(k));
  }
  return static_cast<double>(std::log1p(sum) / (a - 1));
}

TEST(ReferenceRdp, WithoutReplacementIsBelowTheTheoremOfTheSources) {
  const json one = reference_case("dev-ev-04");
  const json& tree = one.at("inputs").at("event_tree").at("event");
  // Their sigma is noise / distance of the two sums; ours is noise / clip bound, and the distance is two of those.
  const double noise = 2 * tree.at("event").at("noise_multiplier").get<double>();
  const Event event = SampledWithoutReplacement{tree.at("source_dataset_size").get<std::uint64_t>(),
                                                tree.at("sample_size").get<std::uint64_t>(), Gaussian{noise}};
  const std::vector<double> orders = numbers_at(one, "/expected/rdp/orders");
  const std::vector<double> theirs = numbers_at(one, "/expected/rdp/rdp");
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const int order = static_cast<int>(orders[i]);
    if (order <= 16) {
      EXPECT_NEAR(2000 * theorem_27(0.01L, 1.2L, order) / theirs[i], 1, 1e-8) << order;
    }
    // Theorem 11 of Balle, Barthe and Gaboardi 2018 is tight in the profile, Theorem 27 is not tight in the divergence.
    const double ours = 2000 * renyi_divergence(event, Neighbours::replace_one, orders[i]);
    EXPECT_LE(ours, theirs[i]) << order;
    // All other units the same as the removed one: a sampled Gaussian of that distance.
    const double attained =
        2000 * renyi_divergence(PoissonSampled{0.01, Gaussian{1.2}}, Neighbours::zero_out, orders[i]);
    EXPECT_GE(ours, attained) << order;
    EXPECT_LE(ours, 1.6 * attained) << order;
  }
  const Ledger ledger = ledger_of(event, Neighbours::replace_one, 2000);
  EXPECT_LE(kAccountant->epsilon(ledger, 1e-6), number_at(one, "/expected/rdp/epsilon"));
  const Ledger least = ledger_of(PoissonSampled{0.01, Gaussian{1.2}}, Neighbours::zero_out, 2000);
  EXPECT_GE(kAccountant->epsilon(ledger, 1e-6), kAccountant->epsilon(least, 1e-6));
}

TEST(ReferenceRdp, RepeatAndSelect) {
  const std::vector<json> cases = reference_cases("repeat_and_select_rdp");
  EXPECT_EQ(cases.size(), 4u);
  for (const json& one : cases) {
    const std::vector<double> orders = numbers_at(one, "/expected/rdp/orders");
    const std::vector<double> theirs = numbers_at(one, "/expected/rdp/rdp");
    for (std::size_t i = 0; i < orders.size(); ++i) {
      // Theirs chooses the inner order, and a larger one for small orders, from a list; ours from all real ones. The
      // last case adds, in ours, the chance of no run at all.
      EXPECT_LE(total_divergence(one, orders[i]), theirs[i] * (1 + 1e-4)) << one.at("id") << " order " << orders[i];
      if (orders[i] >= 8) {
        EXPECT_GE(total_divergence(one, orders[i]), theirs[i] * (1 - 1e-2)) << one.at("id");
      }
    }
    EXPECT_LE(epsilon(one), number_at(one, "/expected/rdp/epsilon") * (1 + 1e-4)) << one.at("id");
    EXPECT_GE(epsilon(one), number_at(one, "/expected/rdp/epsilon") * (1 - 1e-2)) << one.at("id");
  }
}

TEST(ReferenceRdp, ZeroConcentrated) {
  const std::vector<json> cases = reference_cases("zcdp_epsilon");
  EXPECT_EQ(cases.size(), 2u);
  for (const json& one : cases) {
    const Ledger ledger = ledger_of(ZeroConcentrated{number_at(one, "/inputs/rho")}, Neighbours::zero_out);
    const Bound ours = kAccountant->epsilon_bound(ledger, number_at(one, "/inputs/delta"));
    EXPECT_NEAR(ours.upper / number_at(one, "/expected/epsilon_continuous"), 1, 1e-9) << one.at("id");
    EXPECT_NEAR(ours.order.value() / number_at(one, "/expected/order"), 1, 1e-3) << one.at("id");
  }
}

TEST(ReferenceRdp, BallsAndBinsIsAboveItsBracket) {
  const json one = reference_case("dev-bnb-01");
  const Ledger ledger = ledger_of(BallsAndBins{100, Gaussian{1}}, Neighbours::add_or_remove_one);
  EXPECT_GE(kAccountant->epsilon(ledger, 1e-5), number_at(one, "/expected/bounds/lower"));
  EXPECT_LE(kAccountant->epsilon(ledger, 1e-5), 1.2) << "without bins, it is more than 4";
}

TEST(ReferenceRdp, ShuffledIsAboveItsLowerBound) {
  const json one = reference_case("dev-shuf-01");
  const Ledger ledger = ledger_of(Shuffled{100, Gaussian{0.5}}, Neighbours::zero_out);
  const Bound ours = kAccountant->epsilon_bound(ledger, 1e-6);
  EXPECT_GE(ours.upper, number_at(one, "/expected/epsilon_lower_bound_shuffle"));
  EXPECT_LE(ours.upper, 1.07 * number_at(one, "/expected/epsilon_deterministic_batches"));
  ASSERT_EQ(ours.notes.size(), 1u);
  EXPECT_NE(ours.notes[0].find("without amplification"), std::string::npos);
}

TEST(ReferenceRdp, OthersAreAboveTheFineMethod) {
  const json laplace = reference_case("dev-ev-07");
  EXPECT_GE(kAccountant->epsilon(ledger_of(PoissonSampled{0.1, Laplace{1}}, Neighbours::zero_out, 50), 1e-6),
            fine_method(laplace));
  const json discrete = reference_case("dev-ev-08");
  EXPECT_GE(kAccountant->epsilon(ledger_of(DiscreteLaplace{5, 1}, Neighbours::zero_out, 30), 1e-6),
            fine_method(discrete));
  const json mixture = reference_case("dev-ev-17");
  const Event mixed = MixtureOfGaussians{1, {{0, 0.5}, {1, 0.3}, {2, 0.2}}};
  EXPECT_GE(kAccountant->epsilon(ledger_of(mixed, Neighbours::zero_out, 10), 1e-5), fine_method(mixture));
  const json truncated = reference_case("dev-ev-18");
  const Event cut = TruncatedPoissonSampled{10000, 0.01, 130, Gaussian{1}};
  EXPECT_GE(kAccountant->epsilon(ledger_of(cut, Neighbours::add_or_remove_one, 1000), 1e-5), fine_method(truncated));
}

}  // namespace
}  // namespace dpml::renyi
