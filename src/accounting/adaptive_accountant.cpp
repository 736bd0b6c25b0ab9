#include <cmath>
#include <limits>

#include "dpml/accounting/chain.h"
#include "dpml/accounting/filter.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr double kMostEpsilon = 1e9;
constexpr double kLeastEpsilon = 1e-12;
constexpr double kLeastDelta = 1e-300;
constexpr int kHalvings = 100;       // the interval of doubles is used up long before
constexpr double kPrecision = 1e-9;  // relative

struct Method {
  std::string_view name;
  FilterMethod filter;
};
constexpr Method kMethods[] = {
    {"rdp filter", FilterMethod::rdp}, {"zcdp filter", FilterMethod::zcdp}, {"gdp filter", FilterMethod::gdp}};

class AdaptiveAccountant final : public Accountant {
 public:
  explicit AdaptiveAccountant(const Method& method) : method_(method) {}

  std::string_view name() const override { return method_.name; }
  bool is_quick() const override { return true; }

 private:
  bool lets_through(const Ledger& ledger, double epsilon, double delta) const {
    try {
      AdaptiveFilter filter({.epsilon = epsilon, .delta = delta, .neighbours = ledger.neighbours()}, method_.filter);
      for (const LedgerEntry& entry : ledger.entries()) filter.spend(entry.event, entry.count);
      return true;
    } catch (const PrivacyError&) {  // no room
      return false;
    } catch (const ConfigError&) {  // a budget too small for any event
      return false;
    }
  }

  /// The smallest number in [least, most], to kPrecision, at which `holds`; most must hold. What is returned holds.
  template <class Holds>
  static double smallest(double least, double most, const Holds& holds) {
    for (int i = 0; i < kHalvings && most > least * (1 + kPrecision); ++i) {
      const double middle = std::sqrt(least) * std::sqrt(most);
      (holds(middle) ? most : least) = middle;
    }
    return most;
  }

  Bound bound(double upper) const {
    return {.upper = upper,
            .method = std::string(method_.name),
            .notes = {"added up as for plans that were chosen on the way; it holds for a budget that was not chosen by "
                      "looking at what had been released"}};
  }

  Bound find_epsilon(const Ledger& ledger, double delta) const override {
    const auto holds = [&](double epsilon) { return delta > 0 && lets_through(ledger, epsilon, delta); };
    double most = 1;
    while (most <= kMostEpsilon && !holds(most)) most *= 8;
    if (most > kMostEpsilon) return bound(std::numeric_limits<double>::infinity());
    return bound(smallest(most > 1 ? most / 8 : kLeastEpsilon, most, holds));
  }

  Bound find_delta(const Ledger& ledger, double epsilon) const override {
    constexpr double kMostDelta = 0.999;
    const auto holds = [&](double delta) {
      return epsilon > 0 && lets_through(ledger, std::min(epsilon, 1e15), delta);
    };
    if (!holds(kMostDelta)) return bound(1);
    return bound(smallest(kLeastDelta, kMostDelta, holds));
  }

  Method method_;
};

}  // namespace

std::unique_ptr<Accountant> make_adaptive_accountant(std::string_view name) {
  std::vector<std::string> names;
  for (const Method& method : kMethods) {
    if (method.name == name) return std::make_unique<AdaptiveAccountant>(method);
    names.emplace_back(method.name);
  }
  throw ConfigError("accountant: \"" + printable(name) + "\" is not known; expected " + list_words(names));
}

}  // namespace dpml
