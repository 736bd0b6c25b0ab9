#include "outline.h"

#include <algorithm>
#include <array>
#include <iostream>

#include "dpml/base/text.h"

namespace dpml::tools {

namespace {

constexpr std::size_t kTexts = 4;  // columns, the others hold numbers
using Cells = std::array<std::string, kTexts + 3>;

std::vector<Index> axes_of(const Shape& shape) {
  return {shape.axes().begin(), shape.axes().end()};
}

Json json_of(const ModelOutline& outline, const OutlineRow& row) {
  Json json = {{"name", printable(row.name)}, {"kind", row.kind}};
  if (!row.weights_of.empty()) json["weights_of"] = row.weights_of;
  if (!row.from.empty()) json["from"] = row.from;
  if (row.container) json["inside"] = printable(outline.rows[*row.container].name);
  if (row.frozen) json["frozen"] = true;
  json["shape"] = axes_of(row.output);
  json["parameters"] = row.parameters;
  json["trained"] = row.trained;
  json["recorded_numbers"] = row.recorded_numbers;
  return json;
}

Cells cells_of(const OutlineRow& row) {
  return {std::string(2 * row.depth, ' ') + printable(row.name),
          printable(kind_text(row)),
          list_words(row.from, ", "),
          row.output.to_text(),
          group_digits(row.parameters),
          group_digits(row.trained),
          group_digits(row.recorded_numbers)};
}

void print_table(const std::vector<Cells>& lines) {
  std::array<std::size_t, std::tuple_size_v<Cells>> widths{};
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (widths[i] == 0) continue;
      const std::string blanks(widths[i] - line[i].size(), ' ');
      std::cout << (i == 0 ? "" : "  ") << (i < kTexts ? line[i] + blanks : blanks + line[i]);
    }
    std::cout << "\n";
  }
}

}  // namespace

Json json_outline(const ModelOutline& outline) {
  Json json = {{"input", axes_of(outline.input)}, {"layers", Json::array()}};
  for (const OutlineRow& row : outline.rows) json["layers"].push_back(json_of(outline, row));
  json["parameters"] = outline.parameters;
  json["trained"] = outline.trained;
  json["recorded_numbers"] = outline.recorded_numbers;
  return json;
}

void print_outline(const ModelOutline& outline) {
  std::vector<Cells> lines{{"layer", "kind", "", "result", "parameters", "trained", "on tape"},
                           {"input", "", "", outline.input.to_text(), "", "", group_digits(outline.input.size())}};
  for (const OutlineRow& row : outline.rows) lines.push_back(cells_of(row));
  const bool has_from = std::any_of(lines.begin() + 1, lines.end(), [](const Cells& line) { return !line[2].empty(); });
  if (has_from) lines[0][2] = "from";
  print_table(lines);
  std::cout << "\n"
            << counted(outline.parameters, "parameter") << ", " << group_digits(outline.trained) << " of them trained; "
            << counted(outline.recorded_numbers, "number") << " of a sample on the tape\n";
}

}  // namespace dpml::tools
