// The events shown in docs/accounting.md are events.

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "dpml/accounting/ledger.h"

namespace dpml {
namespace {

/// The blocks of the page between ```textproto and ```.
std::vector<std::string> blocks_of_page() {
  std::ifstream page(DPML_TEST_DATA "/../docs/accounting.md");
  std::vector<std::string> blocks;
  bool is_inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("```", 0) == 0) {
      is_inside = line == "```textproto";
      if (is_inside) blocks.emplace_back();
    } else if (is_inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST(Page, ShowsOneEventOfEachKindAndALedger) {
  const std::vector<std::string> blocks = blocks_of_page();
  ASSERT_EQ(blocks.size(), 2u);
  std::multiset<std::string> kinds;
  std::istringstream events(blocks[0]);
  for (std::string line; std::getline(events, line);) {
    const Event event = parse_event(line);
    EXPECT_NO_THROW(validate(event)) << line;
    kinds.insert(kind_name(event));
  }
  const std::vector<std::string> names = event_kind_names();
  EXPECT_EQ(kinds, std::multiset<std::string>(names.begin(), names.end()));
  EXPECT_EQ(parse_ledger(blocks[1]).releases(), 1001u);
}

}  // namespace
}  // namespace dpml
