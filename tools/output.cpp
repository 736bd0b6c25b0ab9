#include "output.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "dpml/base/text.h"

namespace dpml::tools {

Json json_number(double value) {
  if (std::isfinite(value)) return value;
  return to_text(value);
}

Json json_guarantee(const Guarantee& guarantee) {
  Json json = {{"epsilon", json_number(guarantee.epsilon)},
               {"delta", guarantee.delta},
               {"accountant", guarantee.accountant},
               {"neighbours", to_text(guarantee.neighbours)}};
  if (guarantee.order) json["order"] = *guarantee.order;
  return json;
}

void print_json(const Json& json) {
  std::cout << json.dump(2) << "\n";
}

std::string epsilon_text(double epsilon) {
  if (std::isinf(epsilon)) return "infinity";
  if (epsilon >= 1e6) return to_text(epsilon);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4f", std::ceil(epsilon * 1e4) / 1e4);
  return text.data();
}

std::string guarantee_text(const Guarantee& guarantee) {
  return "epsilon " + epsilon_text(guarantee.epsilon) + " at delta " + to_text(guarantee.delta) + " (" +
         to_text(guarantee.neighbours) + ", " + guarantee.accountant + ")";
}

void print_rows(std::initializer_list<std::pair<std::string, std::string>> rows) {
  std::size_t width = 0;
  for (const auto& [name, value] : rows) width = std::max(width, name.size());
  for (const auto& [name, value] : rows) {
    std::cout << name << std::string(width + 2 - name.size(), ' ') << value << "\n";
  }
}

}  // namespace dpml::tools
