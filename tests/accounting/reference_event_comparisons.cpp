// Rows for the cases that are one event, as a tree: its Renyi divergences, and epsilon by the accountants.

#include <algorithm>
#include <map>

#include "dpml/accounting/renyi.h"
#include "reference_comparisons.h"
#include "reference_events.h"

namespace dpml {

namespace {

const std::string kPeer = "dp_accounting";

double delta_of(const json& one) {
  return number_at(one, "/inputs/delta");
}

Bound epsilon_of(const json& one, const char* accountant) {
  return make_accountant(accountant)->epsilon_bound(ledger_of(one), delta_of(one));
}

std::vector<double> divergences(const json& one) {
  const json& tree = one.at("inputs").at("event_tree");
  std::vector<double> made;
  for (double order : numbers_at(one, "/expected/rdp/orders")) {
    made.push_back(static_cast<double>(count_of(tree)) *
                   renyi_divergence(event_of(inside(tree)), neighbours_of(one), order));
  }
  return made;
}

/// Their inner orders, and the larger one that they take for a small order, are of a list; ours are real.
void compare_selection(const std::vector<double>& orders, const std::vector<double>& theirs,
                       const std::vector<double>& ours, Comparisons& rows) {
  const auto middle = std::lower_bound(orders.begin(), orders.end(), 8) - orders.begin();
  const std::string why = "inner orders are real, theirs from a list";
  rows.push_back(no_larger_lists("Renyi divergences below order 8", {theirs.begin(), theirs.begin() + middle}, kPeer,
                                 {ours.begin(), ours.begin() + middle}, 1, why));
  rows.push_back(no_larger_lists("and from 8 on", {theirs.begin() + middle, theirs.end()}, kPeer,
                                 {ours.begin() + middle, ours.end()}, 1e-2, why));
}

/// A list of divergences, by what theirs are.
void compare_divergences(const json& one, Comparisons& rows) {
  const auto kind = one.at("kind").get<std::string>();
  const std::string what = "Renyi divergences";
  const std::vector<double> ours = divergences(one);
  if (one.at("expected").contains("rdp_exact")) {
    rows.push_back(equal_lists(what, numbers_at(one, "/expected/rdp_exact"), "exact", ours, 1e-9));
    return;
  }
  const std::vector<double> theirs = numbers_at(one, "/expected/rdp/rdp");
  if (kind == "exponential_mechanism") {
    rows.push_back(no_larger_lists(what, theirs, kPeer, ours, 0.5, "exact for a bounded range, theirs is its zCDP"));
  } else if (kind == "repeat_and_select_rdp") {
    compare_selection(numbers_at(one, "/expected/rdp/orders"), theirs, ours, rows);
  } else {
    rows.push_back(equal_lists(what, theirs, kind == "discrete_gaussian" ? kPeer + ", zCDP" : kPeer, ours, 1e-9));
  }
}

void compare_rdp_epsilon(const json& one, Comparisons& rows) {
  const double theirs = number_at(one, "/expected/rdp/epsilon");
  const Bound ours = epsilon_of(one, "rdp");
  if (one.at("kind") == "gaussian_replace_one") {
    rows.push_back(theirs_is_wrong("epsilon, rdp", theirs, kPeer,
                                   {.upper = ours.upper, .lower = epsilon_of(one, "gdp").lower, .method = ""},
                                   "it reads sigma as noise / distance"));
    return;
  }
  const double least = std::max(epsilon_of(one, "pld").lower, epsilon_of(one, "rdp").lower);
  rows.push_back(no_larger("epsilon, rdp", theirs, kPeer, ours, least,
                           ours.order ? "the best of all real orders" : "never above the pure epsilon"));
}

}  // namespace

Comparisons compare_event(const json& one) {
  const json& expected = one.at("expected");
  Comparisons rows;
  for (const char* name : {"exact_epsilon", "exact_sensitivity_2"}) {
    if (expected.contains(name)) {
      rows.push_back(
          against_exact("epsilon, pld", expected.at(name).get<double>(), "exact", epsilon_of(one, "pld"), 1e-4));
    }
  }
  if (expected.contains("pld")) {
    const Bound ours = epsilon_of(one, "pld");
    const bool is_by_rdp = ours.method == "rdp";
    rows.push_back(against_pessimistic("epsilon, pld", number_at(one, "/expected/pld/epsilon"), kPeer, ours,
                                       is_by_rdp ? 1e-2 : 1e-3));
    if (is_by_rdp) rows.back().verdict += ": rdp knows more of it, and answers";
  }
  if (expected.contains("pld_known_wrong_count_ignored")) {
    rows.push_back(theirs_is_wrong("epsilon, pld", number_at(one, "/expected/pld_known_wrong_count_ignored/epsilon"),
                                   kPeer + ", its event", epsilon_of(one, "pld"), "it ignores the count"));
  }
  if (!expected.contains("rdp")) return rows;
  if (expected.at("rdp").contains("rdp")) compare_divergences(one, rows);
  compare_rdp_epsilon(one, rows);
  return rows;
}

Comparisons compare_without_replacement(const json& one) {
  const json& tree = one.at("inputs").at("event_tree").at("event");
  // Their sigma is noise / distance of the two sums; ours is noise / clip bound, and the distance is two of those.
  const double noise = 2 * tree.at("event").at("noise_multiplier").get<double>();
  const Event event = SampledWithoutReplacement{tree.at("source_dataset_size").get<std::uint64_t>(),
                                                tree.at("sample_size").get<std::uint64_t>(), Gaussian{noise}};
  const std::uint64_t count = count_of(one.at("inputs").at("event_tree"));
  std::vector<double> ours;
  for (double order : numbers_at(one, "/expected/rdp/orders")) {
    ours.push_back(static_cast<double>(count) * renyi_divergence(event, Neighbours::replace_one, order));
  }
  const Bound epsilon =
      make_accountant("rdp")->epsilon_bound(ledger_of(event, Neighbours::replace_one, count), delta_of(one));
  // All other units the same as the removed one: a Poisson-sampled Gaussian of that distance.
  const Event attained = PoissonSampled{0.01, Gaussian{noise / 2}};
  const double least =
      make_accountant("pld")->epsilon_bound(ledger_of(attained, Neighbours::zero_out, count), delta_of(one)).lower;
  const std::string why = "Balle, Barthe and Gaboardi's Theorem 11 is tighter than their Theorem 27";
  return {no_larger_lists("Renyi divergences", numbers_at(one, "/expected/rdp/rdp"), kPeer + ", autodp", ours, 1, why),
          no_larger("epsilon, rdp", number_at(one, "/expected/rdp/epsilon"), kPeer, epsilon, least, "the same")};
}

}  // namespace dpml
