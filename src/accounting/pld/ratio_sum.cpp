#include "ratio_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"
#include "numerics/gauss_legendre.h"
#include "numerics/rounding.h"

namespace dpml::pld {

namespace {

using numerics::kHalfUlp;

constexpr int kDigits = 14;               // binary, of a count
constexpr double kWideFrom = 3;           // standard deviations from the mean, cells become wider
constexpr double kWidestCell = 0.25;      // in z, for the quadrature
constexpr double kLeastProduct = 1e-290;  // smaller ones are not told from 0
constexpr double kOpsOfPair = 1;
/// Of the deviation of the sum, or of the least likely sum where that is less: no cell needs to be narrower than a step
/// of it. 500 bins with noise 0.6 are summed three times as fast as with 0, to about the same interval.
constexpr double kLeastPart = 0.5;

/// How wide cells are: a step of the number or of its deviation from the mean, whichever is less, but not of less than
/// a part of the final sum that goes with the root of the count, as the errors of parts that are added up do.
struct Fineness {
  double step;
  double least;  // of the sum of all
  double total;
  double least_at(double count) const { return least * std::sqrt(count / total); }
};

/// A number that a sum of `count` is below with a chance of about `cut`: by Chernoff's bound, from a coarse rule for
/// the Laplace transform. For choosing nodes only.
double least_likely_sum(double count, double mu, double cut) {
  double least = 0;
  for (double log_s = -20; log_s < 40; log_s += 0.5) {
    const double s = std::exp(log_s);
    double transform = 0;
    for (double z = -12; z <= 12; z += kWidestCell) {
      transform += std::exp(-0.5 * z * z - s * std::exp(mu * z - 0.5 * mu * mu));
    }
    transform *= kWidestCell / std::sqrt(2 * std::numbers::pi);
    if (transform > 0) least = std::max(least, (std::log(cut) - count * std::log(transform)) / s);
  }
  return least;
}

/// The numbers that a sum of `count` of them may be on; their mean is `count`. Below half of it a number is known
/// relative to itself, from there on relative to its deviation from the mean.
class Grid {
 public:
  Grid(double count, double variance, const Fineness& fine, RatioPlace from, RatioPlace to) : half(0.5 * count) {
    const double deviation = std::sqrt(variance);
    nodes.push_back(from);
    while (is_less(nodes.back(), to)) {
      const RatioPlace at = nodes.back();
      const double wide = deviation + std::max(0.0, std::fabs(at.deviation) - kWideFrom * deviation);
      const double width = fine.step * std::max(std::min(at.number, wide), fine.least_at(count));
      RatioPlace next = at.number < half ? RatioPlace{at.number + width, at.number + width - count}
                                         : RatioPlace{count + (at.deviation + width), at.deviation + width};
      if (!is_less(next, to) || !is_less(at, next)) next = to;
      nodes.push_back(next);
    }
  }
  std::size_t cells() const { return nodes.size() - 1; }

  bool is_less(const RatioPlace& a, const RatioPlace& b) const {
    return a.number < half ? a.number < b.number : a.deviation < b.deviation;
  }
  /// How far b is above a.
  double distance(const RatioPlace& a, const RatioPlace& b) const {
    return a.number < half ? b.number - a.number : b.deviation - a.deviation;
  }
  RatioPlace moved(const RatioPlace& from, double by) const {
    if (from.number < half) return {from.number + by, from.number + by - 2 * half};
    return {2 * half + (from.deviation + by), from.deviation + by};
  }

