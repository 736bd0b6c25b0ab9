#include "threshold_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dpml::numerics {

namespace {

// Of the excess before: secants bring a smooth one down faster than that, and halving took one of five looks for 500
// bins.
constexpr double kConverging = 0.1;
constexpr double kLargestStride = 40;  // in the logarithm, when nothing is known but on which side to look

struct Point {
  double number;
  double excess;

  bool holds() const { return excess <= 0; }
  double log() const { return std::log(number); }
};

class Search {
 public:
  /// Ends early at a number where |excess| <= `enough`; never where that is negative.
  Search(const ThresholdSearch& of, double enough) : of_(of), enough_(enough), slope_(of.slope) {}

  Threshold run() {
    if (bracket()) {
      while (!is_enough() && !is_closed()) tighten();
    }
    return {holds_ ? std::optional(holds_->number) : std::nullopt, slope_};
  }

  NearThreshold come_near() {
    const std::optional<double> holds = run().holds;
    return {is_enough() ? snap(root()) : holds, slope_};
  }

 private:
  // One step towards the side that holds is +1 or -1 in the logarithm.
  double side() const { return of_.holds_above ? 1 : -1; }
  double snap(double number) const {
    return std::clamp(of_.is_whole ? std::round(number) : number, of_.least, of_.most);
  }
  double width() const { return std::fabs(holds_->log() - fails_->log()); }
  double precision_at(double number) const { return of_.is_whole ? 1 : of_.precision * number; }
  bool is_enough() const { return std::fabs(last_->excess) <= enough_; }
  bool is_closed() const {
    return std::fabs(holds_->number - fails_->number) <= precision_at(std::min(holds_->number, fails_->number));
  }

  void ask(double number) {
    const Point point{number, of_.excess(number)};
    if (last_ && std::isfinite(last_->excess) && std::isfinite(point.excess)) {
      const double slope = -side() * (point.excess - last_->excess) / (point.log() - last_->log());
      if (slope > 0 && std::isfinite(slope)) slope_ = slope;
    }
    last_ = point;
    (point.holds() ? holds_ : fails_) = point;
  }

  /// Where the secant meets 0.
  double root() const { return std::exp(last_->log() + side() * last_->excess / slope_); }

  /// Asks for one number on each side, unless one before is enough; false when the range ends first.
  bool bracket() {
    ask(snap(of_.start));
    double stride = std::log(2.0);
    for (; !(holds_ && fails_) && !is_enough(); stride = std::min(2 * stride, kLargestStride)) {
      const double direction = (last_->holds() ? -1 : 1) * side();
      const double move = std::isfinite(last_->excess) ? std::min(stride, beyond_root()) : stride;
      double number = snap(std::exp(last_->log() + direction * move));
      if (number == last_->number) number = snap(number + direction);  // of whole numbers the next
      if (number == last_->number) return false;
      ask(number);
    }
    return true;
  }

  /// How far to go from the last number: a tenth further than the secant says, to have the answer in between. Who comes
  /// from near aims at once, as next() does, at the side that holds and then at what the precision leaves.
  double beyond_root() {
    const double to_root = std::fabs(last_->excess) / slope_;
    if (!of_.is_near || of_.is_whole) return 1.1 * to_root + 1e-9;
    if (to_root > of_.precision && !std::exchange(has_aimed_, true)) {
      return to_root + (last_->holds() ? -0.5 : 0.5) * of_.precision;
    }
    return std::max(1.1 * to_root, 0.9 * of_.precision);
  }

  void tighten() {
    const double width_before = width();
    const double excess_before = std::fabs(last_->excess);
    ask(is_stuck_ ? middle() : next());
    // Who only comes near may do so from one side.
    const bool comes_near = enough_ >= 0 && std::fabs(last_->excess) < kConverging * excess_before;
    is_stuck_ = !is_stuck_ && !comes_near && width() > 0.5 * width_before;
  }

  double middle() const {
    const double number = snap(std::exp(0.5 * (holds_->log() + fails_->log())));
    return is_between(number) ? number : snap(holds_->number - side());
  }

  /// The secant's root, moved by half the precision to the side that holds; once that end is near, nine tenths of the
  /// precision from it to the other side: if it fails, the two are close enough.
  double next() const {
    if (!std::isfinite(last_->excess)) return middle();
    const double aim = root();
    const double step = precision_at(aim);
    const double holds = holds_->number;
    const double number = snap(std::fabs(holds - aim) > step ? aim + 0.5 * side() * step : holds - 0.9 * side() * step);
    return is_between(number) ? number : middle();
  }

  bool is_between(double number) const {
    const auto [low, high] = std::minmax(holds_->number, fails_->number);
    return low < number && number < high;
  }

  const ThresholdSearch& of_;
  double enough_;
  std::optional<Point> holds_;
  std::optional<Point> fails_;
  std::optional<Point> last_;
  double slope_;
  bool is_stuck_ = false;
  bool has_aimed_ = false;
};

}  // namespace

Threshold find_threshold(const ThresholdSearch& search) {
  return Search(search, -1).run();
}

NearThreshold come_near(const ThresholdSearch& search, double enough) {
  return Search(search, enough).come_near();
}

}  // namespace dpml::numerics
