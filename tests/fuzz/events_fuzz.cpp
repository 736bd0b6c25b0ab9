// Any bytes as the text of a ledger: read and written back to the same ledger, or refused with a dpml::Error. A ledger
// is asked for its epsilon or delta, at extreme ones, too: every accountant has an answer or refuses by name.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "dpml/accounting/accountant.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// One question to one accountant; which ones, the text decides.
void account(const dpml::Ledger& ledger, std::size_t choice) {
  constexpr std::array<const char*, 4> names{"pld", "rdp", "zcdp", "gdp"};
  constexpr std::array deltas{1e-5, 0.0, 1e-300, 0.5, 0.9999, 1 - 0x1p-53};
  constexpr std::array epsilons{1.0, 0.0, 1e-300, 1e-7, 1e300, 700.0};
  const auto take = [&](const auto& all) {
    const auto& taken = all[choice % all.size()];
    choice /= all.size();
    return taken;
  };
  const auto accountant = dpml::make_accountant(take(names));
  const bool is_epsilon_asked = choice % 2 == 0;
  choice /= 2;
  try {
    const dpml::Bound found = is_epsilon_asked ? accountant->epsilon_bound(ledger, take(deltas))
                                               : accountant->delta_bound(ledger, take(epsilons));
    check(found.lower >= 0 && found.lower <= found.upper);
    check(is_epsilon_asked || found.upper <= 1);
  } catch (const dpml::UnsupportedEvent&) {  // allowed
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const dpml::Ledger ledger = dpml::parse_ledger(text, std::nullopt);
    check(dpml::parse_ledger(dpml::to_text(ledger)) == ledger);
    account(ledger, std::hash<std::string_view>{}(text));
  } catch (const dpml::Error&) {  // refused
  }
  try {
    const dpml::Event event = dpml::parse_event(text);
    check(dpml::parse_event(dpml::to_text(event)) == event);
  } catch (const dpml::Error&) {  // refused
  }
  return 0;
}