  double half;
  std::vector<RatioPlace> nodes;
};

/// What lies between two nodes: its mass, and its mean times mass, from the left node on.
struct Cells {
  explicit Cells(std::size_t size) : masses(size), means(size) {}
  std::vector<double> masses;
  std::vector<double> means;
};

/// Every cell's mass to the nodes around it; the mean is kept.
RatioMasses spread(const Grid& grid, const Cells& cells) {
  RatioMasses made{grid.nodes, std::vector<double>(grid.nodes.size())};
  for (std::size_t k = 0; k < cells.masses.size(); ++k) {
    const double up = std::min(cells.masses[k], cells.means[k] / grid.distance(grid.nodes[k], grid.nodes[k + 1]));
    made.masses[k] += cells.masses[k] - up;
    made.masses[k + 1] += up;
  }
  return made;
}

/// Every cell's mass at its mean.
RatioMasses merge(const Grid& grid, const Cells& cells) {
  RatioMasses made;
  for (std::size_t k = 0; k < cells.masses.size(); ++k) {
    if (!(cells.masses[k] > 0)) continue;
    made.nodes.push_back(grid.moved(grid.nodes[k], cells.means[k] / cells.masses[k]));
    made.masses.push_back(cells.masses[k]);
  }
  return made;
}

RatioMasses on_nodes(const Grid& grid, const Cells& cells, ConvexSide side) {
  return side == ConvexSide::above ? spread(grid, cells) : merge(grid, cells);
}

/// Leaves out the ends that hardly matter: up to `mass` of mass and `mean` of mass times number.
void leave_out_ends(RatioMasses& of, double mass, double mean) {
  double lost_mass = 0;
  double lost_mean = 0;
  const auto may_go = [&](std::size_t k) {
    const double more_mass = lost_mass + of.masses[k];
    const double more_mean = lost_mean + of.masses[k] * of.nodes[k].number;
    if (more_mass > mass || more_mean > mean) return false;
    lost_mass = more_mass;
    lost_mean = more_mean;
    return true;
  };
  std::size_t from = 0;
  std::size_t to = of.masses.size();
  while (to > 1 && may_go(to - 1)) --to;
  while (from + 1 < to && may_go(from)) ++from;
  const auto keep = [&](auto& all) {
    all.resize(to);
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(from));
  };
  keep(of.nodes);
  keep(of.masses);
  of.lost_mass += lost_mass;
  of.lost_mean += lost_mean;
}

/// Those of b whose product with `mass` is told from 0: [first, last).
std::pair<std::size_t, std::size_t> told(const RatioMasses& b, double mass) {
  std::size_t first = 0;
  std::size_t last = b.masses.size();
  while (first < last && b.masses[first] * mass < kLeastProduct) ++first;
  while (last > first && b.masses[last - 1] * mass < kLeastProduct) --last;
  return {first, last};
}

/// Sums of the nodes of one side, the columns, with those of the other side, the rows, which ascend. So the cell that a
/// column's sum falls into ascends, too, and is the same for some rows on end: what they bring is added up first, and
/// then to the cell at once. So no sum has more terms than the nodes of both, and few sums look for another cell.
class Columns {
 public:
  Columns(const RatioMasses& of, const Grid& grid)
      : half_(grid.half),
        masses_(of.masses),
        cells_(of.nodes.size()),
        is_beyond_(of.nodes.size()),
        beyond_(of.nodes.size()),
        mass_of_rows_(of.nodes.size()),
        mean_of_rows_(of.nodes.size()),
        small_(of.nodes.size()) {
    for (const RatioPlace& node : of.nodes) {
      numbers_.push_back(node.number);
      deviations_.push_back(node.deviation);
    }
    for (std::size_t k = 0; k < std::max<std::size_t>(1, grid.cells()); ++k) {
      edge_numbers_.push_back(grid.nodes[k].number);
      edge_deviations_.push_back(grid.nodes[k].deviation);
    }
    edge_numbers_.push_back(numerics::kInfinity);
    edge_deviations_.push_back(numerics::kInfinity);
    left_.assign(masses_.size(), edge_numbers_[0]);
    right_.assign(masses_.size(), edge_numbers_[1]);
  }

