#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <vector>

#include "tilted_pld.h"
#include "work_budget.h"

namespace dpml::pld {

/// The distribution of a sum on a circle of `points` places, by its Fourier coefficients
///   coefficient[k] = E[exp(-2 pi i k S / points)].
struct Spectrum {
  std::vector<std::complex<double>> coefficients;  ///< k = 0, 1, ...; all others are 0 but for pointwise_error
  double pointwise_error;                          ///< of the mass at each place, rounding counted in
};

/// The spectrum of the sum of all releases, when it is over after some hundred frequencies, as it is for many releases.
/// The coefficients are summed up directly. That there is nothing at higher frequencies is not assumed: between those
/// that are looked at, |E[exp(i w X)]| changes by at most E|X| per unit of w. Nothing, too, where that would take more
/// than `budget` allows.
std::optional<Spectrum> compose_by_coefficients(const std::vector<CountedTiltedPld>& phases, std::int64_t points,
                                                WorkBudget& budget);

/// The masses of the sum of all releases at the places 0 ... points - 1 (modulo points), by Fourier transforms.
///
/// What matters is how often a release leaves the place 0, however many releases there are: coefficients are kept as
/// their difference from 1, so that rounding is relative to that, not to 1. The weight of place 0 is what the others
/// leave of 1; its own rounding is part of the relative error of masses (tilted_composition.cpp).
struct ComposedMasses {
  std::vector<double> masses;
  double pointwise_error;  ///< of the mass at each place, rounding counted in
  double norm_error;       ///< of all of them, in the Euclidean norm
};
enum class Precision { usual, extended };  ///< double, or long double: some ten times slower
ComposedMasses compose_by_fft(const std::vector<CountedTiltedPld>& phases, std::size_t points,
                              Precision precision = Precision::usual);

/// What that takes (work_budget.h).
double work_of_transforms(std::size_t phases, double points, Precision precision);

/// a modulo n, in [0, n).
std::int64_t positive_modulo(std::int64_t a, std::int64_t n);

}  // namespace dpml::pld
