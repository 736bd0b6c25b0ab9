#pragma once

// One line of the table in docs/accounting.md: what a case of reference/accounting.json says, what dpml says, and
// whether both can be true.

#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"

namespace dpml {

struct Comparison {
  std::string what;     ///< is compared
  std::string theirs;   ///< with its source
  std::string ours;     ///< [lower, upper], or one number
  std::string verdict;  ///< in words
  bool agrees;          ///< false only where ours would be wrong
};
using Comparisons = std::vector<Comparison>;

/// Ten digits.
std::string digits(double number);
/// Two digits: "3.1e-12".
std::string roughly(double number);
/// [lower, upper], or upper alone where nothing is known from below.
std::string digits(const Bound& bound);

/// The truth lies in [least, most]; `tightest` says how far above `most` ours may be.
Comparison against_bracket(const std::string& what, double least, double most, const std::string& others,
                           const Bound& ours);

/// The truth is `exact`, rounded to a double; ours may differ by `tolerance`, relative.
Comparison against_exact(const std::string& what, double exact, const std::string& source, const Bound& ours,
                         double tolerance);

/// Theirs is pessimistic, by at most `tolerance`, relative; ours is at most 0.1 % above it.
Comparison against_pessimistic(const std::string& what, double theirs, const std::string& source, const Bound& ours,
                               double tolerance);

/// Theirs holds, ours should be no larger, and not below `least`, which is certain. `why` theirs is larger.
Comparison no_larger(const std::string& what, double theirs, const std::string& source, const Bound& ours, double least,
                     const std::string& why);

/// Theirs is below what is certain.
Comparison theirs_is_wrong(const std::string& what, double theirs, const std::string& source, const Bound& ours,
                           const std::string& why);

/// A list of numbers, each equal to `tolerance`, relative.
Comparison equal_lists(const std::string& what, const std::vector<double>& theirs, const std::string& source,
                       const std::vector<double>& ours, double tolerance);

/// A list of numbers of which none of ours may be larger, and none smaller by more than `tolerance`, relative.
Comparison no_larger_lists(const std::string& what, const std::vector<double>& theirs, const std::string& source,
                           const std::vector<double>& ours, double tolerance, const std::string& why);

}  // namespace dpml
