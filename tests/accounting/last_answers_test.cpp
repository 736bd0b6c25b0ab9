#include "dpml/accounting/last_answers.h"

#include <gtest/gtest.h>

#include "dpml/accounting/calibration.h"
#include "schedules.h"

namespace dpml {
namespace {

/// Counts how often it is asked.
class CountingAccountant final : public Accountant {
 public:
  std::string_view name() const override { return "rdp"; }
  mutable int asked = 0;

 private:
  Bound find_epsilon(const Ledger& ledger, double delta) const override {
    ++asked;
    return rdp_->epsilon_bound(ledger, delta);
  }
  Bound find_delta(const Ledger& ledger, double epsilon) const override { return rdp_->delta_bound(ledger, epsilon); }

  std::unique_ptr<Accountant> rdp_ = make_accountant("rdp");
};

TEST(LastAnswers, AreThoseOfTheAccountantAskedOnce) {
  const CountingAccountant rdp;
  const LastAnswers last(rdp);
  const Ledger one = ledger_of({0.01, 1, 100});
  const Ledger other = ledger_of({0.01, 1, 101});
  const double at_first = last.epsilon(one, 1e-5);
  EXPECT_EQ(last.epsilon(one, 1e-5), at_first);
  EXPECT_EQ(rdp.asked, 1);
  EXPECT_EQ(last.epsilon(other, 1e-5), rdp.epsilon(other, 1e-5));
  EXPECT_EQ(last.epsilon(one, 1e-6), rdp.epsilon(one, 1e-6));
  EXPECT_EQ(last.epsilon(ledger_of({0.01, 1, 100}, Neighbours::zero_out), 1e-5), at_first);
  EXPECT_EQ(rdp.asked, 6) << "other ledgers, deltas and neighbours are other questions";
  EXPECT_EQ(last.delta(one, 2), rdp.delta(one, 2));
  EXPECT_EQ(last.guarantee(one, 1e-5).epsilon_lower, rdp.guarantee(one, 1e-5).epsilon_lower);
}

TEST(LastAnswers, HoldTheOneThatASearchEndsWith) {
  const CountingAccountant rdp;
  const LastAnswers last(rdp);
  const auto schedule = [](double noise) { return ledger_of({0.01, noise, 100}); };
  const double noise = calibrate_noise_multiplier(last, 1, 1e-5, schedule);
  const int asked = rdp.asked;
  EXPECT_LE(last.epsilon(schedule(noise), 1e-5), 1);
  EXPECT_EQ(rdp.asked, asked);
}

}  // namespace
}  // namespace dpml
