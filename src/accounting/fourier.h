#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <vector>

namespace dpml {

/// The next size at or above `least` with factors 2, 3 and 5 only.
std::size_t convenient_transform_size(std::size_t least);

/// Discrete Fourier transforms of one size, in double.
class ComplexTransform {
 public:
  explicit ComplexTransform(std::size_t points);
  ~ComplexTransform();
  ComplexTransform(const ComplexTransform&) = delete;
  ComplexTransform& operator=(const ComplexTransform&) = delete;

  /// to[k] = sum_s from[s] exp(-2 pi i k s / points).
  void forward(const std::vector<std::complex<double>>& from, std::vector<std::complex<double>>& to);
  /// to[s] = sum_k from[k] exp(2 pi i k s / points) / points.
  void backward(const std::vector<std::complex<double>>& from, std::vector<std::complex<double>>& to);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace dpml
