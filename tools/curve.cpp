#include "curve.h"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "dpml/accounting/curves.h"
#include "dpml/accounting/group.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "svg_plot.h"

namespace dpml::tools {

namespace {

constexpr int kGoodPoints = 41;
constexpr int kGoodTradeOffPoints = 21;  // each asks the accountant several times

/// `count` numbers from 0 to `last`, evenly.
std::vector<double> even_steps(double last, int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(last * i / (count - 1));
  return values;
}

int points_of(const CurveQuestion& question, int good) {
  return question.points == 0 ? good : std::max(2, question.points);
}

Ledger ledger_of(const CurveQuestion& question) {
  return question.group_size == 1 ? question.ledger : ledger_for_group(question.ledger, question.group_size);
}

void require_finite(const Guarantee& guarantee) {
  if (std::isfinite(guarantee.epsilon)) return;
  throw ConfigError("--curve: epsilon is infinite, so there is nothing to draw; state noise, and a delta above 0");
}

void add_bounds(const std::vector<Bound>& bounds, Curve& curve) {
  for (const Bound& bound : bounds) {
    curve.columns[1].values.push_back(bound.upper);
    curve.columns[2].values.push_back(bound.lower);
  }
}

/// The first column is what was asked, the others are rounded outward.
std::string cell_text(const Curve& curve, std::size_t column, std::size_t row) {
  const std::string& name = curve.columns[column].name;
  const double value = curve.columns[column].values[row];
  if (column == 0) return to_text(value);
  const bool is_least = name.ends_with("_lower") || name == "false_negative_rate";
  return is_least ? rounded_down(value) : rounded_up(value);
}

std::vector<std::pair<double, double>> line(const Curve& curve, std::size_t column) {
  std::vector<std::pair<double, double>> points;
  for (std::size_t i = 0; i < curve.columns[0].values.size(); ++i) {
    points.emplace_back(curve.columns[0].values[i], curve.columns[column].values[i]);
  }
  return points;
}

bool knows_lower(const Curve& curve) {
  const std::vector<double>& lower = curve.columns[2].values;
  return std::any_of(lower.begin(), lower.end(), [](double value) { return value > 0; });
}

Plot plot_of(const Curve& curve, const Guarantee& guarantee) {
  Plot plot;
  if (curve.kind == "tradeoff") {
    return {.title = "trade-off curve",
            .x = {"false positive rate"},
            .y = {"false negative rate"},
            .lines = {{"no test is below", LineStyle::marked, line(curve, 2)},
                      {"guessing", LineStyle::dashed, {{0, 1}, {1, 0}}}}};
  }
  if (curve.kind == "delta") {
    plot = {.title = "delta over epsilon", .x = {"epsilon"}, .y = {"delta", true}, .lines = {}};
  } else {
    plot = {.title = "epsilon over steps at delta " + to_text(guarantee.delta),
            .x = {"steps"},
            .y = {"epsilon"},
            .lines = {}};
  }
  plot.lines.push_back({"may be claimed", LineStyle::marked, line(curve, 1)});
  if (knows_lower(curve)) plot.lines.push_back({"no smaller one holds", LineStyle::dashed, line(curve, 2)});
  return plot;
}

}  // namespace

Curve delta_curve(const CurveQuestion& question) {
  require_finite(question.guarantee);
  Curve curve{"delta", {{"epsilon", {}}, {"delta", {}}, {"delta_lower", {}}}};
  const double last = question.guarantee.epsilon > 0 ? 2 * question.guarantee.epsilon : 1;
  curve.columns[0].values = even_steps(last, points_of(question, kGoodPoints));
  add_bounds(dpml::delta_curve(question.accountant, ledger_of(question), curve.columns[0].values), curve);
  return curve;
}

Curve steps_curve(const CurveQuestion& question) {
  require_finite(question.guarantee);
  Curve curve{"steps", {{"steps", {}}, {"epsilon", {}}, {"epsilon_lower", {}}}};
  const std::uint64_t releases = question.ledger.releases();
  std::vector<std::uint64_t> steps;
  for (const double step : even_steps(static_cast<double>(releases), points_of(question, kGoodPoints))) {
    const std::uint64_t whole = step < 0x1p64 ? static_cast<std::uint64_t>(std::round(step)) : releases;
    if (steps.empty() || whole > steps.back()) steps.push_back(whole);
  }
  curve.columns[0].values.assign(steps.begin(), steps.end());
  add_bounds(dpml::steps_curve(question.accountant, ledger_of(question), question.guarantee.delta, steps), curve);
  return curve;
}

Curve trade_off_curve(const CurveQuestion& question) {
  Curve curve{"tradeoff", {{"false_positive_rate", {}}, {"true_positive_rate", {}}, {"false_negative_rate", {}}}};
  curve.columns[0].values = even_steps(1, points_of(question, kGoodTradeOffPoints));
  const std::vector<double>& rates = curve.columns[0].values;
  for (const TradeOffPoint& point : dpml::trade_off_curve(question.accountant, ledger_of(question), rates)) {
    curve.columns[1].values.push_back(point.true_positive_rate);
    curve.columns[2].values.push_back(point.false_negative_rate);
  }
  return curve;
}

Json json_curve(const Curve& curve) {
  Json json = {{"kind", curve.kind}};
  for (const Column& column : curve.columns) {
    json[column.name] = Json::array();
    for (const double value : column.values) json[column.name].push_back(json_number(value));
  }
  return json;
}

void print_curve(const Curve& curve) {
  const auto print_cell = [&](std::size_t column, const std::string& text) {
    std::cout << text;
    if (column + 1 == curve.columns.size()) std::cout << "\n";
    if (column + 1 < curve.columns.size()) std::cout << std::string(24 - std::min<std::size_t>(23, text.size()), ' ');
  };
  std::cout << "\n";
  for (std::size_t column = 0; column < curve.columns.size(); ++column) print_cell(column, curve.columns[column].name);
  for (std::size_t row = 0; row < curve.columns[0].values.size(); ++row) {
    for (std::size_t column = 0; column < curve.columns.size(); ++column) {
      print_cell(column, cell_text(curve, column, row));
    }
  }
}

std::string svg_of(std::span<const Curve> curves, const Guarantee& guarantee) {
  std::vector<Plot> plots;
  for (const Curve& curve : curves) plots.push_back(plot_of(curve, guarantee));
  return svg_document(guarantee_text(guarantee), plots);
}

}  // namespace dpml::tools
