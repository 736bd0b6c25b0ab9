#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "dice.h"
#include "dpml/accounting/ledger.h"
#include "dpml/base/error.h"

namespace dpml {

/// Random valid ledgers of all kinds of events, nested, with numbers from the smallest double to the largest one and
/// counts up to 2^64 - 1, and questions about them.
class ExtremeLedgers {
 public:
  explicit ExtremeLedgers(std::uint64_t key) : dice_(key) {}

  Ledger next(int most_entries) {
    constexpr std::array all{Neighbours::add_or_remove_one, Neighbours::replace_one, Neighbours::zero_out};
    Ledger ledger(one_of(all));
    for (int i = dice_.below(most_entries); i >= 0; --i) {
      try {
        ledger.append(event(dice_.below(4)), dice_.coin() ? 1 : count());
      } catch (const Error&) {  // of numbers that do not go together
      }
    }
    return ledger;
  }

  double delta() {
    switch (dice_.below(4)) {
      case 0:
        return one_of(std::array{0.0, 0.999, 1 - 1e-10, 0.5, 1e-300, kSmallest, 1 - 0x1p-53, 0.1});
      case 1:
        return dice_.logarithmic(1e-300, 1);
      default:
        return dice_.logarithmic(1e-12, 0.5);
    }
  }

  double epsilon() {
    switch (dice_.below(4)) {
      case 0:
        return one_of(std::array{0.0, 1e-300, 1e300, 1e-16, 700.0, kSmallest});
      case 1:
        return dice_.logarithmic(1e-300, 1e300);
      default:
        return dice_.logarithmic(1e-5, 1e3);
    }
  }

  Dice& dice() { return dice_; }

 private:
  static constexpr double kSmallest = std::numeric_limits<double>::denorm_min();
  static constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

  template <class All>
  typename All::value_type one_of(const All& all) {
    return all[static_cast<std::size_t>(dice_.below(static_cast<int>(all.size())))];
  }

  double positive() {
    switch (dice_.below(6)) {
      case 0:
        return dice_.logarithmic(1e-300, 1e300);
      case 1:
        return one_of(std::array{1e-300, 1e300, kSmallest, std::numeric_limits<double>::max(), 1e-30, 1e30, 1e-16, 1.0,
                                 1e7, 1e-7});
      case 2:
        return dice_.logarithmic(1e-20, 1e20);
      default:
        return dice_.logarithmic(1e-3, 1e3);
    }
  }

  double probability() {
    switch (dice_.below(5)) {
      case 0:
        return dice_.logarithmic(1e-300, 1);
      case 1:
        return one_of(std::array{1.0, kSmallest, 1e-300, 1 - 0x1p-53, 0.5, 1e-16});
      default:
        return dice_.logarithmic(1e-8, 1);
    }
  }

  std::uint64_t count() {
    constexpr std::uint64_t one = 1;
    switch (dice_.below(4)) {
      case 0:
        return one_of(std::array{one, one << 1, kMost, one << 62, one << 63, one << 53, (one << 53) + 1, one << 31});
      case 1:
        return static_cast<std::uint64_t>(dice_.logarithmic(1, 1.8e19));
      default:
        return static_cast<std::uint64_t>(dice_.logarithmic(1, 1e5));
    }
  }

  MixtureOfGaussians mixture() {
    MixtureOfGaussians made{positive(), {}};
    double rest = 1;
    for (int i = dice_.below(5); i > 0; --i) {
      const double part = rest * std::min(0.9, probability());
      if (!(part > 0)) continue;
      made.components.push_back({dice_.coin() ? 0 : positive(), part});
      rest -= part;
    }
    made.components.push_back({positive(), rest});
    return made;
  }

  Event leaf() {
    const auto of_integers = [this] { return std::min(count(), std::uint64_t{1} << 31); };
    switch (dice_.below(12)) {
      case 0:
        return Gaussian{dice_.below(20) == 0 ? 0 : positive()};
      case 1:
        return Laplace{positive()};
      case 2:
        return DiscreteGaussian{positive(), of_integers()};
      case 3:
        return DiscreteLaplace{positive(), of_integers()};
      case 4:
        return RandomizedResponse{probability(), std::max<std::uint64_t>(2, count())};
      case 5:
        return ExponentialMechanism{positive()};
      case 6:
        return EpsilonDelta{positive(), dice_.coin() ? 0 : probability()};
      case 7:
        return ZeroConcentrated{positive(), dice_.coin() ? 0 : positive()};
      case 8:
        return mixture();
      case 9: {
        TreeAggregation made{positive(), {}};
        for (int i = dice_.below(3); i >= 0; --i) made.step_counts.push_back(count());
        return made;
      }
      case 10:
        return Gaussian{positive()};
      default:
        return dice_.below(8) == 0 ? Event(NonPrivate{}) : Event(Gaussian{positive()});
    }
  }

  Event event(int depth) {
    if (depth <= 0 || dice_.coin()) return leaf();
    const Event inner = event(depth - 1);
    switch (dice_.below(9)) {
      case 0: {
        const std::uint64_t of = count();
        return SampledWithoutReplacement{of, std::min(of, count()), inner};
      }
      case 1:
        return TruncatedPoissonSampled{count(), probability(), count(), inner};
      case 2:
        return Shuffled{count(), inner};
      case 3:
        return BallsAndBins{count(), inner};
      case 4: {
        if (dice_.below(3) == 0) return RepeatAndSelect{inner, positive(), std::numeric_limits<double>::infinity()};
        const double shape = dice_.coin() ? dice_.uniform(-0.999, 5) : positive();
        return RepeatAndSelect{inner, std::max(1.0, positive()), dice_.below(3) == 0 ? 0 : shape};
      }
      case 5: {
        Composed made{{inner}};
        for (int i = dice_.below(3); i > 0; --i) made.events.push_back(event(depth - 1));
        return made;
      }
      case 6:
        return SelfComposed{inner, count()};
      default:
        return PoissonSampled{probability(), inner};
    }
  }

  Dice dice_;
};

}  // namespace dpml
