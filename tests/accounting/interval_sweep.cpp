// How wide are the intervals of "pld", and how long do they take? Random questions of five families, the same on every
// machine; scripts/sweep_accountant.sh builds and runs it.
// usage: accounting_sweep [CASES of each family]
// Prints every interval wider than 0.1 % of its upper end, then a line for each family. Exit code 1 when more than one
// case in fifty of a family is that wide.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>

#include "dice.h"
#include "dpml/accounting/accountant.h"
#include "dpml/base/text.h"

namespace dpml {
namespace {

constexpr double kWide = 1e-3;
constexpr double kMostWide = 0.02;
constexpr std::uint64_t kKey = 3;

struct Question {
  Event event;
  std::uint64_t count;
  double delta;
};

struct Family {
  std::string name;
  std::function<Question(Dice&)> draw;
};

Question training(Dice& dice, double least_rate, double most_rate, double least_noise, double most_noise,
                  double most_steps, double least_delta, double most_delta) {
  const double rate = dice.logarithmic(least_rate, most_rate);
  const double noise = dice.logarithmic(least_noise, most_noise);
  const auto steps = static_cast<std::uint64_t>(dice.count(most_steps));
  return {PoissonSampled{rate, Gaussian{noise}}, steps, dice.logarithmic(least_delta, most_delta)};
}

std::vector<Family> families() {
  return {
      {"training", [](Dice& dice) { return training(dice, 1e-5, 0.5, 0.3, 30, 1e6, 1e-12, 0.1); }},
      {"training, deltas down to 1e-200",
       [](Dice& dice) { return training(dice, 1e-8, 1, 0.3, 30, 1e6, 1e-200, 0.1); }},
      {"anything, deltas down to 1e-200",
       [](Dice& dice) { return training(dice, 1e-8, 1, 0.05, 1e4, 1e8, dice.coin() ? 1e-12 : 1e-200, 0.5); }},
      {"few releases", [](Dice& dice) { return training(dice, 1e-6, 1, 0.3, 10, 20, 1e-12, 0.1); }},
      {"balls and bins",
       [](Dice& dice) {
         const auto bins = static_cast<std::uint64_t>(1 + dice.count(1e4));
         const double noise = dice.logarithmic(0.4, 10);
         const auto epochs = static_cast<std::uint64_t>(dice.count(1000));
         return Question{BallsAndBins{bins, Gaussian{noise}}, epochs, dice.logarithmic(1e-10, 1e-2)};
       }},
  };
}

/// Whether few enough intervals are wide.
bool sweep(const Family& family, int cases) {
  Dice dice(kKey);
  const auto accountant = make_accountant("pld");
  int wide = 0;
  double widest = 0;
  double seconds = 0;
  double longest = 0;
  for (int i = 0; i < cases; ++i) {
    const Question question = family.draw(dice);
    Ledger ledger(Neighbours::add_or_remove_one);
    ledger.append(question.event, question.count);
    const std::clock_t started = std::clock();
    const Bound found = accountant->epsilon_bound(ledger, question.delta);
    const double took = static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC;
    seconds += took;
    longest = std::max(longest, took);
    const double width = found.upper > 0 ? (found.upper - found.lower) / found.upper : 0;
    widest = std::max(widest, width);
    if (width <= kWide) continue;
    ++wide;
    std::printf("  %s x %s at delta %s: [%.6g, %.6g] by %s\n", group_digits(question.count).c_str(),
                to_text(question.event).c_str(), to_text(question.delta).c_str(), found.lower, found.upper,
                found.method.c_str());
  }
  std::printf("%s: %d of %d wider than 0.1 %%, the widest %.2g; %.3f s each, at most %.2f s\n", family.name.c_str(),
              wide, cases, widest, seconds / cases, longest);
  std::fflush(stdout);
  return wide <= kMostWide * cases;
}

}  // namespace
}  // namespace dpml

int main(int argc, char** argv) {
  const int cases = argc > 1 ? std::atoi(argv[1]) : 400;
  if (cases < 1) {
    std::fprintf(stderr, "usage: accounting_sweep [CASES of each family, 400 if left away]\n");
    return 2;
  }
  bool is_narrow = true;
  for (const dpml::Family& family : dpml::families()) is_narrow &= dpml::sweep(family, cases);
  return is_narrow ? 0 : 1;
}
