#include "dpml/accounting/accountant.h"

#include "dpml/base/text.h"
#include "rdp_accountant.h"

namespace dpml {

Guarantee Accountant::guarantee(const Ledger& ledger, double delta) const {
  return {epsilon(ledger, delta), delta, ledger.neighbours(), std::string(name()), std::nullopt};
}

std::vector<std::string> accountant_names() {
  return {"rdp"};
}

std::unique_ptr<Accountant> make_accountant(std::string_view name) {
  if (name == "rdp") return std::make_unique<RdpAccountant>();
  throw ConfigError("accountant: \"" + std::string(name) + "\" is not known; expected " +
                    list_words(accountant_names()));
}

}  // namespace dpml