  /// The sums of a node with the columns [first, last): small ones as numbers, others as deviations.
  void add_row(const RatioPlace& node, double mass, std::size_t first, std::size_t last, Cells& cells) {
    if (first >= last || !(mass > 0)) return;
    while (small_ > 0 && !(node.number + numbers_[small_ - 1] < half_)) {
      --small_;
      left_[small_] = edge_deviations_[cells_[small_]];
      right_[small_] = edge_deviations_[cells_[small_] + 1];
    }
    const std::size_t middle = std::clamp(small_, first, last);
    add(node.number, mass, numbers_, edge_numbers_, first, middle, cells);
    add(node.deviation, mass, deviations_, edge_deviations_, middle, last, cells);
  }

  void finish(Cells& cells) {
    for (std::size_t j = 0; j < masses_.size(); ++j) to_cell(j, cells);
  }

 private:
  void add(double place, double mass, const std::vector<double>& places, const std::vector<double>& edges,
           std::size_t first, std::size_t last, Cells& cells) {
    const double* of_columns = places.data();
    double* left = left_.data();
    double* right = right_.data();
    double* masses = mass_of_rows_.data();
    double* means = mean_of_rows_.data();
    std::uint32_t* is_beyond = is_beyond_.data();
    std::uint32_t* beyond = beyond_.data();
#pragma omp simd
    for (std::size_t j = first; j < last; ++j) is_beyond[j] = right[j] <= place + of_columns[j] ? 1 : 0;
    std::size_t many = 0;
    for (std::size_t j = first; j < last; ++j) {
      beyond[many] = static_cast<std::uint32_t>(j);
      many += is_beyond[j];
    }
    std::uint32_t k = 0;  // ascends with the columns
    for (std::size_t i = 0; i < many; ++i) {
      const std::size_t j = beyond[i];
      to_cell(j, cells);
      const double sum = place + of_columns[j];
      k = std::max(k, cells_[j] + 1);
      while (edges[k + 1] <= sum) ++k;
      cells_[j] = k;
      left[j] = edges[k];
      right[j] = edges[k + 1];
    }
#pragma omp simd
    for (std::size_t j = first; j < last; ++j) {
      masses[j] += mass;
      means[j] += mass * std::max(0.0, place + of_columns[j] - left[j]);
    }
  }

  void to_cell(std::size_t j, Cells& cells) {
    cells.masses[cells_[j]] += masses_[j] * mass_of_rows_[j];
    cells.means[cells_[j]] += masses_[j] * mean_of_rows_[j];
    mass_of_rows_[j] = mean_of_rows_[j] = 0;
  }

  double half_;
  std::vector<double> masses_;
  std::vector<double> numbers_;
  std::vector<double> deviations_;
  std::vector<double> edge_numbers_;
  std::vector<double> edge_deviations_;
  std::vector<std::uint32_t> cells_;  // of the columns' latest sums, and
  std::vector<double> left_;          // the edges of those cells
  std::vector<double> right_;
  std::vector<std::uint32_t> is_beyond_;
  std::vector<std::uint32_t> beyond_;
  std::vector<double> mass_of_rows_;  // that have brought a column's sum into its cell
  std::vector<double> mean_of_rows_;  // times how far it is from the left edge
  std::size_t small_;                 // columns whose sums are below half of the mean
};

class Adder {
 public:
  Adder(double count, double mu, const RatioLattice& lattice, ConvexSide side)
      : mu_(mu),
        variance_(std::expm1(mu * mu)),
        lattice_(lattice),
        side_(side),
        total_(count),
        fine_{lattice.step,
              kLeastPart * std::min(std::sqrt(count * variance_), least_likely_sum(count, mu, lattice.cut)), count},
        stages_(2 + 2 * std::ilogb(count)) {}

  double least() const { return fine_.least; }

