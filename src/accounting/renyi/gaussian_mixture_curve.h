#pragma once

#include <vector>

#include "divergence_terms.h"
#include "renyi_curve.h"

namespace dpml::renyi {

/// With this probability, P moves up by `up` and Q down by `down`.
struct Jump {
  double probability;  ///< > 0; those of a pair are scaled to the sum 1
  double up;           ///< >= 0, in standard deviations of the noise
  double down;         ///< >= 0, likewise
};

/// A pair of mixtures of Gaussians on the line, P = sum_i p_i N(up_i), Q = sum_i p_i N(-down_i); one direction.
///
/// log(P/Q) grows along the line, and the integrand peaks nowhere right of a max(up) + b max(down); it is summed up to
/// 9 standard deviations further, over panels of 16 Gauss-Legendre nodes. The logarithms of P and Q have their branch
/// points pi / range or more away from the real line, where range is the largest difference between the places of one
/// mixture, and none where one component outweighs all others together: panels are at most 3 / range wide, or two
/// thirds of the way to where that ends. log(P) + z^2 / 2 is convex, hence P^a Q^-b inside a panel is at most
///   exp(b log(P/Q) at its right + log(P) at the larger end + width^2 / 8),
/// what else is in the sum, where P < Q, is at most b Q, and panels that cannot matter are skipped.
///
/// Orders that need more panels than are allowed, at most 8192, get the smallest of these bounds: by joint convexity
///   K(b) <= log sum_i p_i exp(a b (up_i + down_i)^2 / 2);
/// where Q does not move, by Minkowski's inequality a log sum_i p_i exp(b up_i^2 / 2); and where P does not move and Q
/// stays with probability p, K(b) <= -b log(p).
class GaussianMixtureCurve final : public RenyiCurve {
 public:
  explicit GaussianMixtureCurve(std::vector<Jump> jumps, double most_nodes = 131072);
  double cumulant(double order_minus_one) override;
  double nodes() const override;

 private:
  /// Gaussians of deviation 1, and what they weigh.
  struct Mixture {
    std::vector<double> places;
    std::vector<double> weights;
    double range = 0;
    /// log of the density over that of N(0), at z.
    double log_ratio(double z) const;
    /// How far from z one component outweighs `times` all others for certain.
    double reach_of_one(double z, double times) const;
  };
  struct Edge {
    double z;
    double log_p;
    double log_q;
  };
  struct Panel {
    Edge left;
    Edge right;
    std::vector<RatioNode> nodes;  ///< empty until they are needed

    double log_bound(double order_minus_one) const;
  };

  Edge edge(double z) const;
  bool extend_to(double end);  ///< false when that takes too many panels
  void fill(Panel& panel) const;
  double integral(double order_minus_one);
  double simple_bound(double order_minus_one) const;

  std::vector<Jump> jumps_;
  std::size_t most_panels_;
  Mixture p_;
  Mixture q_;
  double start_ = 0;
  double most_up_ = 0;
  double most_down_ = 0;
  double fine_to_ = 1;  ///< the largest order minus one that panels_ are fine enough for
  std::vector<Panel> panels_;
};

}  // namespace dpml::renyi
