// Any bytes as the text of a ledger: read and written back to the same ledger, or refused with a dpml::Error.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dpml/accounting/accountant.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// Epsilon of a ledger whoever made it: a number that is not negative, or a refusal.
void account(const dpml::Ledger& ledger) {
  static const auto accountant = dpml::make_accountant("zcdp");
  try {
    check(accountant->epsilon(ledger, 1e-5) >= 0);
  } catch (const dpml::UnsupportedEvent&) {  // allowed
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const dpml::Ledger ledger = dpml::parse_ledger(text, std::nullopt);
    check(dpml::parse_ledger(dpml::to_text(ledger)) == ledger);
    account(ledger);
  } catch (const dpml::Error&) {  // refused
  }
  try {
    const dpml::Event event = dpml::parse_event(text);
    check(dpml::parse_event(dpml::to_text(event)) == event);
  } catch (const dpml::Error&) {  // refused
  }
  return 0;
}