  RatioMasses one() const {
    const double reach = std::sqrt(-2 * std::log(lattice_.cut / total_ / 8));
    const double low = -reach;
    const double high = reach + mu_;
    const auto number_at = [&](double z) {
      const double exponent = mu_ * z - 0.5 * mu_ * mu_;
      return RatioPlace{std::exp(exponent), std::expm1(exponent)};
    };
    const auto z_at = [&](const RatioPlace& node) {
      const double log = node.number < 0.5 ? std::log(node.number) : std::log1p(node.deviation);
      return (log + 0.5 * mu_ * mu_) / mu_;
    };
    Grid grid(1, variance_, fine_, number_at(low), number_at(high));
    if (side_ == ConvexSide::above) grid.nodes.insert(grid.nodes.begin(), {0, -1});
    Cells cells(grid.cells());
    for (std::size_t k = 0; k < grid.cells(); ++k) {
      const bool is_first = side_ == ConvexSide::above && k == 0;  // all that is below the first node but 0
      const double from = is_first ? low - kFurtherBelow : z_at(grid.nodes[k]);
      const double to = z_at(grid.nodes[k + 1]);
      const auto panels = std::ceil((to - from) / kWidestCell);
      for (double panel = 0; panel < panels; ++panel) {
        const double width = (to - from) / panels;
        numerics::for_each_quadrature_node(
            from + panel * width, from + (panel + 1) * width, [&](double z, double weight) {
              const double mass = weight * std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
              cells.masses[k] += mass;
              cells.means[k] += mass * grid.distance(grid.nodes[k], number_at(z));
            });
      }
      cells.means[k] = std::max(0.0, cells.means[k]);
    }
    RatioMasses made = on_nodes(grid, cells, side_);
    made.lost_mass =
        0.5 * std::erfc(high / std::numbers::sqrt2) + 0.5 * std::erfc((reach + kFurtherBelow) / std::numbers::sqrt2);
    made.lost_mean = 0.5 * std::erfc((high - mu_) / std::numbers::sqrt2) + made.lost_mass;
    made.error = kErrorOfCell;
    return made;
  }

  /// The sum of two independent ones, of `count_a` and `count_b` numbers.
  RatioMasses sum(const RatioMasses& a, double count_a, const RatioMasses& b, double count_b) const {
    if (a.nodes.empty() || b.nodes.empty()) return {};
    const double count = count_a + count_b;
    const RatioPlace least = a.nodes.front() + b.nodes.front();
    const bool begins_at_0 = least.number == 0;
    Grid grid(count, count * variance_, fine_, begins_at_0 ? least_above_0(a, b) : least,
              a.nodes.back() + b.nodes.back());
    if (begins_at_0) grid.nodes.insert(grid.nodes.begin(), least);
    Cells cells(std::max<std::size_t>(1, grid.cells()));
    if (&a == &b) {
      add_square(a, grid, cells);
    } else {
      add_product(a, b, grid, cells);
    }
    RatioMasses made = grid.cells() == 0 ? RatioMasses{grid.nodes, cells.masses} : on_nodes(grid, cells, side_);
    // Sums of which a part was left out, or whose mass is not told from 0.
    const double pairs = static_cast<double>(a.nodes.size()) * static_cast<double>(b.nodes.size());
    const double untold = pairs * 2 * kLeastProduct;
    made.lost_mass = a.lost_mass + b.lost_mass + untold;
    made.lost_mean = a.lost_mean + count_b * a.lost_mass + b.lost_mean + count_a * b.lost_mass +
                     untold * (a.nodes.back().number + b.nodes.back().number);
    made.error = a.error + b.error + kHalfUlp * (8 + static_cast<double>(a.nodes.size() + b.nodes.size()));
    const double share = lattice_.cut / (8 * static_cast<double>(stages_));
    if (!made.nodes.empty()) leave_out_ends(made, share * count / total_, share * count);
    return made;
  }

 private:
  static constexpr double kFurtherBelow = 4;  // z, where the first cell ends
  static constexpr double kErrorOfCell = 1e-14;

