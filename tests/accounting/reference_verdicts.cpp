#include "reference_verdicts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace dpml {

namespace {

constexpr double kRounding = 1e-9;  // theirs are doubles of unknown rounding
constexpr double kTight = 1.001;

std::string formatted(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

std::string with_source(const std::string& number, const std::string& source) {
  return number + " (" + source + ")";
}

std::string equal_to(double difference) {
  return difference == 0 ? "equal" : "equal to " + roughly(difference);
}

std::string difference_of(double difference) {
  return difference == 0 ? "no difference" : "largest relative difference " + roughly(difference);
}

std::string count(const std::vector<double>& numbers) {
  return std::to_string(numbers.size()) + " values";
}

}  // namespace

std::string digits(double number) {
  return formatted("%.10g", number);
}

std::string roughly(double number) {
  std::string text = formatted("%.1e", number);
  const std::size_t exponent = text.find('e') + 2;
  if (text[exponent] == '0') text.erase(exponent, 1);
  return text;
}

std::string digits(const Bound& bound) {
  if (!(bound.lower > 0)) return digits(bound.upper);
  if (digits(bound.lower) == digits(bound.upper)) return digits(bound.upper);
  return "[" + digits(bound.lower) + ", " + digits(bound.upper) + "]";
}

Comparison against_bracket(const std::string& what, double least, double most, const std::string& others,
                           const Bound& ours) {
  Comparison made{.what = what,
                  .theirs = "[" + digits(least) + ", " + digits(most) + "]" + others,
                  .ours = digits(ours),
                  .verdict = "overlaps the bracket",
                  .agrees = ours.lower <= most && ours.upper >= least && ours.upper <= most * kTight};
  if (ours.upper <= most && ours.lower >= least) made.verdict = "inside the bracket";
  if (ours.upper >= most && ours.lower <= least) made.verdict = "holds the bracket";
  if (ours.lower > 0) made.verdict += ", " + roughly(ours.upper / ours.lower - 1) + " wide";
  return made;
}

Comparison against_exact(const std::string& what, double exact, const std::string& source, const Bound& ours,
                         double tolerance) {
  double difference = std::fabs(ours.upper / exact - 1);
  if (ours.lower > 0) difference = std::max(difference, std::fabs(ours.lower / exact - 1));
  return {.what = what,
          .theirs = with_source(digits(exact), source),
          .ours = digits(ours),
          .verdict = equal_to(difference),
          .agrees = difference <= tolerance};
}

Comparison against_pessimistic(const std::string& what, double theirs, const std::string& source, const Bound& ours,
                               double tolerance) {
  const double difference = ours.upper / theirs - 1;
  std::string verdict = difference > 0 ? roughly(difference) + " above theirs" : roughly(-difference) + " tighter";
  if (difference == 0) verdict = "equal";
  if (ours.lower > 0) verdict += ", certified from both sides";
  return {.what = what,
          .theirs = with_source(digits(theirs), source),
          .ours = digits(ours),
          .verdict = verdict,
          .agrees = ours.lower <= theirs * (1 + kRounding) && difference >= -tolerance && difference < kTight - 1};
}

Comparison no_larger(const std::string& what, double theirs, const std::string& source, const Bound& ours, double least,
                     const std::string& why) {
  const double smaller = 1 - ours.upper / theirs;
  return {.what = what,
          .theirs = with_source(digits(theirs), source),
          .ours = digits(ours),
          .verdict = smaller > kRounding ? roughly(smaller) + " tighter: " + why : equal_to(std::fabs(smaller)),
          .agrees = smaller >= -1e-7 && ours.upper >= least * (1 - kRounding)};
}

Comparison theirs_is_wrong(const std::string& what, double theirs, const std::string& source, const Bound& ours,
                           const std::string& why) {
  return {.what = what,
          .theirs = with_source(digits(theirs), source),
          .ours = digits(ours),
          .verdict = "theirs is wrong: " + why,
          .agrees = ours.lower > theirs};
}

Comparison equal_lists(const std::string& what, const std::vector<double>& theirs, const std::string& source,
                       const std::vector<double>& ours, double tolerance) {
  double largest = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const double difference = theirs[i] == ours[i] ? 0 : std::fabs(ours[i] / theirs[i] - 1);
    largest = std::max(largest, difference);
  }
  return {.what = what,
          .theirs = with_source(count(theirs), source),
          .ours = difference_of(largest),
          .verdict = equal_to(tolerance),
          .agrees = theirs.size() == ours.size() && largest <= tolerance};
}

Comparison no_larger_lists(const std::string& what, const std::vector<double>& theirs, const std::string& source,
                           const std::vector<double>& ours, double tolerance, const std::string& why) {
  double least = 1;
  double most = 0;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    least = std::min(least, ours[i] / theirs[i]);
    most = std::max(most, ours[i] / theirs[i]);
  }
  return {.what = what,
          .theirs = with_source(count(theirs), source),
          .ours = difference_of(std::max(1 - least, most - 1)),
          .verdict = (most > 1 + kRounding ? "larger by at most " + roughly(most - 1) : "never larger") + ": " + why,
          .agrees = theirs.size() == ours.size() && most <= 1 + 1e-4 && least >= 1 - tolerance};
}

}  // namespace dpml
