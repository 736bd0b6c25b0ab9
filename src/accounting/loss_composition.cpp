#include "loss_composition.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <limits>

#include "fourier.h"

namespace dpml {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kUnit = std::numeric_limits<double>::epsilon() / 2;
constexpr double kTransformError = 8 * kUnit;  // Higham's mu + gamma_4 (sqrt(2) + mu), for twiddles good to 2 units
constexpr double kPowerError = 4 * kUnit;      // of a complex product, relative
constexpr double kMassError = 4e-14;           // of the mass of a cell, relative
constexpr double kLossError = 4e-16;           // of the loss of a cell, relative to 1 + |loss|

/// A lattice loss, tilted and normalised.
struct Tilted {
  const LatticeLoss* lattice;
  std::vector<double> weights;
  double cumulant = -kInfinity;  // log of the sum before normalising
  double mean = 0;
  double variance = 0;
  double norm = 0;  // Euclidean
  double largest_loss = 0;

  Tilted(const LatticeLoss& of, double tilt) : lattice(&of) {
    const auto& nodes = of.nodes;
    weights.resize(nodes.size());
    double largest = -kInfinity;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      weights[i] = std::log(nodes[i].mass) + tilt * of.loss(nodes[i].index);
      largest = std::max(largest, weights[i]);
    }
    double sum = 0;
    for (double& weight : weights) sum += weight = std::exp(weight - largest);
    cumulant = nodes.empty() ? -kInfinity : largest + std::log(sum);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      weights[i] /= sum;
      mean += weights[i] * of.loss(nodes[i].index);
      norm += weights[i] * weights[i];
      if (weights[i] > 0) largest_loss = std::max(largest_loss, std::fabs(of.loss(nodes[i].index)));
    }
    norm = std::sqrt(norm);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      variance += weights[i] * (of.loss(nodes[i].index) - mean) * (of.loss(nodes[i].index) - mean);
    }
  }

  /// log E[exp(more * (loss - mean))]; a running product, good to 1e-9.
  double centred_cumulant(double more) const {
    const double factor = std::exp(more * lattice->step);
    double sum = 0;
    double power = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (i == 0 || lattice->nodes[i].index != lattice->nodes[i - 1].index + 1 || !(power > 1e-250) || i % 512 == 0) {
        power = std::exp(more * (lattice->loss(lattice->nodes[i].index) - mean));
      } else {
        power *= factor;
      }
      sum += weights[i] * power;
    }
    return std::log(sum);
  }
};

struct TiltedPhase {
  Tilted tilted;
  double count;
};

/// The sum of all releases under the tilted measure: where nearly all of its mass is.
struct Spread {
  double mean = 0;
  double from = 0;
  double to = 0;
};

/// How far from the mean, in the direction of `sign`, the mass beyond is at most exp(log_outside), by Chernoff's bound.
double reach(const std::vector<TiltedPhase>& phases, double log_outside, double deviation, double sign) {
  const double usual = std::sqrt(-2 * log_outside) / deviation;
  double best = kInfinity;
  for (double part : {1.0, 0.8, 0.64, 1.25, 0.5, 0.36, 1.6, 0.25, 0.12, 0.06}) {
    const double more = sign * part * usual;
    double cumulant = 0;
    for (const TiltedPhase& phase : phases) cumulant += phase.count * phase.tilted.centred_cumulant(more);
    const double bound = (cumulant - log_outside) / std::fabs(more);
    if (bound < best) {
      best = bound;
    } else if (best < kInfinity && part < 0.7) {
      break;
    }
  }
  return best;
}

Spread spread_of(const std::vector<TiltedPhase>& phases, double log_outside) {
  Spread spread;
  double variance = 0;
  for (const TiltedPhase& phase : phases) {
    spread.mean += phase.count * phase.tilted.mean;
    variance += phase.count * phase.tilted.variance;
  }
  const double deviation = std::sqrt(variance);
  if (!(deviation > 0)) return {spread.mean, spread.mean, spread.mean};
  spread.from = spread.mean - reach(phases, log_outside, deviation, -1);
  spread.to = spread.mean + reach(phases, log_outside, deviation, 1);
  return spread;
}

std::vector<TiltedPhase> tilt_all(const std::vector<ComposedPhase>& phases, LatticeLoss ComposedPhase::*side,
                                  double tilt) {
  std::vector<TiltedPhase> made;
  for (const ComposedPhase& phase : phases) made.push_back({Tilted(phase.*side, tilt), phase.count});
  return made;
}

/// Index that is moved to 0, so that sums of indices stay small and sums of losses keep their digits.
std::int64_t centre(const Tilted& tilted) {
  return std::llround((tilted.mean - tilted.lattice->offset) / tilted.lattice->step);
}

