#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/chain.h"

namespace dpml::tools {

using Json = nlohmann::ordered_json;

/// A number for JSON, which knows no infinity: "inf" then, as text.
Json json_number(double value);

/// epsilon, delta, accountant, neighbours and, where there are any, epsilon_lower, method, order and notes.
Json json_guarantee(const Guarantee& guarantee);

/// Of the people of earlier runs: unit, and as json_guarantee.
Json json_claims(std::span<const ClaimOfOthers> claims);

/// A line for each claim for people of earlier runs.
void print_claims_of_others(std::span<const ClaimOfOthers> claims);

/// Every text in it is shown as printable_lines has it.
void print_json(const Json& json);

/// Rounded outward, up for what is claimed and down for what is excluded: to four decimals, or four digits below 0.1;
/// "infinity".
std::string rounded_up(double value);
std::string rounded_down(double value);

/// "pld", or "best: pld" where another method than the accountant's own gave the number.
std::string method_text(const std::string& accountant, const std::string& method);

/// "epsilon 2.9987 at delta 1e-05 (add_or_remove_one, rdp)".
std::string guarantee_text(const Guarantee& guarantee);

/// "delta 2.3e-7 at epsilon 3 (add_or_remove_one, pld); no smaller delta than ...".
std::string delta_text(const Bound& delta, double epsilon, const std::string& accountant, Neighbours neighbours);

/// delta, delta_lower, epsilon, accountant, neighbours, method and, where there are any, order and notes.
Json json_delta(const Bound& delta, double epsilon, const std::string& accountant, Neighbours neighbours);

/// "; no smaller epsilon than 2.9981 holds for this schedule", or "" where nothing is known.
std::string lower_bound_text(const std::string& name, double lower);

/// A ledger's entries, a line each; of a long one the number alone.
std::string ledger_text(const Ledger& ledger);

void print_notes(std::span<const std::string> notes);

/// Name and value in two columns; values are shown as printable has them.
void print_rows(std::initializer_list<std::pair<std::string, std::string>> rows);

}  // namespace dpml::tools
