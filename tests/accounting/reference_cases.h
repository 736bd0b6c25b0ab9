#pragma once

// Reads reference/accounting.json, the cases of other implementations (reference/README.md).

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "dpml/accounting/event.h"

namespace dpml {

using nlohmann::json;

/// All cases of a kind; only those of one "neighboring_relation" where one is given.
inline std::vector<json> reference_cases(const std::string& kind, const std::string& relation = "") {
  std::ifstream file(DPML_TEST_DATA "/accounting/reference/accounting.json");
  std::vector<json> found;
  for (const json& one : json::parse(file)) {
    if (one.at("kind") != kind) continue;
    if (!relation.empty() && one.at("inputs").at("neighboring_relation") != relation) continue;
    found.push_back(one);
  }
  return found;
}

/// The case with this "id".
inline json reference_case(const std::string& id) {
  std::ifstream file(DPML_TEST_DATA "/accounting/reference/accounting.json");
  for (const json& one : json::parse(file)) {
    if (one.at("id") == id) return one;
  }
  throw std::out_of_range("no reference case " + id);
}

/// The number at a JSON pointer: "/inputs/q".
inline double number_at(const json& one, const char* path) {
  return one.at(json::json_pointer(path)).get<double>();
}

inline std::vector<double> numbers_at(const json& one, const char* path) {
  return one.at(json::json_pointer(path)).get<std::vector<double>>();
}

/// The relation of a case in our words; REPLACE_SPECIAL is zero_out.
inline Neighbours neighbours_of(const json& one) {
  const auto name = one.at("inputs").at("neighboring_relation").get<std::string>();
  if (name == "ADD_OR_REMOVE_ONE") return Neighbours::add_or_remove_one;
  if (name == "REPLACE_ONE") return Neighbours::replace_one;
  if (name == "REPLACE_SPECIAL") return Neighbours::zero_out;
  throw std::out_of_range("unknown relation " + name);
}

}  // namespace dpml
