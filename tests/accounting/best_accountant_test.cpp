#include <gtest/gtest.h>

#include "dpml/accounting/accountant.h"
#include "schedules.h"

namespace dpml {
namespace {

const std::unique_ptr<Accountant> kBest = make_accountant("best");

TEST(Best, NamesTheAccountantWithTheSmallestAnswer) {
  Ledger gaussians(Neighbours::zero_out);
  gaussians.append(Gaussian{2}, 30);
  const Guarantee exact = kBest->guarantee(gaussians, 1e-6);
  EXPECT_EQ(exact.accountant, "best");
  EXPECT_EQ(exact.method, "gdp");
  EXPECT_EQ(exact.epsilon, make_accountant("gdp")->epsilon(gaussians, 1e-6));
  EXPECT_GT(exact.epsilon_lower, 0);
}

TEST(Best, IsNeverAboveAnybodyByMoreThanABillionth) {
  Ledger mixed(Neighbours::zero_out);
  mixed.append(Gaussian{2}, 30);
  mixed.append(EpsilonDelta{0.1, 1e-8}, 3);
  Ledger pure(Neighbours::zero_out);
  pure.append(EpsilonDelta{0.1, 0}, 3);
  for (const Ledger& ledger : {mixed, pure, ledger_of({0.01, 1, 1000})}) {
    const Bound best = kBest->epsilon_bound(ledger, 1e-6);
    const Bound best_delta = kBest->delta_bound(ledger, 1);
    EXPECT_LE(best.lower, best.upper);
    bool is_somebody = false;
    for (const std::string& name : accountant_names()) {
      try {
        EXPECT_LE(best.upper, make_accountant(name)->epsilon(ledger, 1e-6) * (1 + 2e-9)) << name;
        EXPECT_LE(best_delta.upper, make_accountant(name)->delta(ledger, 1) * (1 + 2e-9)) << name;
        is_somebody |= best.method == name;
      } catch (const UnsupportedEvent&) {
      }
    }
    EXPECT_TRUE(is_somebody) << best.method;
  }
}

TEST(Best, JoinsTheReasonsWhenNobodyCan) {
  Ledger ledger(Neighbours::add_or_remove_one);
  ledger.append(RandomizedResponse{0.5, 2});
  try {
    kBest->epsilon(ledger, 1e-5);
    FAIL() << "randomized response has no meaning under add_or_remove_one";
  } catch (const UnsupportedEvent& error) {
    for (const char* name : {"gdp", "rdp", "zcdp"}) {
      EXPECT_NE(std::string(error.what()).find(std::string("accountant ") + name), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace dpml
