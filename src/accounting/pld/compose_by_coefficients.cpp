#include <algorithm>
#include <cmath>
#include <numbers>

#include "composed_masses.h"
#include "numerics/complex_log1p.h"
#include "numerics/rounding.h"

namespace dpml::pld {

namespace {

using numerics::kHalfUlp;

using Complex = std::complex<double>;

// Work is in units of work_budget.h, as measured on one core; the rest was found by trying, with
// scripts/sweep_accountant.sh. What is left out is counted, so all of it decides about width and time only.
constexpr double kLogNegligible = -46;      // of a coefficient that is left out: 1e-20
constexpr double kLogWellBelow = -80;       // where looking for the end begins
constexpr double kMostCoefficients = 4000;  // where there were more, transforms take over
constexpr double kLeastCoefficients = 8;    // fewer are not worth looking for
constexpr double kWorkOfTerm = 0.6;         // of a node in a coefficient
constexpr double kTermsOfLook = 4;          // what a look costs, in coefficients
constexpr double kMostWork = 3e8;           // for all coefficients
constexpr double kPartOfBudget = 0.25;      // likewise
constexpr double kMostTurnError = 1e-9;     // of a rotor that is turned on, before it is computed afresh
constexpr int kMostMoves = 256;             // before rotors are computed afresh
constexpr double kMostLooks = 3000;         // for where the spectrum ends
constexpr double kLooksOfStride = 10;       // what a change of the stride costs
constexpr std::size_t kBlock = 64;          // terms of a sum that are added in a row

/// The nodes of one phase but the one at place 0, with exp(-i w place) for a frequency w that moves on.
class Rotors {
 public:
  explicit Rotors(const TiltedPld& lattice) {
    long double total = 0;
    for (std::size_t i = 0; i < lattice.weights.size(); ++i) {
      if (!(lattice.weights[i] > 0) || lattice.places[i] == 0) continue;
      total += lattice.weights[i];
      weights_.push_back(lattice.weights[i]);
      places_.push_back(static_cast<double>(lattice.places[i]));
      furthest_ = std::max(furthest_, std::fabs(places_.back()));
      weighted_places_.push_back(weights_.back() * places_.back());
      mean_distance_ += std::fabs(weighted_places_.back());
      mean_square_ += lattice.weights[i] * places_.back() * places_.back();
    }
    total_ = static_cast<double>(total);
    real_.assign(weights_.size(), 1);
    imaginary_.assign(weights_.size(), 0);
    turn_real_.resize(weights_.size());
    turn_imaginary_.resize(weights_.size());
  }

  double mean_distance() const { return mean_distance_; }
  double mean_square() const { return mean_square_; }

  /// Rounding of value_minus_1(), and of slope() relative to mean_distance().
  double rounding() const {
    const double of_sum = numerics::kTotalError + kBlock + static_cast<double>(weights_.size() / kBlock);
    return total_ * (error_ + kHalfUlp * of_sum);
  }
  double rounding_of_slope() const {
    return error_ + kHalfUlp * (kBlock + static_cast<double>(weights_.size() / kBlock));
  }

  void set_stride(double frequency) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      turn_real_[i] = std::cos(frequency * places_[i]);
      turn_imaginary_[i] = -std::sin(frequency * places_[i]);
    }
    turn_error_ = kHalfUlp * (2 + 3 * frequency * furthest_);
  }

