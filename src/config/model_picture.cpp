#include "dpml/config/model_picture.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "dpml/base/text.h"
#include "dpml/base/xml.h"

namespace dpml {

namespace {

// Pixels. The letters of a monospaced font are as wide as browsers have them, rounded up.
constexpr double kLetter = 7.5;
constexpr double kTextLine = 16;
constexpr double kMargin = 16;
constexpr double kInset = 10;  // of texts in a box, and of what is inside a frame
constexpr double kGap = 22;    // between boxes
constexpr double kLane = 12;
constexpr double kApart = 6;  // lines to one box

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

double width_of(const std::string& text) {
  const auto begins_letter = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return kLetter * static_cast<double>(std::count_if(text.begin(), text.end(), begins_letter));
}

/// What is written into a box.
struct Label {
  std::string name;
  std::string kind;
  std::string size;
  std::string title;

  double width() const { return std::max(width_of(name + "  " + kind), width_of(size)) + 2 * kInset; }
};

Label label_of(const ModelOutline& outline, const OutlineRow& row) {
  const std::string inside = row.container ? outline.rows[*row.container].name + "." : "";
  Label label{.name = printable(row.name.substr(inside.size())),
              .kind = printable(kind_text(row)),
              .size = row.output.to_text(),
              .title = printable(row.name)};
  if (row.parameters > 0) label.size += "  " + counted(row.parameters, "parameter");
  if (row.trained < row.parameters) label.size += ", " + group_digits(row.trained) + " trained";
  return label;
}

/// One layer below the other. Its slots: 0, what it begins with; its rows; the last, what is made of them.
struct List {
  struct Line {
    std::size_t from;  // slots
    std::size_t to;
    std::size_t place;  // among those to the same slot
    bool is_straight() const { return from + 1 == to; }
  };
  std::vector<std::size_t> rows;
  std::vector<Line> lines;
  std::vector<std::size_t> lanes;  // of each slot's lines that go round others
  std::size_t lane_count = 0;
};

/// Short ways go inside; a lane is free again where its line ends.
void find_lanes(List& list) {
  std::vector<std::size_t> last(list.rows.size() + 2, 0);
  for (const List::Line& line : list.lines) {
    if (!line.is_straight()) last[line.from] = std::max(last[line.from], line.to);
  }
  std::vector<std::size_t> sources;
  for (std::size_t slot = 0; slot < last.size(); ++slot) {
    if (last[slot] > 0) sources.push_back(slot);
  }
  std::stable_sort(sources.begin(), sources.end(),
                   [&](std::size_t a, std::size_t b) { return last[a] - a < last[b] - b; });
  list.lanes.resize(last.size());
  std::vector<std::vector<std::size_t>> taken;  // by lane, from which slots
  for (const std::size_t source : sources) {
    const auto is_free = [&](const std::vector<std::size_t>& others) {
      return std::all_of(others.begin(), others.end(),
                         [&](std::size_t other) { return last[other] <= source || last[source] <= other; });
    };
    auto lane = std::find_if(taken.begin(), taken.end(), is_free);
    if (lane == taken.end()) lane = taken.insert(lane, std::vector<std::size_t>());
    lane->push_back(source);
    list.lanes[source] = static_cast<std::size_t>(lane - taken.begin());
  }
  list.lane_count = taken.size();
}

/// All boxes stand on one axis from top to bottom.
class Picture {
 public:
  explicit Picture(const ModelOutline& outline)
      : outline_(outline),
        lists_(outline.rows.size() + 1),
        boxes_(outline.rows.size() + 1),
        slots_(outline.rows.size(), 0) {
    labels_.reserve(boxes_.size());
    for (const OutlineRow& row : outline.rows) labels_.push_back(label_of(outline, row));
    labels_.push_back({.name = "input", .kind = "", .size = outline.input.to_text(), .title = "input"});
    find_lists();
    measure();
    place();
  }

