#pragma once

#include <cstdint>
#include <vector>

namespace dpml::pld {

/// A number that is not negative, and how far it is from the mean of all: one of them has the digits.
struct RatioPlace {
  double number;
  double deviation;
  friend RatioPlace operator+(const RatioPlace& a, const RatioPlace& b) {
    return {a.number + b.number, a.deviation + b.deviation};
  }
};

/// Masses of a random number that is not negative and has a known mean, on nodes of a lattice of its own.
struct RatioMasses {
  std::vector<RatioPlace> nodes;  ///< they ascend
  std::vector<double> masses;     ///< >= 0
  double lost_mass = 0;           ///< of outcomes left out, from above; and their
  double lost_mean = 0;           ///< E[number; left out], likewise
  double error = 0;               ///< by which a mass may be wrong, relative
};

/// A bound in the convex order: E f(ours) is at least E f(truth) for every convex f (`above`), where what was left out
/// is added to it as the caller must; or at most that, for every convex f that is not negative (`below`).
enum class ConvexSide { above, below };

/// How fine, and how much may be left out.
struct RatioLattice {
  double step;  ///< of a node, compared with the number and with the deviation from the mean around it, in (0, 1)
  double cut;   ///< about what of all may be left out of the sum, counted with the sum over its mean
};

/// The sum of `count` independent log-normal numbers exp(mu z - mu^2 / 2), z standard normal, each of mean 1; mu > 0.
///
/// Sums are added to themselves, to their doubles and to one number. Above, a sum between two nodes is spread to them
/// with its mean kept; below, all sums between two nodes are merged to their mean. Either error is of second order in
/// the step. Nodes are one step apart relative to the number and, around the mean, to the standard deviation, so that a
/// tail over many orders of magnitude takes few of them; those of a part of the sum are no closer than matters in the
/// end. All terms are positive, so masses are relatively precise however small they are. Between a count and one with
/// fewer binary digits the convex order decides: the mean of more numbers is smaller in it, so of large counts only the
/// first digits matter, rounded to the safe side.
struct RatioSum {
  RatioMasses masses;
  double count;      ///< that was added up, at most `count` above, at least that below
  double deviation;  ///< standard deviation
  double least;      ///< a cell of a part of c numbers is at least step * least * sqrt(c / count) wide
};
RatioSum log_normal_sum(std::uint64_t count, double mu, const RatioLattice& lattice, ConvexSide side);

/// About how many additions and multiplications that takes.
double work_of_log_normal_sum(std::uint64_t count, double mu, const RatioLattice& lattice);

}  // namespace dpml::pld