using Complex = std::complex<double>;

Complex product(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// z^count, where |z| <= 1 up to rounding; 0 where it is below 1e-25.
Complex power(Complex z, double count) {
  const double square = std::norm(z);
  if (!(square > 0)) return 0;
  if (count > 8 && square < 1 - 115 / count) return 0;  // log(square) <= square - 1
  if (count > 1e9) {
    const double size = std::exp(0.5 * count * std::log(square));
    const double angle = std::fmod(count * std::arg(z), 6.283185307179586476925);
    return std::polar(size, angle);
  }
  Complex result = 1;
  for (auto n = static_cast<std::uint64_t>(count); n > 0; n >>= 1) {
    if (n & 1) result = product(result, z);
    z = product(z, z);
  }
  return result;
}

std::size_t positive_modulo(std::int64_t a, std::size_t n) {
  const auto modulus = static_cast<std::int64_t>(n);
  const std::int64_t rest = a % modulus;
  return static_cast<std::size_t>(rest < 0 ? rest + modulus : rest);
}

/// |z|^(2 (count - 1)), or more.
double damped(Complex z, Complex z_to_count, double count) {
  if (count == 1) return 1;
  const double square = std::norm(z);
  return std::min(1.0, square < 1e-6 ? square : std::norm(z_to_count) / square * (1 + 1e-6));
}

}  // namespace

std::optional<LossComposition> LossComposition::make(const std::vector<ComposedPhase>& phases, double tilt,
                                                     double log_outside, std::size_t most_points) {
  LossComposition made;
  made.tilt_ = tilt;
  const double step = phases.front().dominating.step;
  const std::vector<TiltedPhase> sides[2] = {tilt_all(phases, &ComposedPhase::dominating, tilt),
                                             tilt_all(phases, &ComposedPhase::dominated, tilt)};
  const Spread spreads[2] = {spread_of(sides[0], log_outside), spread_of(sides[1], log_outside)};
  double width = 0;
  for (const Spread& spread : spreads) width = std::max(width, spread.to - spread.from);
  if (!(width / step + 4 <= static_cast<double>(most_points))) return std::nullopt;
  const std::size_t points = convenient_transform_size(static_cast<std::size_t>(width / step) + 4);
  made.points_ = points;
  const double log_points = std::log2(static_cast<double>(points));

  ComplexTransform transform(points);
  std::vector<Complex> total(points, Complex(0));  // one spectrum for both sides, as in the transform itself
  std::vector<Complex> spectrum(points);
  std::vector<Complex> placed(points);
  double pointwise[2] = {kTransformError * log_points, kTransformError * log_points};  // error of W
  double count_total = 0;
  std::vector<Complex> upper(points, Complex(1));
  std::vector<Complex> lower(points, Complex(1));
  for (std::size_t j = 0; j < phases.size(); ++j) {
    std::fill(placed.begin(), placed.end(), Complex(0));
    for (int side = 0; side < 2; ++side) {
      const Tilted& tilted = sides[side][j].tilted;
      const std::int64_t zero = centre(tilted);
      for (std::size_t i = 0; i < tilted.weights.size(); ++i) {
        Complex& at = placed[positive_modulo(tilted.lattice->nodes[i].index - zero, points)];
        at += side == 0 ? Complex(tilted.weights[i], 0) : Complex(0, tilted.weights[i]);
      }
    }
    transform.forward(placed, spectrum);
    const double count = phases[j].count;
    count_total += count;
    double damping[2] = {0, 0};  // sum over frequencies of |spectrum|^(2 (count - 1))
    for (std::size_t k = 0; k < points; ++k) {
      const Complex here = spectrum[k];
      const Complex mirror = std::conj(spectrum[(points - k) % points]);
      const Complex u = 0.5 * (here + mirror);
      const Complex difference = here - mirror;
      const Complex l = {0.5 * difference.imag(), -0.5 * difference.real()};
      const Complex u_power = power(u, count);
      const Complex l_power = power(l, count);
      damping[0] += damped(u, u_power, count);
      damping[1] += damped(l, l_power, count);
      upper[k] = j == 0 ? u_power : product(upper[k], u_power);
      lower[k] = j == 0 ? l_power : product(lower[k], l_power);
    }
    for (int side = 0; side < 2; ++side) {
      const double norms = sides[0][j].tilted.norm + sides[1][j].tilted.norm;
      const double step_error = kTransformError * log_points * norms + kPowerError;
      pointwise[side] += count * step_error * std::sqrt(damping[side] / static_cast<double>(points));
    }
  }
  for (std::size_t k = 0; k < points; ++k) {
    total[k] = {upper[k].real() - lower[k].imag(), upper[k].imag() + lower[k].real()};
  }
  transform.backward(total, placed);

  for (int side = 0; side < 2; ++side) {
    Side& made_side = side == 0 ? made.upper_ : made.lower_;
    double origin = 0;
    double largest_loss = 0;
    double log_finite = 0;
    for (const TiltedPhase& phase : sides[side]) {
      const LatticeLoss& lattice = *phase.tilted.lattice;
      origin += phase.count * lattice.loss(centre(phase.tilted));
      made_side.cumulant += phase.count * phase.tilted.cumulant;
      largest_loss = std::max(largest_loss, phase.tilted.largest_loss);
      log_finite += phase.count * std::log1p(-std::min(1.0, lattice.infinite));
    }
    const auto first = static_cast<std::int64_t>(std::floor((spreads[side].from - origin) / step));
    made_side.step = step;
    made_side.origin = origin + step * static_cast<double>(first);
    made_side.log_infinite = log_finite < 0 ? std::log(-std::expm1(log_finite)) : -kInfinity;
    made_side.relative = 1e-12 + count_total * (kMassError + (1 + tilt) * kLossError * (1 + largest_loss));
    const double largest_factor =
        tilt > 0 ? std::exp(-std::log1p(tilt) + tilt * std::log(tilt / (1 + tilt))) : 1;  // of W in D
    double factor_sum = static_cast<double>(points) * largest_factor;
    if (tilt > 0) {
      factor_sum =
          std::min(factor_sum, largest_factor + 1 / -std::expm1(-tilt * step) - 1 / -std::expm1(-(tilt + 1) * step));
    }
    made_side.absolute = largest_factor * 2 * std::exp(log_outside) + pointwise[side] * factor_sum;
    made_side.tail.resize(points);
    made_side.tail_one_more.resize(points);
    const double once = std::exp(-tilt * step);
    const double once_more = std::exp(-(tilt + 1) * step);
    double tail = 0;
    double tail_one_more = 0;
    for (std::size_t s = points; s-- > 0;) {
      const Complex& at = placed[positive_modulo(first + static_cast<std::int64_t>(s), points)];
      const double weight = std::max(0.0, side == 0 ? at.real() : at.imag());
      tail = weight + once * tail;
      tail_one_more = weight + once_more * tail_one_more;
      made_side.tail[s] = tail;
      made_side.tail_one_more[s] = tail_one_more;
    }
  }
  return made;
}

