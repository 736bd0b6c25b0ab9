#pragma once

#include <cstdint>
#include <functional>

namespace dpml {

// Lower bounds of epsilon from what an attack got right: with probability 1 - significance over the run, no smaller
// epsilon holds at `delta`. They prove nothing from above: 0 means that the attack learned nothing. What is attacked,
// how, and how many guesses are made must be fixed before the outcome is seen. significance and delta are in (0, 1) and
// [0, 1); counts that contradict one another are ConfigErrors.

/// The largest probability, of `trials` independent ones, under which `successes` or fewer still happen with
/// probability `significance` (Clopper and Pearson 1934, one side); 1 when all succeeded.
double clopper_pearson_upper(std::uint64_t successes, std::uint64_t trials, double significance);

/// Many independent runs, with the canary and without.
struct AttackCounts {
  std::uint64_t true_positives;   ///< "with" said, and right
  std::uint64_t positives;        ///< runs with; >= 1
  std::uint64_t false_positives;  ///< "with" said, and wrong
  std::uint64_t negatives;        ///< runs without; >= 1
};

/// max(log((1 - delta - FNR) / FPR), log((1 - delta - FPR) / FNR), 0), each rate at its Clopper-Pearson bound at
/// significance / 2 (Nasr et al. 2021).
double many_runs_epsilon(const AttackCounts& counts, double delta, double significance);

/// One run with many canaries, each included by a fair coin of its own.
struct OneRunGuesses {
  std::uint64_t canaries;  ///< all that coins were thrown for
  std::uint64_t guesses;   ///< guessed in or out, the rest abstained; <= canaries
  std::uint64_t correct;   ///< <= guesses
};

/// How likely so many correct guesses are at most when the run is (epsilon, delta)-private (Steinke, Nasr and Jagielski
/// 2023, Theorem 5.2); in [0, 1].
double one_run_p_value(const OneRunGuesses& guesses, double epsilon, double delta);

/// The largest epsilon, to 1e-9, whose p-value is below significance.
double one_run_epsilon(const OneRunGuesses& guesses, double delta, double significance);

/// Whether the run contradicts a trade-off curve (Mahloujifar, Melis and Chaudhuri 2024, with their notion of cap):
/// `least_probability` maps a probability x to f(1 - x): the least probability, under the other neighbour, of an event
/// that has probability x. For mu-Gaussian privacy that is Phi(Phi^-1(x) - mu).
bool one_run_rejects(const OneRunGuesses& guesses, double significance,
                     const std::function<double(double probability)>& least_probability);

/// The largest epsilon, to 1e-9, at which the Gaussian with that epsilon and delta (in (0, 1)) is rejected. Valid for
/// runs whose trade-off curve lies above that Gaussian's: full-batch Gaussians, not sampled ones, for which give
/// one_run_rejects the run's own curve.
double one_run_epsilon_gaussian(const OneRunGuesses& guesses, double delta, double significance);

}  // namespace dpml
