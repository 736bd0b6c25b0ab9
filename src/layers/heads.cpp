#include "heads.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "dpml/tensor/reductions.h"
#include "dpml/tensor/vector_math.h"

namespace dpml {

namespace {

/// Scores [T, T], scaled, to shares in place.
void softmax_rows(Index positions, bool is_causal, float scale, float* scores) {
  for (Index t = 0; t < positions; ++t) {
    float* row = scores + t * positions;
    const Index length = is_causal ? t + 1 : positions;
    const std::span<float> seen(row, static_cast<std::size_t>(length));
    for (float& score : seen) score *= scale;
    const float largest = largest_of(seen);
    for (float& score : seen) score -= largest;
    exp_values(seen, seen);
    const auto factor = static_cast<float>(1 / sum_of(seen));
    for (float& share : seen) share *= factor;
    std::fill(row + length, row + positions, 0.0F);
  }
}

/// The gradient of shares [T, T] to that of scores, in place: scale shares (d - sum shares d).
void softmax_rows_gradient(const float* shares, Index positions, float scale, float* d) {
  const auto count = static_cast<std::size_t>(positions);
  for (Index t = 0; t < positions; ++t, shares += positions, d += positions) {
    const auto along = static_cast<float>(dot({shares, count}, {d, count}));
    for (Index s = 0; s < positions; ++s) d[s] = scale * shares[s] * (d[s] - along);
  }
}

/// Where the numbers of sample b and head h begin in a tensor [B, T, row()].
struct Places {
  Places(const Heads& heads, Index positions, Index b, Index h)
      : query(b * positions * heads.row() + h * heads.width),
        key(b * positions * heads.row() + (heads.queries + h / (heads.queries / heads.keys)) * heads.width),
        value(key + heads.keys * heads.width),
        result(b * positions * heads.features() + h * heads.width),
        shares((b * heads.queries + h) * positions * positions),
        opens_keys(h % (heads.queries / heads.keys) == 0) {}
  Index query, key, value, result, shares;
  bool opens_keys;  // the first head that uses these keys
};

}  // namespace

Attended attend(const Heads& heads, const Tensor& qkv) {
  const Index batch = qkv.axis(0), positions = qkv.axis(1), width = heads.width, row = heads.row();
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  Attended to{Tensor(Shape{batch, positions, heads.features()}),
              Tensor(Shape{batch, heads.queries, positions, positions})};
  for (Index b = 0; b < batch; ++b) {
    for (Index h = 0; h < heads.queries; ++h) {
      const Places at(heads, positions, b, h);
      float* shares = to.shares.mutable_data() + at.shares;
      gemm({positions,
            positions,
            width,
            {qkv.data() + at.query, row},
            {qkv.data() + at.key, row, Transpose::yes},
            shares,
            positions},
           heads.by);
      softmax_rows(positions, heads.is_causal, scale, shares);
      gemm({positions,
            width,
            positions,
            {shares, positions},
            {qkv.data() + at.value, row},
            to.y.mutable_data() + at.result,
            heads.features()},
           heads.by);
    }
  }
  return to;
}

Tensor attend_gradient(const Heads& heads, const Tensor& qkv, const Tensor& shares, const Tensor& dy) {
  const Index batch = qkv.axis(0), positions = qkv.axis(1), width = heads.width, row = heads.row();
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  Tensor dqkv(qkv.shape());
  Tensor d(Shape{positions, positions});
  for (Index b = 0; b < batch; ++b) {
    for (Index h = 0; h < heads.queries; ++h) {
      const Places at(heads, positions, b, h);
      const MatrixOperand share{shares.data() + at.shares, positions};
      const MatrixOperand share_transposed{share.numbers, positions, Transpose::yes};
      const MatrixOperand dy_of_head{dy.data() + at.result, heads.features()};
      float* to = dqkv.mutable_data();
      // Heads that share keys and values add up, one after the other.
      const GemmResult onto = at.opens_keys ? GemmResult::replaces : GemmResult::goes_on;
      gemm({positions, width, positions, share_transposed, dy_of_head, to + at.value, row, onto}, heads.by);
      gemm({positions,
            positions,
            width,
            dy_of_head,
            {qkv.data() + at.value, row, Transpose::yes},
            d.mutable_data(),
            positions},
           heads.by);
      softmax_rows_gradient(share.numbers, positions, scale, d.mutable_data());
      gemm({positions, width, positions, {d.data(), positions}, {qkv.data() + at.key, row}, to + at.query, row},
           heads.by);
      gemm({positions,
            width,
            positions,
            {d.data(), positions, Transpose::yes},
            {qkv.data() + at.query, row},
            to + at.key,
            row,
            onto},
           heads.by);
    }
  }
  return dqkv;
}

double rotary_angle(Index position, Index pair, Index width) {
  constexpr double kBase = 10000;
  const double share = static_cast<double>(2 * pair) / static_cast<double>(width);
  return static_cast<double>(position) * std::pow(kBase, -share);
}

void rotate(const Heads& heads, double direction, Tensor& qkv) {
  const Index batch = qkv.axis(0), positions = qkv.axis(1), pairs = heads.width / 2;
  std::vector<float> cosines, sines;  // [T, pairs]
  for (Index t = 0; t < positions; ++t) {
    for (Index i = 0; i < pairs; ++i) {
      const double angle = direction * rotary_angle(t, i, heads.width);
      cosines.push_back(static_cast<float>(std::cos(angle)));
      sines.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  for (Index at = 0; at < batch * positions; ++at) {
    float* row = qkv.mutable_data() + at * heads.row();
    const auto first = static_cast<std::size_t>(at % positions * pairs);
    for (Index h = 0; h < heads.queries + heads.keys; ++h, row += heads.width) {
      for (Index i = 0; i < pairs; ++i) {
        const float c = cosines[first + static_cast<std::size_t>(i)];
        const float s = sines[first + static_cast<std::size_t>(i)];
        const float even = row[2 * i];
        const float odd = row[2 * i + 1];
        row[2 * i] = even * c - odd * s;
        row[2 * i + 1] = even * s + odd * c;
      }
    }
  }
}

}  // namespace dpml
