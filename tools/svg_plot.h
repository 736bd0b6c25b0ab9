#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace dpml::tools {

/// One axis of a plot. Numbers that an axis cannot show (not finite; 0 on a logarithmic one) are left out.
struct PlotAxis {
  std::string label;
  bool is_logarithmic = false;
};

enum class LineStyle {
  solid,
  dashed,
  marked,  ///< solid, with a circle at every point, at most 20
};

struct PlotLine {
  std::string name;
  LineStyle style;
  std::vector<std::pair<double, double>> points;
};

struct Plot {
  std::string title;
  PlotAxis x;
  PlotAxis y;
  std::vector<PlotLine> lines;
};

/// The plots beside each other as one SVG 1.1 document: axes with ticks and labels, a legend below each, lines that
/// black and white tell apart. The same plots give the same bytes.
std::string svg_document(const std::string& heading, std::span<const Plot> plots);

}  // namespace dpml::tools
