#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <vector>

namespace dpml::numerics {

/// A size at or above `least`, at most a third more, with many factors 2 and else 1, 3, 5, 9 or 15.
std::size_t convenient_transform_size(std::size_t least);

/// Discrete Fourier transforms of one size, in double or long double.
template <class Real>
class Transform {
 public:
  using Complex = std::complex<Real>;

  explicit Transform(std::size_t points);
  ~Transform();
  Transform(const Transform&) = delete;
  Transform& operator=(const Transform&) = delete;

  /// to[k] = sum_s from[s] exp(-2 pi i k s / points).
  void forward(const std::vector<Complex>& from, std::vector<Complex>& to);
  /// to[s] = sum_k from[k] exp(2 pi i k s / points) / points.
  void backward(const std::vector<Complex>& from, std::vector<Complex>& to);

  /// What rounding may do to the result of either, relative to it, in the Euclidean norm, for sizes of
  /// convenient_transform_size (Higham 2002, Theorem 24.2).
  Real error() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

extern template class Transform<double>;
extern template class Transform<long double>;

}  // namespace dpml::numerics
