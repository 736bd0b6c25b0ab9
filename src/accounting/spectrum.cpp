#include "spectrum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "fourier.h"

namespace dpml {

namespace {

using Complex = std::complex<double>;

constexpr double kUnit = std::numeric_limits<double>::epsilon() / 2;
constexpr double kTransformError = 8 * kUnit;  // Higham's mu + gamma_4 (sqrt(2) + mu), for twiddles good to 2 units
constexpr double kProductError = 4 * kUnit;    // of a complex product, relative
constexpr double kLogNegligible = -46;         // of a coefficient that is left out: 1e-20
constexpr double kLogWellBelow = -80;          // where looking for the end begins
constexpr int kMostCoefficients = 2000;
constexpr double kLookError = 1e-12;  // rounding of a value that is only looked at
constexpr int kMostLooks = 3000;
constexpr std::size_t kBlock = 64;  // terms of a sum that are added in a row

/// The nodes of one phase, with exp(-i w place) for a frequency w that moves on.
class Rotors {
 public:
  explicit Rotors(const TiltedLattice& lattice) {
    for (std::size_t i = 0; i < lattice.weights.size(); ++i) {
      if (!(lattice.weights[i] > 0)) continue;
      weights_.push_back(lattice.weights[i]);
      places_.push_back(static_cast<double>(lattice.places[i]));
      weighted_places_.push_back(weights_.back() * places_.back());
      mean_distance_ += std::fabs(weighted_places_.back());
      mean_square_ += lattice.weights[i] * places_.back() * places_.back();
    }
    real_.assign(weights_.size(), 1);
    imaginary_.assign(weights_.size(), 0);
    turn_real_.resize(weights_.size());
    turn_imaginary_.resize(weights_.size());
  }

  double mean_distance() const { return mean_distance_; }
  double mean_square() const { return mean_square_; }

  /// Rounding of value(), after that many calls of move().
  double rounding(double moves) const {
    return kUnit * (8 + 4 * moves + kBlock + static_cast<double>(weights_.size() / kBlock));
  }

  void set_stride(double frequency) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      turn_real_[i] = std::cos(frequency * places_[i]);
      turn_imaginary_[i] = -std::sin(frequency * places_[i]);
    }
  }

  void double_stride() { multiply(turn_real_, turn_imaginary_, turn_real_, turn_imaginary_, 1); }
  void move() { multiply(real_, imaginary_, turn_real_, turn_imaginary_, 1); }
  void move_back() { multiply(real_, imaginary_, turn_real_, turn_imaginary_, -1); }

  Complex value() const { return sum(weights_); }
  /// The derivative of value() by the frequency.
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
  double mean_distance_ = 0;
  double mean_square_ = 0;
};

