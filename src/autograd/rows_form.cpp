#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "forms.h"

namespace dpml {

namespace {

Index row_of(const Tensor& index, Index b, Index t) {
  return static_cast<Index>(index.data()[b * index.axis(1) + t]);
}

}  // namespace

void add_rows_norms(const Tensor& index, const Tensor& v, std::span<double> upper) {
  const Index positions = v.axis(1);
  const Index n = v.axis(2);
  std::vector<Index> order(static_cast<std::size_t>(positions));
  std::vector<double> row(static_cast<std::size_t>(n));
  for (Index b = 0; b < v.axis(0); ++b) {
    // Equal indices add up before they are squared.
    std::iota(order.begin(), order.end(), Index{0});
    std::sort(order.begin(), order.end(), [&](Index s, Index t) {
      return row_of(index, b, s) < row_of(index, b, t) || (row_of(index, b, s) == row_of(index, b, t) && s < t);
    });
    double squares = 0;
    double slack = 0;
    for (std::size_t begin = 0; begin < order.size();) {
      std::size_t end = begin;
      std::fill(row.begin(), row.end(), 0.0);
      double lengths = 0;
      while (end < order.size() && row_of(index, b, order[end]) == row_of(index, b, order[begin])) {
        const float* from = v.data() + (b * positions + order[end]) * n;
        for (Index i = 0; i < n; ++i) row[static_cast<std::size_t>(i)] += from[i];
        lengths += std::sqrt(sum_of_squares(from, n));
        ++end;
      }
      for (const double value : row) squares += value * value;
      // Adding k floats in double can cancel, too; what is lost there is far below.
      slack += rounding_of_sum(static_cast<Index>(end - begin), lengths);
      begin = end;
    }
    upper[static_cast<std::size_t>(b)] += rounded_up(squares + slack, positions * n);
  }
}

void add_rows_sum(const Tensor& index, const Tensor& v, std::span<const float> weights, float* into) {
  const Index positions = v.axis(1);
  const Index n = v.axis(2);
  for (Index b = 0; b < v.axis(0); ++b) {
    const float weight = weights[static_cast<std::size_t>(b)];
    if (weight == 0) continue;
    for (Index t = 0; t < positions; ++t) {
      const float* from = v.data() + (b * positions + t) * n;
      float* to = into + row_of(index, b, t) * n;
      for (Index i = 0; i < n; ++i) to[i] += weight * from[i];
    }
  }
}

Tensor dense_from_rows(const Tensor& index, const Tensor& v, Index vocabulary) {
  const Index positions = v.axis(1);
  const Index n = v.axis(2);
  Tensor g = Tensor::zeros(Shape{v.axis(0), vocabulary, n});
  for (Index b = 0; b < v.axis(0); ++b) {
    for (Index t = 0; t < positions; ++t) {
      const float* from = v.data() + (b * positions + t) * n;
      float* to = g.mutable_data() + (b * vocabulary + row_of(index, b, t)) * n;
      for (Index i = 0; i < n; ++i) to[i] += from[i];
    }
  }
  return g;
}

}  // namespace dpml
