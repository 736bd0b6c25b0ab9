// The only file that knows kissfft.

#include "fourier.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <kissfft/kissfft.hh>
#include <limits>

namespace dpml::numerics {

std::size_t convenient_transform_size(std::size_t least) {
  std::size_t best = std::bit_ceil(least);
  for (std::size_t odd : {3u, 5u, 9u, 15u}) {
    std::size_t size = odd;
    while (size < least) size *= 2;
    best = std::min(best, size);
  }
  return best;
}

template <class Real>
struct Transform<Real>::Implementation {
  explicit Implementation(std::size_t points) : points(points), transform(points, false) {}
  std::size_t points;
  kissfft<Real> transform;
};

template <class Real>
Transform<Real>::Transform(std::size_t points) : implementation_(std::make_unique<Implementation>(points)) {}
template <class Real>
Transform<Real>::~Transform() = default;

template <class Real>
void Transform<Real>::forward(const std::vector<Complex>& from, std::vector<Complex>& to) {
  implementation_->transform.transform(from.data(), to.data());
}

template <class Real>
void Transform<Real>::backward(const std::vector<Complex>& from, std::vector<Complex>& to) {
  forward(from, to);  // the inverse is the transform read backwards
  const Real scale = 1 / static_cast<Real>(implementation_->points);
  for (Complex& value : to) value *= scale;
  std::reverse(to.begin() + 1, to.end());
}

/// Each factor of the size is a stage of butterflies. KISS FFT computes a twiddle factor from its angle, which is good
/// to 15 units, as is then the factor. That and the rounding of the stage itself is mu + gamma of the theorem, below
/// 24 units for the factor 4 and 19, 23 and 27 for 2, 3 and 5, of which there are at most one, two and one.
template <class Real>
Real Transform<Real>::error() const {
  constexpr Real unit = std::numeric_limits<Real>::epsilon() / 2;
  return unit * (12 * std::log2(static_cast<Real>(implementation_->points)) + 16);
}

template class Transform<double>;
template class Transform<long double>;

}  // namespace dpml::numerics