/// All phases at one frequency.
class Sweep {
 public:
  Sweep(const std::vector<TiltedPhase>& phases, double frequency) {
    for (const TiltedPhase& phase : phases) {
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
  void double_stride() {
    for (Rotors& rotors : rotors_) rotors.double_stride();
  }

  /// log of an upper bound of the coefficient's size at all frequencies not further away than `distance`: to first
  /// order a value F moves along its slope F', and what is beyond that is at most E[X^2] distance^2 / 2.
  double log_size_within(double distance) const {
    double sum = 0;
    for (std::size_t j = 0; j < rotors_.size(); ++j) {
      const double size = std::abs(values_[j]);
      const double outwards = std::fabs((std::conj(values_[j]) * slopes_[j]).real());
      const double moved =
          std::sqrt(size * size + 2 * distance * outwards + distance * distance * std::norm(slopes_[j])) +
          0.5 * distance * distance * rotors_[j].mean_square();
      const double bound = kLookError + std::min(moved, size + rotors_[j].mean_distance() * distance);
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
    for (std::size_t j = 0; j < rotors_.size(); ++j) sum += counts_[j] * std::log(std::abs(values_[j]));
    return sum;
  }

  /// The coefficient here, and what rounding may have done to it.
  Complex coefficient(double moves, double& error) const {
    long double log_size = 0;
    long double angle = 0;
    for (std::size_t j = 0; j < rotors_.size(); ++j) {
      const std::complex<long double> value(values_[j]);
      log_size += counts_[j] * std::log(std::abs(value));
      angle += std::fmod(counts_[j] * std::arg(value), 2 * std::numbers::pi_v<long double>);
    }
    const double size = static_cast<double>(std::exp(log_size));
    error = 0;
    for (std::size_t j = 0; j < rotors_.size(); ++j) {
      const double others = std::min(1.0, size / std::max(std::abs(values_[j]), 1e-300));
      error += counts_[j] * others * rotors_[j].rounding(moves);
    }
    return std::polar(size, static_cast<double>(angle));
  }

 private:
  void look() {
    values_.clear();
    slopes_.clear();
    for (const Rotors& rotors : rotors_) {
      values_.push_back(rotors.value());
      slopes_.push_back(needs_slopes_ ? rotors.slope() : Complex(0));
    }
  }

  std::vector<Rotors> rotors_;
  std::vector<double> counts_;
  std::vector<Complex> values_;
  std::vector<Complex> slopes_;
  bool needs_slopes_ = false;
};

/// Are all coefficients from here to the highest frequency negligible?
bool is_over(Sweep& sweep, double unit, double frequency) {
  sweep.look_at_slopes();
  double stride = unit;
  for (int looks = 0; looks < kMostLooks && frequency < std::numbers::pi; ++looks) {
    while (sweep.log_size_within(stride) <= kLogNegligible) {
      stride *= 2;
      sweep.double_stride();
    }
    bool is_shorter = false;
    while (sweep.log_size_within(0.5 * stride) > kLogNegligible) {
      stride *= 0.5;
      is_shorter = true;
      if (stride < unit / 4) return false;
    }
    if (is_shorter) sweep.set_stride(stride);
    sweep.move();
    while (sweep.log_size_within(0.5 * stride) > kLogNegligible) {  // the gap just jumped is not covered from its end
      sweep.move_back();
      stride *= 0.5;
      if (stride < unit / 4) return false;
      sweep.set_stride(stride);
      sweep.move();
    }
    frequency += stride;
  }
  return frequency >= std::numbers::pi;
}

Complex product(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// z^count, where |z| <= 1 up to rounding; 0 where it is below 1e-25.
Complex power(Complex z, double count) {
  const double square = std::norm(z);
  if (!(square > 0)) return 0;
  if (count > 8 && square < 1 - 115 / count) return 0;  // log(square) <= square - 1
  if (count > 1e9) {
    const long double angle = count * std::arg(std::complex<long double>(z));
    return std::polar(std::exp(0.5 * count * std::log(square)),
                      static_cast<double>(std::fmod(angle, 2 * std::numbers::pi_v<long double>)));
  }
  Complex result = 1;
  for (auto n = static_cast<std::uint64_t>(count); n > 0; n >>= 1) {
    if (n & 1) result = product(result, z);
    z = product(z, z);
  }
  return result;
}

/// |z|^(2 (count - 1)), or more.
double damped(Complex z, Complex z_to_count, double count) {
  if (count == 1) return 1;
  const double square = std::norm(z);
  return std::min(1.0, square < 1e-6 ? square : std::norm(z_to_count) / square * (1 + 1e-6));
}

/// A single release is a sum that needs no transform.
std::vector<double> placed(const TiltedLattice& lattice, std::size_t points) {
  std::vector<double> masses(points);
  for (std::size_t i = 0; i < lattice.weights.size(); ++i) {
    masses[static_cast<std::size_t>(positive_modulo(lattice.places[i], static_cast<std::int64_t>(points)))] +=
        lattice.weights[i];
  }
  return masses;
}

}  // namespace

std::int64_t positive_modulo(std::int64_t a, std::int64_t n) {
  const std::int64_t rest = a % n;
  return rest < 0 ? rest + n : rest;
}

std::optional<Spectrum> smooth_spectrum(const std::vector<TiltedPhase>& phases, std::int64_t points) {
  const double unit = 2 * std::numbers::pi / static_cast<double>(points);
  Sweep sweep(phases, unit);
  Spectrum spectrum{{}, std::exp(kLogNegligible)};
  for (std::int64_t k = 0; k <= points / 2; ++k) {
    if (k > kMostCoefficients) return std::nullopt;
    if (k > 0) sweep.move();
    double error = 0;
    spectrum.coefficients.push_back(sweep.coefficient(static_cast<double>(k), error));
    spectrum.pointwise_error += (k == 0 ? 1 : 2) * error / static_cast<double>(points);
    if (sweep.log_size() < kLogWellBelow) {
      return is_over(sweep, unit, unit * static_cast<double>(k)) ? std::optional(std::move(spectrum)) : std::nullopt;
    }
  }
  return std::nullopt;
}

/// The error of a transform is at most kTransformError * log2(points) of what is transformed, in the Euclidean norm
/// (Higham 2002, Theorem 24.2); a power multiplies it by count * |coefficient|^(count - 1).
Masses transformed_masses(const std::vector<TiltedPhase>& phases, std::size_t points) {
  if (phases.size() == 1 && phases[0].count == 1) return {placed(phases[0].lattice, points), 0};
  const double log_points = std::log2(static_cast<double>(points));
  ComplexTransform transform(points);
  std::vector<Complex> folded(points);
  std::vector<Complex> spectrum(points);
  std::vector<Complex> total(points, Complex(1));
  double error = kTransformError * log_points;
  for (const TiltedPhase& phase : phases) {
    std::fill(folded.begin(), folded.end(), Complex(0));
    double square = 0;
    for (std::size_t i = 0; i < phase.lattice.weights.size(); ++i) {
      const double weight = phase.lattice.weights[i];
      folded[static_cast<std::size_t>(positive_modulo(phase.lattice.places[i], static_cast<std::int64_t>(points)))] +=
          weight;
      square += weight * weight;
    }
    transform.forward(folded, spectrum);
    double damping = 0;  // sum over frequencies of |coefficient|^(2 (count - 1))
    for (std::size_t k = 0; k < points; ++k) {
      const Complex raised = power(spectrum[k], phase.count);
      damping += damped(spectrum[k], raised, phase.count);
      total[k] = product(total[k], raised);
    }
    // Weights that fall on one place add up to at most 1.
    const double norm = std::min(1.0, std::sqrt(square) * 2);
    error += phase.count * (kTransformError * log_points * norm + kProductError) *
             std::sqrt(damping / static_cast<double>(points));
  }
  transform.backward(total, folded);
  Masses made{std::vector<double>(points), error};
  for (std::size_t s = 0; s < points; ++s) made.masses[s] = std::max(0.0, folded[s].real());
  return made;
}

}  // namespace dpml