  std::string svg() const {
    std::string text = std::string(kModelPictureBegins) +
                       "xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"" + number(width_) +
                       "\" height=\"" + number(height_) + "\" viewBox=\"0 0 " + number(width_) + " " + number(height_) +
                       "\" font-family=\"monospace\" font-size=\"12\">\n<title>" +
                       counted(outline_.parameters, "parameter") + ", " + group_digits(outline_.trained) +
                       " trained</title>\n"
                       "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" "
                       "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>\n"
                       "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    text += box(root());
    for (std::size_t row = 0; row < outline_.rows.size(); ++row) text += box(row);
    for (std::size_t list = 0; list < lists_.size(); ++list) text += lines(list);
    return text + "</svg>\n";
  }

 private:
  struct Box {
    double left = 0;  // of the axis
    double right = 0;
    double height = 0;
    double top = 0;
    double bottom() const { return top + height; }
  };

  std::size_t root() const { return outline_.rows.size(); }
  bool is_frame(std::size_t row) const { return row != root() && !lists_[row].rows.empty(); }

  void find_lists() {
    for (std::size_t row = 0; row < outline_.rows.size(); ++row) {
      List& list = lists_[outline_.rows[row].container.value_or(root())];
      list.rows.push_back(row);
      slots_[row] = list.rows.size();
      add_lines(list, outline_.rows[row].inputs, slots_[row]);
    }
    for (std::size_t row = 0; row < outline_.rows.size(); ++row) {
      if (is_frame(row)) add_lines(lists_[row], outline_.rows[row].ends, lists_[row].rows.size() + 1);
    }
    for (List& list : lists_) find_lanes(list);
  }

  void add_lines(List& list, const std::vector<std::optional<std::size_t>>& taken, std::size_t to) const {
    for (std::size_t i = 0; i < taken.size(); ++i) {
      list.lines.push_back({.from = taken[i] ? slots_[*taken[i]] : 0, .to = to, .place = i});
    }
  }

  /// From the last row to the first, so that what is inside a frame is known.
  void measure() {
    double narrow = 0;
    for (std::size_t row = 0; row <= root(); ++row) {
      if (!is_frame(row)) narrow = std::max(narrow, labels_[row].width());
    }
    for (std::size_t row = root(); row-- > 0;) measure(row, narrow);
    Box& input = boxes_[root()];
    input = {.left = narrow / 2, .right = narrow / 2, .height = header()};
    const Box list = around(lists_[root()]);
    axis_ = kMargin + std::max(list.left, input.left);
    width_ = axis_ + std::max(list.right, input.right) + kMargin;
  }

  void measure(std::size_t row, double narrow) {
    Box& box = boxes_[row];
    if (!is_frame(row)) {
      const double of_lines = kApart * static_cast<double>(outline_.rows[row].inputs.size()) + kTextLine;
      box = {.left = narrow / 2, .right = narrow / 2, .height = std::max(header(), of_lines)};
      return;
    }
    box = around(lists_[row]);
    box.left += kInset;
    box.right = std::max(box.right + kInset, labels_[row].width() - box.left);
    box.height += header();
  }

  Box around(const List& list) const {
    Box around{.height = kGap};
    for (const std::size_t row : list.rows) {
      around.left = std::max(around.left, boxes_[row].left);
      around.right = std::max(around.right, boxes_[row].right);
      around.height += boxes_[row].height + kGap;
    }
    around.right += kLane * static_cast<double>(list.lane_count);
    return around;
  }

  void place() {
    boxes_[root()].top = kMargin;
    height_ = place(lists_[root()], boxes_[root()].bottom()) + kMargin;
    for (std::size_t row = 0; row < root(); ++row) place(lists_[row], boxes_[row].top + header());
  }

  /// Returns where the last box ends.
  double place(const List& list, double top) {
    for (const std::size_t row : list.rows) {
      boxes_[row].top = top + kGap;
      top = boxes_[row].bottom();
    }
    return top;
  }

  static double header() { return 2 * kTextLine + kInset; }