  /// To the frequency 2 pi k / points.
  void go_to(std::int64_t k, std::int64_t points) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const auto turns =
          static_cast<std::int64_t>(static_cast<__int128>(k) * static_cast<std::int64_t>(places_[i]) % points);
      const double angle = 2 * std::numbers::pi * static_cast<double>(turns) / static_cast<double>(points);
      real_[i] = std::cos(angle);
      imaginary_[i] = -std::sin(angle);
    }
    error_ = 24 * kHalfUlp;
  }

  /// Doubles the stride, which is now `frequency`.
  void double_stride(double frequency) {
    if (turn_error_ > kMostTurnError) return set_stride(2 * frequency);
    multiply(turn_real_, turn_imaginary_, turn_real_, turn_imaginary_, 1);
    turn_error_ = 2 * turn_error_ + 4 * kHalfUlp;
  }
  void move() {
    multiply(real_, imaginary_, turn_real_, turn_imaginary_, 1);
    error_ += turn_error_ + 4 * kHalfUlp;
  }
  void move_back() {
    multiply(real_, imaginary_, turn_real_, turn_imaginary_, -1);
    error_ += turn_error_ + 4 * kHalfUlp;
  }

  /// E[exp(-i w X)] - 1
  Complex value_minus_1() const { return sum(weights_) - total_; }
  /// Its derivative by the frequency.
  Complex slope() const { return Complex(0, -1) * sum(weighted_places_); }

 private:
  Complex sum(const std::vector<double>& factors) const {
    double real = 0;
    double imaginary = 0;
    for (std::size_t block = 0; block < weights_.size(); block += kBlock) {
      const std::size_t end = std::min(weights_.size(), block + kBlock);
      double block_real = 0;
      double block_imaginary = 0;
#pragma omp simd reduction(+ : block_real, block_imaginary)
      for (std::size_t i = block; i < end; ++i) {
        block_real += factors[i] * real_[i];
        block_imaginary += factors[i] * imaginary_[i];
      }
      real += block_real;
      imaginary += block_imaginary;
    }
    return {real, imaginary};
  }

  /// (a + i b) times (c + i sign d), into a and b.
  static void multiply(std::vector<double>& a, std::vector<double>& b, const std::vector<double>& c,
                       const std::vector<double>& d, double sign) {
    double* const re = a.data();
    double* const im = b.data();
    const double* const turn_re = c.data();
    const double* const turn_im = d.data();
    const std::size_t size = a.size();
#pragma omp simd
    for (std::size_t i = 0; i < size; ++i) {
      const double x = turn_re[i];
      const double y = sign * turn_im[i];
      const double new_re = re[i] * x - im[i] * y;
      im[i] = re[i] * y + im[i] * x;
      re[i] = new_re;
    }
  }

  std::vector<double> weights_;
  std::vector<double> places_;
  std::vector<double> real_;
  std::vector<double> imaginary_;
  std::vector<double> turn_real_;
  std::vector<double> turn_imaginary_;
  std::vector<double> weighted_places_;
  double error_ = 0;       // of a rotor
  double turn_error_ = 0;  // of what turns it
  double furthest_ = 0;    // place
  double total_ = 0;       // of weights_
  double mean_distance_ = 0;
  double mean_square_ = 0;
};

/// All phases at one frequency.
class Sweep {
 public:
  Sweep(const std::vector<CountedTiltedPld>& phases, double frequency) {
    for (const CountedTiltedPld& phase : phases) {
      rotors_.emplace_back(phase.lattice);
      rotors_.back().set_stride(frequency);
      counts_.push_back(phase.count);
    }
    look();
  }

  void move() {
    for (Rotors& rotors : rotors_) rotors.move();
    look();
  }
  void move_back() {
    for (Rotors& rotors : rotors_) rotors.move_back();
    look();
  }
  void set_stride(double frequency) {
    for (Rotors& rotors : rotors_) rotors.set_stride(frequency);
  }
  void double_stride(double frequency) {
    for (Rotors& rotors : rotors_) rotors.double_stride(frequency);
  }
  void go_to(std::int64_t k, std::int64_t points) {
    for (Rotors& rotors : rotors_) rotors.go_to(k, points);
    look();
  }

  /// log of an upper bound of the coefficient's size at all frequencies not further away than `distance`: to first
  /// order a value F moves along its slope F', and what is beyond that is at most E[X^2] distance^2 / 2.
  double log_size_within(double distance) const {
    double sum = 0;
    for (std::size_t j = 0; j < rotors_.size(); ++j) {
      const Complex value = 1.0 + differences_[j];
      const double size = std::abs(value);
      const double outwards = std::fabs((std::conj(value) * slopes_[j]).real());
      const double moved =
          std::sqrt(size * size + 2 * distance * outwards + distance * distance * std::norm(slopes_[j])) +
          0.5 * distance * distance * rotors_[j].mean_square();
      const double rounding =
          kHalfUlp + rotors_[j].rounding() + distance * rotors_[j].mean_distance() * rotors_[j].rounding_of_slope();
      const double bound = rounding + std::min(moved, size + rotors_[j].mean_distance() * distance);
      sum += counts_[j] * std::log(std::min(1.0, bound));
    }
    return sum;
  }

  /// From now on, log_size_within may be asked.
  void look_at_slopes() {
    needs_slopes_ = true;
    look();
  }

  double log_size() const {
    double sum = 0;
    for (std::size_t j = 0; j < rotors_.size(); ++j) sum += counts_[j] * std::log(std::abs(1.0 + differences_[j]));
    return sum;
  }

