// Prints the table of docs/accounting.md: one row for each case of reference/accounting.json. Exits with 1 when a case
// has no row, or dpml and the case cannot both be right.

#include <exception>
#include <iostream>

#include "reference_comparisons.h"

namespace dpml {
namespace {

constexpr std::size_t kCases = 79;

std::string joined(const Comparisons& rows, std::string Comparison::*column) {
  std::string text;
  for (const Comparison& row : rows) text += (text.empty() ? "" : "<br>") + row.*column;
  return text;
}

/// The row of a case; how many of its comparisons fail.
int print_row(const json& one) {
  const Comparisons rows = comparisons_of(one);
  std::cout << "| " << one.at("id").get<std::string>() << " | " << one.at("kind").get<std::string>();
  for (const auto column : {&Comparison::what, &Comparison::theirs, &Comparison::ours, &Comparison::verdict}) {
    std::cout << " | " << joined(rows, column);
  }
  std::cout << " |\n";
  int failed = rows.empty() ? 1 : 0;
  for (const Comparison& row : rows) {
    if (row.agrees) continue;
    std::cerr << one.at("id").get<std::string>() << ": " << row.what << ": " << row.ours << " cannot be right\n";
    ++failed;
  }
  return failed;
}

int print_table() {
  std::ifstream file(DPML_TEST_DATA "/accounting/reference/accounting.json");
  const json cases = json::parse(file);
  int failed = 0;
  if (cases.size() != kCases) {
    std::cerr << "expected " << kCases << " cases, found " << cases.size() << "\n";
    ++failed;
  }
  std::cout << "| case | kind | compared | theirs | ours | verdict |\n|---|---|---|---|---|---|\n";
  for (const json& one : cases) {
    try {
      failed += print_row(one);
    } catch (const std::exception& error) {
      std::cerr << one.at("id").get<std::string>() << ": " << error.what() << "\n";
      ++failed;
    }
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace dpml

int main() {
  return dpml::print_table();
}
