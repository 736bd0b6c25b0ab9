#pragma once

#include <array>

namespace dpml::numerics {

struct QuadraturePair {
  double place;  ///< from the middle of the interval, in half widths; stands for its mirror image, too
  double weight;
};

/// The Gauss-Legendre rule of 16 nodes, exact for polynomials up to degree 31.
inline constexpr std::array<QuadraturePair, 8> kGaussLegendre16 = {{{0.0950125098376374402, 0.1894506104550684963},
                                                                    {0.2816035507792589132, 0.1826034150449235889},
                                                                    {0.4580167776572273863, 0.1691565193950025382},
                                                                    {0.6178762444026437484, 0.1495959888165767321},
                                                                    {0.7554044083550030339, 0.1246289712555338721},
                                                                    {0.8656312023878317439, 0.0951585116824927848},
                                                                    {0.9445750230732325761, 0.0622535239386478929},
                                                                    {0.9894009349916499326, 0.0271524594117540949}}};

/// Calls add(place, weight) for the 16 nodes between `left` and `right`.
template <class Add>
void for_each_quadrature_node(double left, double right, const Add& add) {
  const double half = 0.5 * (right - left);
  const double middle = 0.5 * (right + left);
  for (const QuadraturePair& pair : kGaussLegendre16) {
    add(middle - half * pair.place, half * pair.weight);
    add(middle + half * pair.place, half * pair.weight);
  }
}

/// The integral of `function` from start to start + width.
template <class Function>
double integrate16(double start, double width, const Function& function) {
  double sum = 0;
  for_each_quadrature_node(0, width, [&](double step, double weight) { sum += weight * function(start + step); });
  return sum;
}

}  // namespace dpml::numerics