  /// The coefficient here, and what rounding may have done to it.
  Complex coefficient(double& error) const {
    Complex log_total = 0;
    double log_error = 0;
    const double power_error = kHalfUlp * (numerics::kPowerError + 2 * static_cast<double>(rotors_.size()));
    for (std::size_t j = 0; j < rotors_.size(); ++j) {
      const Complex x = differences_[j];
      log_total += counts_[j] * numerics::log_of_1_plus(x);
      log_error += counts_[j] * (rotors_[j].rounding() + power_error * std::min(1.0, std::abs(x))) /
                   std::max(std::abs(1.0 + x), 1e-300);
    }
    const double size = std::exp(log_total.real());
    error = size * (log_error + power_error);
    return std::polar(size, log_total.imag());
  }

 private:
  void look() {
    differences_.clear();
    slopes_.clear();
    for (const Rotors& rotors : rotors_) {
      differences_.push_back(rotors.value_minus_1());
      slopes_.push_back(needs_slopes_ ? rotors.slope() : Complex(0));
    }
  }

  std::vector<Rotors> rotors_;
  std::vector<double> counts_;
  std::vector<Complex> differences_;  // of each phase's coefficient from 1
  std::vector<Complex> slopes_;
  bool needs_slopes_ = false;
};

/// Are all coefficients from here to the highest frequency negligible? False, too, when that takes too many looks,
/// which are counted down.
bool is_over(Sweep& sweep, double unit, double frequency, double& looks_left) {
  sweep.look_at_slopes();
  double stride = unit;
  const auto shorten = [&] {
    stride *= 0.5;
    return stride >= unit / 4;
  };
  while (frequency < std::numbers::pi) {
    while (sweep.log_size_within(stride) <= kLogNegligible) {
      sweep.double_stride(stride);
      stride *= 2;
    }
    bool is_shorter = false;
    while (sweep.log_size_within(0.5 * stride) > kLogNegligible) {
      is_shorter = true;
      if (!shorten()) return false;
    }
    if (is_shorter) sweep.set_stride(stride);
    looks_left -= is_shorter ? kLooksOfStride : 1;
    sweep.move();
    while (sweep.log_size_within(0.5 * stride) > kLogNegligible) {  // the gap just jumped is not covered from its end
      sweep.move_back();
      if (!shorten()) return false;
      sweep.set_stride(stride);
      sweep.move();
      looks_left -= kLooksOfStride;
    }
    if (looks_left < 0) return false;
    frequency += stride;
  }
  return true;
}

}  // namespace

std::optional<Spectrum> compose_by_coefficients(const std::vector<CountedTiltedPld>& phases, std::int64_t points,
                                                WorkBudget& budget) {
  double nodes = 0;
  for (const CountedTiltedPld& phase : phases) nodes += static_cast<double>(phase.lattice.weights.size());
  const double work_of_one = kWorkOfTerm * nodes;
  const double transforms = work_of_transforms(phases.size(), static_cast<double>(points), Precision::usual);
  const double most_work = std::min({kMostWork, kPartOfBudget * budget.left(), transforms});
  const double most = std::min(kMostCoefficients, most_work / work_of_one);
  if (most < kLeastCoefficients) return std::nullopt;
  double looks_left = std::min(kMostLooks, most_work / (kTermsOfLook * work_of_one));
  const double looks = looks_left;
  // What is likely at one place makes no coefficient small.
  double log_least = 0;
  for (const CountedTiltedPld& phase : phases) {
    const auto& weights = phase.lattice.weights;
    const double likeliest = weights.empty() ? 1 : *std::max_element(weights.begin(), weights.end());
    log_least += phase.count * std::log(std::max(0.0, 2 * likeliest - 1));
  }
  if (log_least > kLogNegligible) return std::nullopt;
  const double unit = 2 * std::numbers::pi / static_cast<double>(points);
  Sweep sweep(phases, unit);
  Spectrum spectrum{{}, std::exp(kLogNegligible)};
  bool is_found = false;
  for (std::int64_t k = 0; k <= points / 2 && static_cast<double>(k) <= most; ++k) {
    if (k > 0) k % kMostMoves == 0 ? sweep.go_to(k, points) : sweep.move();
    double error = 0;
    spectrum.coefficients.push_back(sweep.coefficient(error));
    spectrum.pointwise_error += (k == 0 ? 1 : 2) * error / static_cast<double>(points);
    if (sweep.log_size() < kLogWellBelow) {
      is_found = is_over(sweep, unit, unit * static_cast<double>(k), looks_left);
      break;
    }
  }
  budget.spend(work_of_one * (static_cast<double>(spectrum.coefficients.size()) + kTermsOfLook * (looks - looks_left)));
  if (!is_found) return std::nullopt;
  return spectrum;
}

}  // namespace dpml::pld
