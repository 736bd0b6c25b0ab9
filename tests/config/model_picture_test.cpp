#include "dpml/config/model_picture.h"

#include <gtest/gtest.h>

#include <regex>

#include "config/small_config.h"
#include "dpml/config/layer_kinds.h"

namespace dpml {
namespace {

std::string picture_of(const std::string& model, const std::string& shape) {
  const Experiment experiment = parse(around_model(model, shape));
  return model_picture(model_outline(experiment.model, experiment.train.sample_shape));
}

std::ptrdiff_t count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return std::distance(std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator());
}

const std::string kGraph = R"(layer { name: "stem" linear { out: 4 } }
  layer { name: "left" from: "stem" tanh {} }
  layer { name: "right" from: "stem" relu {} }
  layer { name: "both" from: ["left", "right", "left"] add {} }
  layer { name: "res" repeat: 2 residual { body { layer { linear { out: 4 } } layer { tanh {} } } } }
  layer { from: ["res", "input"] concat {} })";

/// Tags are closed in the order in which they were opened, and nothing else stands in angle brackets.
void expect_well_formed(const std::string& svg) {
  static const std::regex tag(R"rx(<(/?)([a-z]+)((?: [a-zA-Z-]+="[^"<]*")*)(/?)>)rx");
  std::vector<std::string> open;
  std::size_t brackets = 0;
  for (std::sregex_iterator found(svg.begin(), svg.end(), tag), end; found != end; ++found) {
    ++brackets;
    if ((*found)[1].length() > 0) {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ(open.back(), (*found)[2].str());
      open.pop_back();
    } else if ((*found)[4].length() == 0) {
      open.push_back((*found)[2]);
    }
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(static_cast<std::ptrdiff_t>(brackets) + 2, std::count(svg.begin(), svg.end(), '<'));  // and <?, <!--
  EXPECT_TRUE(svg.starts_with(kModelPictureBegins));
}

TEST(ModelPicture, HasABoxForEachRowAndALineForEachInput) {
  const std::string svg = picture_of(kGraph, "[4]");
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "<g class=\"box\">"), 1 + 5 + 2 * 2);
  EXPECT_EQ(count(svg, "<g class=\"frame\">"), 1 + 2);
  EXPECT_EQ(count(svg, "<path class=\"input\""), 3 + 3 + 1 + 2 + 2 + 2 + 2);
  EXPECT_EQ(count(svg, "<path class=\"end\""), 1 + 2 * 2);
  EXPECT_EQ(svg, picture_of(kGraph, "[4]"));
  EXPECT_EQ(count(svg, ">res.0.body.1</title>"), 1);
  EXPECT_EQ(count(svg, ">body.1</tspan>  tanh</text>"), 2);
  EXPECT_EQ(count(svg, ">\\[4\\]  20 parameters</text>"), 3 + 2);
}

struct Rect {
  double x, y, width, height;
};

std::vector<Rect> rects(const std::string& svg) {
  static const std::regex rect(R"rx(<rect x="([0-9.]+)" y="([0-9.]+)" width="([0-9.]+)" height="([0-9.]+)")rx");
  std::vector<Rect> found;
  for (std::sregex_iterator i(svg.begin(), svg.end(), rect), end; i != end; ++i) {
    found.push_back({std::stod((*i)[1]), std::stod((*i)[2]), std::stod((*i)[3]), std::stod((*i)[4])});
  }
  return found;
}

bool is_inside(const Rect& a, const Rect& b) {
  return a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;
}

bool is_apart(const Rect& a, const Rect& b) {
  return a.y + a.height <= b.y || b.y + b.height <= a.y;
}

TEST(ModelPicture, BoxesStandApartOrInsideEachOther) {
  const std::vector<Rect> boxes = rects(picture_of(kGraph, "[4]"));
  ASSERT_EQ(boxes.size(), 13U);
  for (const Rect& a : boxes) {
    for (const Rect& b : boxes) {
      EXPECT_TRUE(is_apart(a, b) || is_inside(a, b) || is_inside(b, a));
    }
  }
}

TEST(ModelPicture, LinesThatGoRoundStandApart) {
  // Two at a time in three lanes: the third begins where the first has ended.
  const std::string svg = picture_of(R"(layer { name: "a" tanh {} } layer { name: "b" tanh {} }
    layer { name: "c" from: ["b", "a"] add {} } layer { name: "d" from: ["c", "input"] add {} }
    layer { name: "e" from: ["d", "c"] add {} })",
                                     "[4]");
  static const std::regex lane(R"rx(d="M[0-9.]+ [0-9.]+ H([0-9.]+) V)rx");
  std::vector<std::string> lanes;
  for (std::sregex_iterator i(svg.begin(), svg.end(), lane), end; i != end; ++i) lanes.push_back((*i)[1]);
  ASSERT_EQ(lanes.size(), 3U);
  EXPECT_EQ(lanes[0], lanes[2]);
  EXPECT_LT(std::stod(lanes[0]), std::stod(lanes[1]));
}

TEST(ModelPicture, NamesOfAProgramStayText) {
  const LayerSpec layer{.name = "<b> & \"c\"\033", .kind = kinds::tanh()};
  const std::string svg = model_picture(model_outline({{layer}}, {4}));
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "&lt;b&gt; &amp; &quot;c&quot;\\\\x1b</tspan>"), 1);
}

TEST(ModelPicture, ShowsAHundredLayers) {
  const std::string svg = picture_of(R"(layer { name: "stem" conv2d { out_channels: 16 kernel: 3 padding: 1 } }
    layer { name: "block" repeat: 50 residual { body {
      layer { conv2d { out_channels: 16 kernel: 3 padding: 1 } } layer { relu {} } } } })",
                                     "[32, 32, 3]");
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "<g class=\"box\">"), 2 + 100);
  EXPECT_LT(svg.size(), 100'000U);
}

}  // namespace
}  // namespace dpml
