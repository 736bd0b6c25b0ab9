#include "output.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "dpml/base/text.h"

namespace dpml::tools {

Json json_number(double value) {
  if (std::isfinite(value)) return value;
  return to_text(value);
}

Json json_guarantee(const Guarantee& guarantee) {
  Json json = {{"epsilon", json_number(guarantee.epsilon)},
               {"delta", json_number(guarantee.delta)},
               {"accountant", printable(guarantee.accountant)},
               {"neighbours", to_text(guarantee.neighbours)}};
  if (!guarantee.method.empty()) {  // a claim that was read from a file has neither
    json["epsilon_lower"] = json_number(guarantee.epsilon_lower);
    json["method"] = guarantee.method;
  }
  if (!guarantee.notes.empty()) json["notes"] = guarantee.notes;
  if (guarantee.order) json["order"] = *guarantee.order;
  return json;
}

namespace {

/// Every text in it as printable_lines has it, so that it is UTF-8 and harmless where a program shows it.
void make_printable(Json& json) {
  if (json.is_string()) {
    json = printable_lines(json.get_ref<const std::string&>());
  } else if (json.is_structured()) {
    for (Json& element : json) make_printable(element);
  }
}

}  // namespace

void print_json(const Json& json) {
  Json safe = json;
  make_printable(safe);
  std::cout << safe.dump(2) << "\n";
}

namespace {

/// The decimal text next to `value` that is not on the wrong side of it. Comparisons are in long double, which tells
/// 0.1 from the double beside it.
std::string rounded_outward(double value, bool up) {
  if (std::isinf(value)) return "infinity";
  if (value == 0) return "0";
  if (value >= 1e6) return to_text(value);
  const int decimals = value < 0.1 ? 3 - static_cast<int>(std::floor(std::log10(value))) : 4;
  const double step = std::pow(10.0, -decimals);
  const long double truth = value;
  std::array<char, 64> text{};
  for (const int move : {-1, 0, 1, 2}) {  // half steps
    const double candidate = value + (up ? move : -move) * step / 2;
    std::snprintf(text.data(), text.size(), value < 1e-4 ? "%.*e" : "%.*f", value < 1e-4 ? 3 : decimals, candidate);
    const long double shown = std::strtold(text.data(), nullptr);
    if (up ? shown >= truth : shown <= truth) break;
  }
  return text.data();
}

}  // namespace

std::string rounded_up(double value) {
  return rounded_outward(value, true);
}

std::string rounded_down(double value) {
  return rounded_outward(value, false);
}

std::string method_text(const std::string& accountant, const std::string& method) {
  return method.empty() || method == accountant ? accountant : accountant + ": " + method;
}

std::string guarantee_text(const Guarantee& guarantee) {
  return "epsilon " + rounded_up(guarantee.epsilon) + " at delta " + to_text(guarantee.delta) + " (" +
         to_text(guarantee.neighbours) + ", " + printable(method_text(guarantee.accountant, guarantee.method)) + ")";
}

Json json_claims(std::span<const ClaimOfOthers> claims) {
  Json json = Json::array();
  for (const ClaimOfOthers& others : claims) {
    Json claim = {{"unit", printable(others.unit)}};
    claim.update(json_guarantee(others.claim));
    json.push_back(std::move(claim));
  }
  return json;
}

void print_claims_of_others(std::span<const ClaimOfOthers> claims) {
  for (const ClaimOfOthers& others : claims) {
    std::cout << "  others     " << guarantee_text(others.claim) << "; unit: " << printable(others.unit)
              << " (people of earlier runs)\n";
  }
}

std::string lower_bound_text(const std::string& name, double lower) {
  if (!(lower > 0) || std::isinf(lower)) return "";
  return "; no smaller " + name + " than " + rounded_down(lower) + " holds for this schedule";
}

std::string delta_text(const Bound& delta, double epsilon, const std::string& accountant, Neighbours neighbours) {
  return "delta " + rounded_up(delta.upper) + " at epsilon " + to_text(epsilon) + " (" + to_text(neighbours) + ", " +
         method_text(accountant, delta.method) + ")" + lower_bound_text("delta", delta.lower);
}

Json json_delta(const Bound& delta, double epsilon, const std::string& accountant, Neighbours neighbours) {
  Json json = {{"delta", delta.upper},     {"delta_lower", delta.lower},        {"epsilon", json_number(epsilon)},
               {"accountant", accountant}, {"neighbours", to_text(neighbours)}, {"method", delta.method}};
  if (!delta.notes.empty()) json["notes"] = delta.notes;
  if (delta.order) json["order"] = *delta.order;
  return json;
}

std::string ledger_text(const Ledger& ledger) {
  constexpr std::size_t kMostLines = 8;
  std::string text;
  for (const LedgerEntry& entry : ledger.entries()) {
    if (ledger.entries().size() > kMostLines) break;
    text += "  " + group_digits(entry.count) + " x " + to_text(entry.event) + "\n";
  }
  if (!text.empty() || ledger.releases() == 0) return text;
  return "  " + counted(ledger.releases(), "release") + " of " + counted(std::ssize(ledger.entries()), "kind") +
         ", one after the other\n";
}

void print_notes(std::span<const std::string> notes) {
  for (const std::string& note : notes) std::cout << "  note: " << printable(note) << "\n";
}

void print_rows(std::initializer_list<std::pair<std::string, std::string>> rows) {
  std::size_t width = 0;
  for (const auto& [name, value] : rows) width = std::max(width, name.size());
  for (const auto& [name, value] : rows) {
    std::cout << name << std::string(width + 2 - name.size(), ' ') << printable(value) << "\n";
  }
}

}  // namespace dpml::tools
