// "pld" has an answer to whatever it may be asked, soon: no failure, no hang, over the whole range of every kind of
// event that it knows. What is right is for other tests. Fixed keys; a single miss is a fault.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "dice.h"
#include "dpml/accounting/accountant.h"
#include "dpml/base/text.h"
#include "reference_events.h"
#include "renyi/rdp_accountant.h"
#include "time_limit.h"

namespace dpml::pld {
namespace {

/// DPML_REPORT in the environment: every question, and a line with the answer, its seconds and its relative width.
bool wants_report() {
  return std::getenv("DPML_REPORT") != nullptr;
}

struct Question {
  Ledger ledger;
  double asked;
  bool is_epsilon_asked;
};

std::string describe(const Question& question) {
  std::string ledger = to_text(question.ledger);
  std::replace(ledger.begin(), ledger.end(), '\n', ' ');
  return ledger + (question.is_epsilon_asked ? "epsilon at delta " : "delta at epsilon ") + to_text(question.asked);
}

Bound answer(const Accountant& accountant, const Question& question) {
  return question.is_epsilon_asked ? accountant.epsilon_bound(question.ledger, question.asked)
                                   : accountant.delta_bound(question.ledger, question.asked);
}

void expect_endured(const Question& question) {
  const auto pld = make_accountant("pld");
  SCOPED_TRACE(describe(question));
  if (wants_report()) {
    std::printf("%s\n", describe(question).c_str());
    std::fflush(stdout);  // what is asked is said before it is answered, for those that hang
  }
  const double started = cpu_seconds();
  Bound ours{};
  try {
    ours = answer(*pld, question);
  } catch (const UnsupportedEvent&) {
    EXPECT_THROW(answer(renyi::RdpAccountant(), question), UnsupportedEvent) << "only pld refuses";
    return;
  }
  const double took = cpu_seconds() - started;
  EXPECT_LT(took, kMostSecondsOfAnswer);
  EXPECT_GE(ours.lower, 0);
  EXPECT_LE(ours.lower, ours.upper);  // neither is nan
  EXPECT_FALSE(ours.method.empty());
  if (!question.is_epsilon_asked) {
    EXPECT_LE(ours.upper, 1);
  }
  double theirs = std::numeric_limits<double>::infinity();
  try {
    theirs = answer(renyi::RdpAccountant(), question).upper;
  } catch (const UnsupportedEvent&) {
  }
  EXPECT_TRUE(std::isfinite(ours.upper) || !ours.notes.empty() || std::isinf(theirs)) << "infinite, and no word why";
  EXPECT_LE(ours.upper, theirs * (1 + 1e-9));
  if (wants_report()) {
    std::printf("%8.3f s, %9.3e wide, %s [%g, %g] %s\n", took, (ours.upper - ours.lower) / ours.upper,
                ours.method.c_str(), ours.lower, ours.upper, ours.notes.empty() ? "" : ours.notes.front().c_str());
  }
}

using Make = std::function<Ledger(Dice&)>;

/// `few` questions, with a key that makes them quick ones, or a hundred times as many with DPML_ALL_CASES in the
/// environment, which takes half an hour.
void expect_endured(std::uint64_t key, int few, const Make& make) {
  Dice dice(key);
  for (int i = 0; i < (wants_all_cases() ? 100 * few : few); ++i) {
    const Ledger ledger = make(dice);
    const bool is_epsilon_asked = dice.coin();
    const double delta = dice.logarithmic(dice.coin() ? 1e-12 : 1e-300, 0.5);
    const double epsilon = dice.logarithmic(1e-5, 1e4);
    expect_endured({ledger, is_epsilon_asked ? delta : epsilon, is_epsilon_asked});
  }
}

double rate(Dice& dice) {
  return dice.below(8) == 0 ? 1 : dice.logarithmic(1e-8, 1);
}

double noise(Dice& dice) {
  return dice.logarithmic(0.05, 1e4);
}

std::uint64_t steps(Dice& dice) {
  return static_cast<std::uint64_t>(dice.count(1e8));
}

Neighbours neighbours(Dice& dice) {
  switch (dice.below(3)) {
    case 0:
      return Neighbours::add_or_remove_one;
    case 1:
      return Neighbours::replace_one;
    default:
      return Neighbours::zero_out;
  }
}

TEST(PldEndurance, SampledGaussians) {
  expect_endured(301, 8, [](Dice& dice) {
    const double q = rate(dice);
    return ledger_of(PoissonSampled{q, Gaussian{noise(dice)}}, neighbours(dice), steps(dice));
  });
}

// Where training is: what most people ask.
TEST(PldEndurance, SampledGaussiansOfUsualSizes) {
  expect_endured(302, 8, [](Dice& dice) {
    const double q = dice.logarithmic(1e-5, 0.5);
    const double s = dice.logarithmic(0.3, 30);
    return ledger_of(PoissonSampled{q, Gaussian{s}}, neighbours(dice), static_cast<std::uint64_t>(dice.count(1e6)));
  });
}

TEST(PldEndurance, Laplace) {
  expect_endured(1303, 4, [](Dice& dice) {
    const Laplace laplace{noise(dice)};
    const Event event = dice.coin() ? Event(laplace) : Event(PoissonSampled{rate(dice), laplace});
    return ledger_of(event, neighbours(dice), steps(dice));
  });
}

TEST(PldEndurance, NoiseOnIntegers) {
  expect_endured(304, 3, [](Dice& dice) {
    const double scale = dice.logarithmic(0.05, 1e3);
    const auto moved = static_cast<std::uint64_t>(dice.count(100));
    const Event inner = dice.coin() ? Event(DiscreteGaussian{scale, moved}) : Event(DiscreteLaplace{scale, moved});
    const Event event = dice.coin() ? inner : Event(PoissonSampled{rate(dice), inner});
    return ledger_of(event, neighbours(dice), steps(dice));
  });
}

TEST(PldEndurance, Claims) {
  expect_endured(305, 4, [](Dice& dice) {
    const double epsilon = dice.logarithmic(1e-6, 50);
    const EpsilonDelta claim{epsilon, dice.coin() ? 0 : dice.logarithmic(1e-100, 0.1)};
    const Event inner = dice.coin() ? Event(claim) : Event(ExponentialMechanism{epsilon});
    const Event event = dice.coin() ? inner : Event(PoissonSampled{rate(dice), inner});
    return ledger_of(event, neighbours(dice), steps(dice));
  });
}

TEST(PldEndurance, RandomizedResponse) {
  expect_endured(306, 3, [](Dice& dice) {
    const RandomizedResponse event{dice.logarithmic(1e-8, 1), static_cast<std::uint64_t>(1 + dice.count(1e6))};
    return ledger_of(event, Neighbours::replace_one, steps(dice));
  });
}

TEST(PldEndurance, Mixtures) {
  expect_endured(307, 4, [](Dice& dice) {
    MixtureOfGaussians event{noise(dice), {}};
    double rest = 1;
    for (int i = dice.below(5); i >= 0; --i) {
      const double part = i == 0 ? rest : rest * dice.logarithmic(1e-8, 1);
      event.components.push_back({dice.coin() ? 0 : dice.logarithmic(1e-3, 10), part});
      rest -= part;
    }
    return ledger_of(event, dice.coin() ? Neighbours::add_or_remove_one : Neighbours::zero_out, steps(dice));
  });
}

TEST(PldEndurance, BallsAndBins) {
  expect_endured(308, 1, [](Dice& dice) {
    const BallsAndBins event{static_cast<std::uint64_t>(1 + dice.count(1e6)), Gaussian{noise(dice)}};
    return ledger_of(event, dice.coin() ? Neighbours::add_or_remove_one : Neighbours::zero_out, steps(dice));
  });
}

TEST(PldEndurance, TruncatedPoisson) {
  expect_endured(309, 4, [](Dice& dice) {
    const double units = dice.count(1e9);
    const double q = rate(dice);
    const auto most = static_cast<std::uint64_t>(std::max(1.0, std::floor(units * q * dice.logarithmic(0.5, 4))));
    return ledger_of(TruncatedPoissonSampled{static_cast<std::uint64_t>(units), q, most, Gaussian{noise(dice)}},
                     neighbours(dice), steps(dice));
  });
}

TEST(PldEndurance, SamplesOfFixedSize) {
  expect_endured(310, 3, [](Dice& dice) {
    const double units = dice.count(1e9);
    const double taken = std::max(1.0, std::floor(units * rate(dice)));
    return ledger_of(SampledWithoutReplacement{static_cast<std::uint64_t>(units), static_cast<std::uint64_t>(taken),
                                               Gaussian{noise(dice)}},
                     Neighbours::replace_one, steps(dice));
  });
}

TEST(PldEndurance, SeveralKindsTogether) {
  expect_endured(2511, 3, [](Dice& dice) {
    Ledger ledger(Neighbours::add_or_remove_one);
    for (int i = 1 + dice.below(4); i >= 0; --i) {
      const double s = noise(dice);
      Event inner = Gaussian{s};
      if (dice.below(3) == 0) inner = Laplace{s};
      if (dice.below(3) == 0) inner = EpsilonDelta{dice.logarithmic(1e-5, 10), dice.logarithmic(1e-30, 1e-3)};
      const Event event = dice.coin() ? inner : Event(PoissonSampled{rate(dice), inner});
      ledger.append(event, steps(dice));
    }
    return ledger;
  });
}

}  // namespace
}  // namespace dpml::pld
