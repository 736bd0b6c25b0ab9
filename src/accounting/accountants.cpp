#include <utility>

#include "best_accountant.h"
#include "closed_forms/gdp_accountant.h"
#include "dpml/accounting/accountant.h"
#include "dpml/base/text.h"
#include "pld/pld_accountant.h"
#include "renyi/rdp_accountant.h"
#include "renyi/zcdp_accountant.h"

namespace dpml {

namespace {

constexpr double kSmallestGap = 1e-9;
constexpr double kLargestGap = 0.1;

/// Everyone but "best", in the order in which it asks: exact first, quick first.
std::vector<std::unique_ptr<Accountant>> all_accountants(double relative_gap) {
  std::vector<std::unique_ptr<Accountant>> accountants;
  accountants.push_back(std::make_unique<closed_forms::GdpAccountant>());
  accountants.push_back(std::make_unique<pld::PldAccountant>(relative_gap));
  accountants.push_back(std::make_unique<renyi::RdpAccountant>());
  accountants.push_back(std::make_unique<renyi::ZcdpAccountant>());
  return accountants;
}

}  // namespace

std::vector<std::string> accountant_names() {
  std::vector<std::string> names;
  for (const std::unique_ptr<Accountant>& accountant : all_accountants(kRelativeGap))
    names.emplace_back(accountant->name());
  names.emplace_back("best");
  return names;
}

bool has_relative_gap(std::string_view name) {
  return name == "pld" || name == "best";
}

std::unique_ptr<Accountant> make_accountant(std::string_view name, double relative_gap) {
  if (!(relative_gap >= kSmallestGap && relative_gap <= kLargestGap)) {
    throw ConfigError("accountant " + std::string(name) + ": relative gap is " + to_text(relative_gap) +
                      ", expected a number from 1e-9 to 0.1: how wide [lower, upper] may be, in parts of upper");
  }
  std::vector<std::unique_ptr<Accountant>> accountants = all_accountants(relative_gap);
  if (name == "best") return std::make_unique<BestAccountant>(std::move(accountants));
  for (std::unique_ptr<Accountant>& accountant : accountants) {
    if (accountant->name() == name) return std::move(accountant);
  }
  throw ConfigError("accountant: \"" + std::string(name) + "\" is not known; expected " +
                    list_words(accountant_names()));
}

}  // namespace dpml
