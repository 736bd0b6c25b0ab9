#include <algorithm>
#include <numeric>
#include <vector>

#include "dpml/tensor/reductions.h"
#include "forms.h"

namespace dpml {

namespace {

/// Sample b's gradient, row by row: calls visit(row, numbers) once for every row of the parameter that the sample
/// touches, in ascending order. Positions of one row are added in double, in their order, and rounded once.
template <class Visit>
void for_each_row(const Tensor& index, const Tensor& v, Index b, Visit&& visit) {
  const Index positions = v.axis(1);
  const Index n = v.axis(2);
  const float* of_sample = index.data() + b * positions;
  std::vector<Index> order(static_cast<std::size_t>(positions));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index s, Index t) { return of_sample[s] < of_sample[t]; });
  std::vector<double> sum(static_cast<std::size_t>(n));
  std::vector<float> row(sum.size());
  for (auto first = order.begin(); first != order.end();) {
    const float which = of_sample[*first];
    std::fill(sum.begin(), sum.end(), 0.0);
    for (; first != order.end() && of_sample[*first] == which; ++first) {
      const float* from = v.data() + (b * positions + *first) * n;
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(from[i]);
    }
    for (std::size_t i = 0; i < sum.size(); ++i) row[i] = static_cast<float>(sum[i]);
    visit(static_cast<Index>(which), std::span<const float>(row));
  }
}

}  // namespace

void add_rows_norms(const Tensor& index, const Tensor& v, std::span<double> upper) {
  for (Index b = 0; b < v.axis(0); ++b) {
    double squares = 0;
    for_each_row(index, v, b, [&](Index, std::span<const float> row) { squares += sum_of_squares(row); });
    upper[static_cast<std::size_t>(b)] += rounded_up(squares, v.axis(1) * v.axis(2));
  }
}

void add_rows_sum(const Tensor& index, const Tensor& v, std::span<const float> weights, float* into) {
  const Index n = v.axis(2);
  for (Index b = 0; b < v.axis(0); ++b) {
    const float weight = weights[static_cast<std::size_t>(b)];
    if (weight == 0) continue;
    for_each_row(index, v, b,
                 [&](Index which, std::span<const float> row) { add_scaled(weight, row.data(), n, into + which * n); });
  }
}

Tensor dense_from_rows(const Tensor& index, const Tensor& v, Index vocabulary) {
  const Index n = v.axis(2);
  Tensor g = Tensor::zeros(Shape{v.axis(0), vocabulary, n});
  for (Index b = 0; b < v.axis(0); ++b) {
    for_each_row(index, v, b, [&](Index which, std::span<const float> row) {
      std::copy(row.begin(), row.end(), g.mutable_data() + (b * vocabulary + which) * n);
    });
  }
  return g;
}

}  // namespace dpml