  static RatioPlace least_above_0(const RatioMasses& a, const RatioMasses& b) {
    const RatioPlace one = a.nodes.front() + b.nodes[1];
    const RatioPlace other = a.nodes[1] + b.nodes.front();
    return one.number < other.number ? one : other;
  }

  /// The pairs of equal nodes once, those of unequal ones twice.
  static void add_square(const RatioMasses& a, const Grid& grid, Cells& cells) {
    vectorised([&] {
      Columns columns(a, grid);
      for (std::size_t i = 0; i < a.nodes.size(); ++i) {
        const auto [first, last] = told(a, a.masses[i]);
        columns.add_row(a.nodes[i], a.masses[i], std::max(first, i), std::min(last, i + 1), cells);
        columns.add_row(a.nodes[i], 2 * a.masses[i], std::max(first, i + 1), last, cells);
      }
      columns.finish(cells);
    });
  }

  /// Rows are the nodes of b: one number, whose nodes lie closer than those of many, so that sums seldom move on.
  static void add_product(const RatioMasses& a, const RatioMasses& b, const Grid& grid, Cells& cells) {
    vectorised([&] {
      Columns columns(a, grid);
      for (std::size_t i = 0; i < b.nodes.size(); ++i) {
        const auto [first, last] = told(a, b.masses[i]);
        columns.add_row(b.nodes[i], b.masses[i], first, last, cells);
      }
      columns.finish(cells);
    });
  }

  double mu_;
  double variance_;
  RatioLattice lattice_;
  ConvexSide side_;
  double total_;
  Fineness fine_;
  int stages_;
};

/// A count as digits * 2^shift, with few binary digits, on the safe side.
struct RoundedCount {
  std::uint64_t digits;
  int shift;
  double value() const { return std::ldexp(static_cast<double>(digits), shift); }
};

RoundedCount with_few_digits(std::uint64_t count, ConvexSide side) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(count)) - kDigits);
  const std::uint64_t down = count >> shift;
  const bool is_exact = down << shift == count;
  return {side == ConvexSide::above || is_exact ? down : down + 1, shift};
}

/// The sum of `count` of them by few additions: of a sum to itself, which costs half of one to another, where it can
/// be.
RatioMasses sum_of(std::uint64_t count, const Adder& adder, const RatioMasses& one) {
  DPML_ASSERT(count > 0);
  if (count == 1) return one;
  const auto number = static_cast<double>(count);
  if (count % 2 == 0) {
    const RatioMasses half = sum_of(count / 2, adder, one);
    return adder.sum(half, number / 2, half, number / 2);
  }
  if (count % 3 == 0) {
    const RatioMasses third = sum_of(count / 3, adder, one);
    const RatioMasses two_thirds = adder.sum(third, number / 3, third, number / 3);
    return adder.sum(two_thirds, 2 * number / 3, third, number / 3);
  }
  return adder.sum(sum_of(count - 1, adder, one), number - 1, one, 1);
}

}  // namespace

RatioSum log_normal_sum(std::uint64_t count, double mu, const RatioLattice& lattice, ConvexSide side) {
  const RoundedCount rounded = with_few_digits(count, side);
  const Adder adder(rounded.value(), mu, lattice, side);
  RatioMasses all = sum_of(rounded.digits << rounded.shift, adder, adder.one());
  return {std::move(all), rounded.value(), std::sqrt(rounded.value() * std::expm1(mu * mu)), adder.least()};
}

double work_of_log_normal_sum(std::uint64_t count, double mu, const RatioLattice& lattice) {
  const double reach = std::sqrt(-2 * std::log(lattice.cut / static_cast<double>(count) / 8));
  const double nodes = (mu * (2 * reach + mu) + 2 * reach) / lattice.step;
  const int digits = static_cast<int>(std::bit_width(count));
  const double stages = digits + std::min(kDigits, digits);
  return kOpsOfPair * stages * nodes * nodes;
}

}  // namespace dpml::pld
