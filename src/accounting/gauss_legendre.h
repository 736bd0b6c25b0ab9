#pragma once

#include <array>

namespace dpml {

struct QuadratureNode {
  double offset;  ///< from the middle of the interval, in half widths
  double weight;  ///< times the half width
};

/// Half of the 16-point Gauss-Legendre rule; the other half has the offsets negated.
inline constexpr std::array<QuadratureNode, 8> kGaussLegendre16 = {{{0.0950125098376374402, 0.1894506104550684963},
                                                                    {0.2816035507792589132, 0.1826034150449235889},
                                                                    {0.4580167776572273863, 0.1691565193950025382},
                                                                    {0.6178762444026437485, 0.1495959888165767321},
                                                                    {0.7554044083550030339, 0.1246289712555338720},
                                                                    {0.8656312023878317439, 0.0951585116824927848},
                                                                    {0.9445750230732325761, 0.0622535239386478929},
                                                                    {0.9894009349916499326, 0.0271524594117540949}}};

/// The integral of `function` from start to start + width.
template <class Function>
double integrate16(double start, double width, const Function& function) {
  const double half = 0.5 * width;
  double sum = 0;
  for (const QuadratureNode& node : kGaussLegendre16) {
    sum += node.weight * (function(start + half * (1 - node.offset)) + function(start + half * (1 + node.offset)));
  }
  return sum * half;
}

}  // namespace dpml
