#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "dpml/accounting/accountant.h"

namespace dpml::tools {

using Json = nlohmann::ordered_json;

/// A number for JSON, which knows no infinity: "inf" then, as text.
Json json_number(double value);

/// epsilon, delta, accountant, neighbours and, where there is one, order.
Json json_guarantee(const Guarantee& guarantee);

void print_json(const Json& json);

/// Rounded up to four decimals, so that it may be claimed; "infinity".
std::string epsilon_text(double epsilon);

/// "epsilon 2.9987 at delta 1e-05 (add_or_remove_one, rdp)".
std::string guarantee_text(const Guarantee& guarantee);

/// Name and value in two columns.
void print_rows(std::initializer_list<std::pair<std::string, std::string>> rows);

}  // namespace dpml::tools