double LossComposition::Side::log_delta(double epsilon, double tilt) const {
  const double place = (epsilon - origin) / step;
  double finite = 0;
  if (place < 0) {
    if (is_upper) return 0;
    return log_delta(origin, tilt);
  }
  if (place < static_cast<double>(tail.size())) {
    const double above = std::ceil(place);
    const auto s = static_cast<std::size_t>(above);
    const double gap = (above - place) * step;
    if (s < tail.size()) finite = tail[s] * std::exp(-tilt * gap) - tail_one_more[s] * std::exp(-(tilt + 1) * gap);
  }
  finite = is_upper ? finite * (1 + relative) + absolute : finite * (1 - relative) - absolute;
  const double log_finite = finite > 0 ? cumulant - tilt * epsilon + std::log(finite) : -kInfinity;
  const double larger = std::max(log_finite, log_infinite);
  if (larger == -kInfinity) return -kInfinity;
  return std::min(0.0, larger + std::log1p(std::exp(std::min(log_finite, log_infinite) - larger)));
}

double LossComposition::epsilon_upper(double log_target) const {
  if (upper_.log_infinite >= log_target) return kInfinity;
  if (log_delta_upper(0) <= log_target) return 0;
  double from = std::max(0.0, upper_.origin);
  double to = upper_.top();
  if (!(to > from) || log_delta_upper(to) > log_target) return kInfinity;
  while (true) {
    const double middle = 0.5 * (from + to);
    if (!(middle > from && middle < to)) return to;
    (log_delta_upper(middle) > log_target ? from : to) = middle;
  }
}

double LossComposition::epsilon_lower(double log_target) const {
  // What is computed rises before it falls, because errors grow towards small epsilons: search down from the answer.
  double to = epsilon_upper(log_target);
  if (!(to < kInfinity)) to = lower_.top();
  double from = to;
  for (double down = lower_.step; !(log_delta_lower(from) > log_target); down *= 2) {
    if (from <= 0) return 0;
    to = from;
    from = std::max(0.0, to - down);
  }
  while (true) {
    const double middle = 0.5 * (from + to);
    if (!(middle > from && middle < to)) return from;
    (log_delta_lower(middle) > log_target ? from : to) = middle;
  }
}

}  // namespace dpml
