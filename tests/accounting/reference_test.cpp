// The cases of reference/accounting.json, each at the tolerance its note states.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "dpml/accounting/calibration.h"
#include "dpml/accounting/renyi.h"
#include "renyi_twins.h"
#include "schedules.h"

namespace dpml {
namespace {

using nlohmann::json;

const std::unique_ptr<Accountant> kAccountant = make_accountant("rdp");

std::vector<json> cases_of_kind(const std::string& kind) {
  std::ifstream file(DPML_TEST_DATA "/accounting/reference/accounting.json");
  std::vector<json> found;
  for (const json& one : json::parse(file)) {
    if (one.at("kind") == kind && one.at("inputs").at("neighboring_relation") == "ADD_OR_REMOVE_ONE") {
      found.push_back(one);
    }
  }
  return found;
}

double number(const json& one, const char* path) {
  return one.at(json::json_pointer(path)).get<double>();
}

PoissonSteps schedule(const json& one) {
  return {number(one, "/inputs/q"), number(one, "/inputs/sigma"), one.at("inputs").at("steps").get<std::uint64_t>()};
}

/// epsilon and delta by Proposition 12 of Canonne, Kamath and Steinke 2020 at one order, from the slow twin. A source
/// that tries few orders, or overstates the divergence at real ones, gets more than dpml; this tells why dpml may say
/// less.
double slow_divergence(const PoissonSteps& given, double order) {
  if (given.sampling_rate == 1)
    return static_cast<double>(given.steps) * order / std::pow(given.noise_multiplier, 2) / 2;
  return static_cast<double>(given.steps) *
         divergence_by_trapezoids(given.sampling_rate, given.noise_multiplier, order);
}
double slow_epsilon(const PoissonSteps& given, double delta, double order) {
  return slow_divergence(given, order) + std::log1p(-1 / order) - std::log(delta * order) / (order - 1);
}
double slow_delta(const PoissonSteps& given, double epsilon, double order) {
  return std::exp((order - 1) * (slow_divergence(given, order) - epsilon + std::log1p(-1 / order))) / order;
}

TEST(Reference, RenyiDivergenceOfTheSampledGaussian) {
  const std::vector<json> cases = cases_of_kind("rdp_sampled_gaussian");
  EXPECT_EQ(cases.size(), 10u);
  for (const json& one : cases) {
    const PoissonSteps given = schedule(one);
    const auto orders = one.at("inputs").at("orders").get<std::vector<double>>();
    const auto exact = one.at("expected").at("rdp_exact").get<std::vector<double>>();
    ASSERT_EQ(orders.size(), exact.size());
    for (std::size_t i = 0; i < orders.size(); ++i) {
      const double ours = static_cast<double>(given.steps) *
                          renyi_divergence(PoissonSampled{given.sampling_rate, Gaussian{given.noise_multiplier}},
                                           Neighbours::add_or_remove_one, orders[i]);
      EXPECT_NEAR(ours / exact[i], 1, orders[i] == std::floor(orders[i]) ? 1e-9 : 1e-7)
          << one.at("id") << " order " << orders[i];
    }
  }
}

TEST(Reference, EpsilonByRdp) {
  const std::vector<json> cases = cases_of_kind("epsilon_rdp");
  EXPECT_EQ(cases.size(), 8u);
  for (const json& one : cases) {
    const Guarantee ours = kAccountant->guarantee(ledger_of(schedule(one)), number(one, "/inputs/delta"));
    EXPECT_NEAR(ours.epsilon / number(one, "/expected/exact_rdp/continuous/epsilon"), 1, 1e-7) << one.at("id");
    EXPECT_NEAR(ours.order.value() / number(one, "/expected/exact_rdp/continuous/order"), 1, 1e-3) << one.at("id");
    EXPECT_LE(ours.epsilon, number(one, "/expected/exact_rdp/default_orders/epsilon") * (1 + 1e-9)) << one.at("id");
  }
}

TEST(Reference, DeltaByRdp) {
  const std::vector<json> cases = cases_of_kind("delta_rdp");
  EXPECT_EQ(cases.size(), 3u);
  for (const json& one : cases) {
    const double theirs = number(one, "/expected/dp_accounting/delta");
    const double ours = kAccountant->delta(ledger_of(schedule(one)), number(one, "/inputs/epsilon"));
    EXPECT_LE(ours, theirs * (1 + 1e-6)) << one.at("id");
    double slow = 1;
    for (double order = 1.5; order < 9; order += 0.01) {
      slow = std::min(slow, slow_delta(schedule(one), number(one, "/inputs/epsilon"), order));
    }
    EXPECT_LE(ours, slow * (1 + 1e-9)) << one.at("id");
    EXPECT_GT(ours, slow * (1 - 1e-4)) << one.at("id");
  }
}

TEST(Reference, CalibratedNoiseByRdp) {
  const std::vector<json> cases = cases_of_kind("calibrate_sigma");
  EXPECT_EQ(cases.size(), 5u);
  for (const json& one : cases) {
    const double target = number(one, "/inputs/target_epsilon");
    const double delta = number(one, "/inputs/target_delta");
    const auto ledger = [&](double noise) {
      return ledger_of({number(one, "/inputs/q"), noise, one.at("inputs").at("steps").get<std::uint64_t>()});
    };
    const double ours = calibrate_noise_multiplier(*kAccountant, target, delta, ledger);
    const double theirs = number(one, "/expected/rdp/sigma");
    EXPECT_LE(ours, theirs * (1 + 1e-6)) << one.at("id");
    const Guarantee claim = kAccountant->guarantee(ledger(ours), delta);
    const PoissonSteps found = {number(one, "/inputs/q"), ours, one.at("inputs").at("steps").get<std::uint64_t>()};
    EXPECT_LE(slow_epsilon(found, delta, claim.order.value()), target) << one.at("id");
    EXPECT_GT(ours, number(one, "/expected/pld/sigma")) << one.at("id") << ": below the truth";
    EXPECT_LE(kAccountant->epsilon(ledger(ours), delta), target) << one.at("id");
  }
}

}  // namespace
}  // namespace dpml
