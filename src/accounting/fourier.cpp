// The only file that knows kissfft.

#include "fourier.h"

#include <algorithm>
#include <bit>
#include <kissfft/kissfft.hh>

namespace dpml {

std::size_t convenient_transform_size(std::size_t least) {
  std::size_t best = std::bit_ceil(least);
  for (std::size_t odd : {3u, 5u, 9u, 15u}) {
    std::size_t size = odd;
    while (size < least) size *= 2;
    best = std::min(best, size);
  }
  return best;
}

struct ComplexTransform::Implementation {
  explicit Implementation(std::size_t points) : points(points), transform(points, false) {}
  std::size_t points;
  kissfft<double> transform;
};

ComplexTransform::ComplexTransform(std::size_t points) : implementation_(std::make_unique<Implementation>(points)) {}
ComplexTransform::~ComplexTransform() = default;

void ComplexTransform::forward(const std::vector<std::complex<double>>& from, std::vector<std::complex<double>>& to) {
  implementation_->transform.transform(from.data(), to.data());
}

void ComplexTransform::backward(const std::vector<std::complex<double>>& from, std::vector<std::complex<double>>& to) {
  forward(from, to);  // the inverse is the transform read backwards
  const double scale = 1.0 / static_cast<double>(implementation_->points);
  for (std::complex<double>& value : to) value *= scale;
  std::reverse(to.begin() + 1, to.end());
}

}  // namespace dpml
