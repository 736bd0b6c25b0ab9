#include "svg_plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "dpml/base/xml.h"

namespace dpml::tools {

namespace {

// Pixels.
constexpr double kPlotWidth = 460;
constexpr double kPlotHeight = 460;
constexpr double kLeft = 80;
constexpr double kRight = 20;
constexpr double kTop = 80;
constexpr double kBottom = 140;
constexpr double kTickLength = 5;
constexpr double kLegendLine = 18;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::string tick_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string text_at(double x, double y, const std::string& text, const std::string& attributes) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + attributes + ">" + xml_text(text) + "</text>\n";
}

std::string segment(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
         "\" " + attributes + "/>\n";
}

/// Numbers of one axis to pixels.
class Scale {
 public:
  Scale(const PlotAxis& axis, double from, double to) : logarithmic_(axis.is_logarithmic), from_(from), to_(to) {}

  bool shows(double value) const { return std::isfinite(value) && (!logarithmic_ || value > 0); }

  void include(double value) {
    if (!shows(value)) return;
    low_ = std::min(low_, place(value));
    high_ = std::max(high_, place(value));
  }

  /// Once all is included: to the next ticks outside.
  void finish() {
    if (!(low_ <= high_)) low_ = high_ = 0;
    if (logarithmic_) {
      low_ = std::floor(low_);
      high_ = std::max(std::ceil(high_), low_ + 1);
      step_ = std::max(1.0, std::ceil((high_ - low_) / 8));
      return;
    }
    low_ = std::min(low_, 0.0);
    if (!(high_ > low_)) high_ = low_ + 1;
    const double rough = (high_ - low_) / 6;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    for (const double nice : {1.0, 2.0, 5.0, 10.0}) {
      step_ = nice * power;
      if (step_ >= rough) break;
    }
    high_ = std::ceil(high_ / step_ - 1e-9) * step_;
  }

  double pixel(double value) const { return from_ + (place(value) - low_) / (high_ - low_) * (to_ - from_); }

  std::vector<double> ticks() const {
    std::vector<double> values;
    const auto count = static_cast<int>((high_ - low_) / step_ + 1e-6);
    for (int i = 0; i <= count; ++i) {
      const double at = low_ + i * step_;
      values.push_back(logarithmic_ ? std::pow(10.0, at) : at);
    }
    return values;
  }

 private:
  double place(double value) const { return logarithmic_ ? std::log10(value) : value; }

  bool logarithmic_;
  double from_;
  double to_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
  double step_ = 1;
};

const char* stroke_of(LineStyle style) {
  return style == LineStyle::dashed ? "stroke=\"black\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\" fill=\"none\""
                                    : "stroke=\"black\" stroke-width=\"1.5\" fill=\"none\"";
}

std::string circle(double x, double y) {
  return "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"3\" fill=\"white\" stroke=\"black\"/>\n";
}

std::string frame_of(const Plot& plot, const Scale& x, const Scale& y) {
  const double right = kPlotWidth - kRight;
  const double bottom = kPlotHeight - kBottom;
  const std::string grid = "stroke=\"#d0d0d0\" stroke-width=\"0.5\"";
  const std::string axis = "stroke=\"black\" stroke-width=\"1\"";
  std::string svg = text_at((kLeft + right) / 2, kTop - 14, plot.title, "text-anchor=\"middle\" font-size=\"14\"");
  for (const double tick : x.ticks()) {
    const double at = x.pixel(tick);
    svg += segment(at, kTop, at, bottom, grid) + segment(at, bottom, at, bottom + kTickLength, axis) +
           text_at(at, bottom + 18, tick_text(tick), "text-anchor=\"middle\" font-size=\"11\"");
  }
  for (const double tick : y.ticks()) {
    const double at = y.pixel(tick);
    svg += segment(kLeft, at, right, at, grid) + segment(kLeft - kTickLength, at, kLeft, at, axis) +
           text_at(kLeft - 8, at + 4, tick_text(tick), "text-anchor=\"end\" font-size=\"11\"");
  }
  svg += segment(kLeft, bottom, right, bottom, axis) + segment(kLeft, kTop, kLeft, bottom, axis);
  svg += text_at((kLeft + right) / 2, bottom + 38, plot.x.label, "text-anchor=\"middle\" font-size=\"12\"");
  const std::string turned = "transform=\"rotate(-90 " + number(16) + " " + number((kTop + bottom) / 2) +
                             ")\" text-anchor=\"middle\" font-size=\"12\"";
  return svg + text_at(16, (kTop + bottom) / 2, plot.y.label, turned);
}

std::string line_of(const PlotLine& line, const Scale& x, const Scale& y) {
  constexpr std::size_t kMostMarkers = 20;
  std::string corners;
  std::string markers;
  const std::size_t stride = std::max<std::size_t>(1, (line.points.size() + kMostMarkers - 1) / kMostMarkers);
  for (std::size_t i = 0; i < line.points.size(); ++i) {
    const auto& [horizontal, vertical] = line.points[i];
    if (!x.shows(horizontal) || !y.shows(vertical)) continue;
    const double at = x.pixel(horizontal);
    const double height = y.pixel(vertical);
    corners += (corners.empty() ? "" : " ") + number(at) + "," + number(height);
    if (line.style == LineStyle::marked && i % stride == 0) markers += circle(at, height);
  }
  return "<polyline points=\"" + corners + "\" " + stroke_of(line.style) + "/>\n" + markers;
}

std::string legend_of(const Plot& plot) {
  std::string svg;
  double y = kPlotHeight - kBottom + 62;
  for (const PlotLine& line : plot.lines) {
    svg += segment(kLeft, y - 4, kLeft + 36, y - 4, stroke_of(line.style));
    if (line.style == LineStyle::marked) svg += circle(kLeft + 18, y - 4);
    svg += text_at(kLeft + 44, y, line.name, "font-size=\"12\"");
    y += kLegendLine;
  }
  return svg;
}

std::string svg_of(const Plot& plot) {
  Scale x(plot.x, kLeft, kPlotWidth - kRight);
  Scale y(plot.y, kPlotHeight - kBottom, kTop);
  for (const PlotLine& line : plot.lines) {
    for (const auto& [horizontal, vertical] : line.points) {
      if (!x.shows(horizontal) || !y.shows(vertical)) continue;
      x.include(horizontal);
      y.include(vertical);
    }
  }
  x.finish();
  y.finish();
  std::string svg = frame_of(plot, x, y);
  for (const PlotLine& line : plot.lines) svg += line_of(line, x, y);
  return svg + legend_of(plot);
}

}  // namespace

std::string svg_document(const std::string& heading, std::span<const Plot> plots) {
  const double width = kPlotWidth * static_cast<double>(plots.size());
  const std::string size = number(width) + " " + number(kPlotHeight);
  std::string svg =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" "
      "width=\"" +
      number(width) + "\" height=\"" + number(kPlotHeight) + "\" viewBox=\"0 0 " + size +
      "\" font-family=\"sans-serif\">\n<title>" + xml_text(heading) + "</title>\n" +
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  svg += text_at(16, 26, heading, "font-size=\"14\"");
  for (std::size_t i = 0; i < plots.size(); ++i) {
    svg += "<g transform=\"translate(" + number(kPlotWidth * static_cast<double>(i)) + " 0)\">\n" + svg_of(plots[i]) +
           "</g>\n";
  }
  return svg + "</svg>\n";
}

}  // namespace dpml::tools