  std::string box(std::size_t row) const {
    const Box& box = boxes_[row];
    const double left = axis_ - box.left;
    const Label& label = labels_[row];
    const auto text_at = [&](double line, const std::string& text) {
      return "<text x=\"" + number(left + kInset) + "\" y=\"" + number(box.top + line * kTextLine) + "\">" + text +
             "</text>\n";
    };
    return "<g class=\"" + std::string(is_frame(row) ? "frame" : "box") + "\"><title>" + xml_text(label.title) +
           "</title>\n<rect x=\"" + number(left) + "\" y=\"" + number(box.top) + "\" width=\"" +
           number(box.left + box.right) + "\" height=\"" + number(box.height) + "\" rx=\"4\" stroke=\"black\" fill=\"" +
           (is_frame(row) ? "none" : "#eef2f8") + "\"/>\n" +
           text_at(1, "<tspan font-weight=\"bold\">" + xml_text(label.name) + "</tspan>  " + xml_text(label.kind)) +
           text_at(2, xml_text(label.size)) + "</g>\n";
  }

  std::string lines(std::size_t frame) const {
    const List& list = lists_[frame];
    std::string text;
    for (const List::Line& line : list.lines) {
      const bool is_end = line.to == list.rows.size() + 1;
      const std::string way = line.is_straight() ? straight(frame, line, is_end) : round(frame, line, is_end);
      text += "<path class=\"" + std::string(is_end ? "end" : "input") + "\" d=\"" + way +
              "\" fill=\"none\" stroke=\"black\" marker-end=\"url(#arrow)\"/>\n";
    }
    return text;
  }

  std::string straight(std::size_t frame, const List::Line& line, bool is_end) const {
    const List& list = lists_[frame];
    const double from = line.from == 0 ? begin(frame) : boxes_[list.rows[line.from - 1]].bottom();
    const double to = is_end ? boxes_[frame].bottom() : boxes_[list.rows[line.to - 1]].top;
    return "M" + number(axis_ + kApart * static_cast<double>(line.place)) + " " + number(from) + " V" + number(to);
  }

  /// From the right of a box, or from the axis where a frame begins or ends.
  std::string round(std::size_t frame, const List::Line& line, bool is_end) const {
    const List& list = lists_[frame];
    double x = axis_;
    double y = begin(frame) + kGap / 3;
    if (line.from > 0 || frame == root()) {
      const Box& from = boxes_[line.from > 0 ? list.rows[line.from - 1] : root()];
      x += from.right;
      y = from.bottom() - kApart;
    }
    double to_x = axis_;
    double to_y = boxes_[frame].bottom() - kGap / 3;
    if (!is_end) {
      const Box& to = boxes_[list.rows[line.to - 1]];
      to_x += to.right;
      to_y = to.top + kApart * static_cast<double>(line.place + 1);
    }
    const double lane = axis_ + column(frame) + kLane * static_cast<double>(list.lanes[line.from] + 1);
    return "M" + number(x) + " " + number(y) + " H" + number(lane) + " V" + number(to_y) + " H" + number(to_x);
  }

  /// Where the lines of a list begin.
  double begin(std::size_t frame) const { return boxes_[frame].top + header(); }

  /// How far a list's boxes go to the right of the axis.
  double column(std::size_t frame) const {
    double right = frame == root() ? boxes_[root()].right : 0;
    for (const std::size_t row : lists_[frame].rows) right = std::max(right, boxes_[row].right);
    return right;
  }

  const ModelOutline& outline_;
  std::vector<Label> labels_;  // one for each row, and the input's
  std::vector<List> lists_;    // what is inside each row, and the model's
  std::vector<Box> boxes_;     // as labels_
  std::vector<std::size_t> slots_;
  double axis_ = 0;
  double width_ = 0;
  double height_ = 0;
};

}  // namespace

std::string model_picture(const ModelOutline& outline) {
  return Picture(outline).svg();
}

}  // namespace dpml
