#include "dpml/accounting/audit_bounds.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "dpml/accounting/analytic_gaussian.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "numerics/binomial.h"
#include "numerics/normal.h"

namespace dpml {

namespace {

constexpr double kPrecision = 1e-10;
constexpr double kLargestEpsilon = 1e4;

void check_share(const char* what, double value, bool may_be_zero) {
  if ((value > 0 || (may_be_zero && value == 0)) && value < 1) return;
  throw ConfigError(std::string("audit bound: ") + what + " is " + to_text(value) + ", expected a number in " +
                    (may_be_zero ? "[0, 1)" : "(0, 1)"));
}

void check_at_most(const char* what, std::uint64_t value, std::uint64_t most) {
  if (value > most) {
    throw ConfigError(std::string("audit bound: ") + what + " is " + std::to_string(value) + ", expected at most " +
                      std::to_string(most));
  }
}

void check_guesses(const OneRunGuesses& guesses) {
  check_at_most("guesses", guesses.guesses, guesses.canaries);
  check_at_most("correct", guesses.correct, guesses.guesses);
}

/// The largest epsilon that `rejects`, from below; 0 when none does.
template <class Rejects>
double largest_rejected(const Rejects& rejects) {
  if (!rejects(0)) return 0;
  double low = 0;
  double high = 1;
  for (; rejects(high); high *= 2) {
    low = high;
    if (high > kLargestEpsilon) return low;
  }
  while (high - low > kPrecision * std::max(1.0, high)) {
    const double middle = 0.5 * (low + high);
    (rejects(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace

double clopper_pearson_upper(std::uint64_t successes, std::uint64_t trials, double significance) {
  check_at_most("successes", successes, trials);
  check_share("significance", significance, false);
  if (successes == trials) return 1;
  // P(X <= k) as the tail of the failures; in log-odds, where it is smooth at both ends.
  const auto n = static_cast<double>(trials);
  const double failures = n - static_cast<double>(successes);
  const double log_significance = std::log(significance);
  double low = -745;
  double high = 745;
  for (int i = 0; i < 100 && high - low > 1e-14; ++i) {
    const double middle = 0.5 * (low + high);
    const double p = 1 / (1 + std::exp(-middle));
    const double q = 1 / (1 + std::exp(middle));
    (numerics::log_binomial_tail(n, failures, q, p).upper > log_significance ? low : high) = middle;
  }
  return 1 / (1 + std::exp(-high));
}

double many_runs_epsilon(const AttackCounts& counts, double delta, double significance) {
  check_share("delta", delta, true);
  check_at_most("true positives", counts.true_positives, counts.positives);
  check_at_most("false positives", counts.false_positives, counts.negatives);
  if (counts.positives == 0 || counts.negatives == 0) {
    throw ConfigError("audit bound: no runs with, or none without the canary; both are needed");
  }
  const double misses =
      clopper_pearson_upper(counts.positives - counts.true_positives, counts.positives, significance / 2);
  const double alarms = clopper_pearson_upper(counts.false_positives, counts.negatives, significance / 2);
  const auto epsilon = [&](double one, double other) {
    return 1 - delta - one > 0 ? std::log((1 - delta - one) / other) : 0;
  };
  return std::max({0.0, epsilon(misses, alarms), epsilon(alarms, misses)});
}

double one_run_p_value(const OneRunGuesses& guesses, double epsilon, double delta) {
  check_guesses(guesses);
  check_share("delta", delta, true);
  if (!(epsilon >= 0)) throw ConfigError("audit bound: epsilon is " + to_text(epsilon) + ", expected at least 0");
  const auto tries = static_cast<double>(guesses.guesses);
  const auto correct = static_cast<double>(guesses.correct);
  const double p = 1 / (1 + std::exp(-epsilon));
  const double q = 1 / (1 + std::exp(epsilon));
  const double pure = std::exp(numerics::log_binomial_tail(tries, correct, p, q).upper);
  if (delta == 0) return pure;
  double sum = 0;
  double largest_mean = 0;
  for (double less = 1; less <= correct; ++less) {
    sum += std::exp(numerics::log_binomial_probability(tries, correct - less, p, q));
    largest_mean = std::max(largest_mean, sum / less);
  }
  return std::min(1.0, pure + 2 * static_cast<double>(guesses.canaries) * delta * largest_mean);
}

double one_run_epsilon(const OneRunGuesses& guesses, double delta, double significance) {
  check_share("significance", significance, false);
  return largest_rejected([&](double epsilon) { return one_run_p_value(guesses, epsilon, delta) < significance; });
}

bool one_run_rejects(const OneRunGuesses& guesses, double significance,
                     const std::function<double(double probability)>& least_probability) {
  check_guesses(guesses);
  check_share("significance", significance, false);
  if (guesses.canaries == 0) return false;
  const auto all = static_cast<double>(guesses.canaries);
  const auto tries = static_cast<double>(guesses.guesses);
  const auto correct = static_cast<double>(guesses.correct);
  double right = significance * correct / all;
  double wrong = significance * (tries - correct) / all;
  for (double i = correct - 1; i >= 0; --i) {
    const double next = std::max(wrong, least_probability(right));
    if (next == wrong) break;  // nothing changes from here on
    right = std::min(1.0, right + i / (tries - i) * (next - wrong));
    wrong = next;
  }
  return right + wrong > tries / all;
}

double one_run_epsilon_gaussian(const OneRunGuesses& guesses, double delta, double significance) {
  check_share("delta", delta, false);
  return largest_rejected([&](double epsilon) {
    const double mu = gaussian_mu(epsilon, delta).upper;
    return one_run_rejects(guesses, significance, [&](double probability) {
      return numerics::normal_tail(numerics::normal_tail_quantile(probability) + mu);
    });
  });
}

}  // namespace dpml
