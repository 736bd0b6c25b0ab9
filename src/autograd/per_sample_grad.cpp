#include "dpml/autograd/per_sample_grad.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "dpml/base/cases.h"
#include "dpml/base/error.h"
#include "forms.h"

namespace dpml {

namespace {

/// [B, ..., n] -> [B, T, n].
Tensor with_one_middle_axis(const Tensor& x) {
  const Index rank = x.shape().rank();
  if (rank < 2) throw ShapeError("a gradient factor needs a batch and a feature axis, got " + x.shape().to_text());
  Index positions = 1;
  for (Index i = 1; i + 1 < rank; ++i) positions *= x.axis(i);
  return x.reshaped(Shape{x.axis(0), positions, x.axis(-1)});
}

/// [B, S, n] and [B, T, n] -> [B, S + T, n].
Tensor joined(const Tensor& a, const Tensor& b) {
  const Index from_a = a.shape().without_front().size();
  const Index from_b = b.shape().without_front().size();
  Tensor c(a.shape().rank() == 3 ? Shape{a.axis(0), a.axis(1) + b.axis(1), a.axis(2)}
                                 : Shape{a.axis(0), a.axis(1) + b.axis(1)});
  float* to = c.mutable_data();
  for (Index sample = 0; sample < a.axis(0); ++sample) {
    to = std::copy_n(a.data() + sample * from_a, from_a, to);
    to = std::copy_n(b.data() + sample * from_b, from_b, to);
  }
  return c;
}

/// Each index as a row of zeros with a one in its place: [B, T] -> [B, T, vocabulary].
Tensor one_hot(const Tensor& index, Index vocabulary) {
  Tensor u = Tensor::zeros(Shape{index.axis(0), index.axis(1), vocabulary});
  for (Index i = 0; i < index.size(); ++i) u.mutable_data()[i * vocabulary + static_cast<Index>(index.data()[i])] = 1;
  return u;
}

// Direct norms and their sums run as matrix products, Gram norms as double dot products at half the speed, so the
// direct way pays up to twice the size at which the counts of operations are equal. Checked in bench/.
constexpr Index kDirectAdvantage = 2;

bool direct_is_smaller(Index positions, Index m, Index n) {
  return positions > 1 && m * n <= kDirectAdvantage * positions * (m + n);
}

}  // namespace

PerSampleGrad PerSampleGrad::dense(Tensor g) {
  if (g.shape().rank() < 1) throw ShapeError("a per-sample gradient needs a batch axis, got []");
  return PerSampleGrad(Dense{std::move(g)});
}

PerSampleGrad PerSampleGrad::outer(const Tensor& u, const Tensor& v) {
  Tensor left = with_one_middle_axis(u);
  Tensor right = with_one_middle_axis(v);
  if (left.axis(0) != right.axis(0) || left.axis(1) != right.axis(1)) {
    throw ShapeError("factors " + u.shape().to_text() + " and " + v.shape().to_text() +
                     " of an outer product differ in batch or positions");
  }
  return PerSampleGrad(Outer{std::move(left), std::move(right)});
}

PerSampleGrad PerSampleGrad::patches(const Tensor& u, const Tensor& x, const PatchGeometry& geometry) {
  Tensor left = with_one_middle_axis(u);
  if (x.shape() != Shape{left.axis(0), geometry.in_height, geometry.in_width, geometry.in_channels} ||
      left.axis(1) != geometry.positions() || left.axis(2) % geometry.groups != 0) {
    throw ShapeError("a convolution's gradient " + u.shape().to_text() + " does not fit its input " +
                     x.shape().to_text());
  }
  return PerSampleGrad(Patches{std::move(left), x, geometry});
}

PerSampleGrad PerSampleGrad::rows(const Tensor& index, const Tensor& v, Index vocabulary) {
  Tensor rows = with_one_middle_axis(v);
  if (index.size() != rows.axis(0) * rows.axis(1)) {
    throw ShapeError("indices " + index.shape().to_text() + " do not fit gradients " + v.shape().to_text());
  }
  const auto is_row = [rows = static_cast<float>(vocabulary)](float i) {
    return i >= 0 && i < rows && i == std::trunc(i);
  };
  if (!std::all_of(index.values().begin(), index.values().end(), is_row)) {
    throw Error("a per-sample gradient's row index is not a whole number in [0, " + std::to_string(vocabulary) + ")");
  }
  return PerSampleGrad(Rows{index.reshaped(Shape{rows.axis(0), rows.axis(1)}), std::move(rows), vocabulary});
}

Index PerSampleGrad::batch() const {
  return std::visit(
      Cases{[](const Dense& form) { return form.g.axis(0); }, [](const Outer& form) { return form.u.axis(0); },
            [](const Patches& form) { return form.u.axis(0); }, [](const Rows& form) { return form.v.axis(0); }},
      form_);
}

Shape PerSampleGrad::parameter_shape() const {
  return std::visit(Cases{[](const Dense& form) { return form.g.shape().without_front(); },
                          [](const Outer& form) {
                            return Shape{form.u.axis(2), form.v.axis(2)};
                          },
                          [](const Patches& form) {
                            const PatchGeometry& g = form.geometry;
                            return Shape{form.u.axis(2), g.kernel_height, g.kernel_width, g.group_channels()};
                          },
                          [](const Rows& form) {
                            return Shape{form.vocabulary, form.v.axis(2)};
                          }},
                    form_);
}

void PerSampleGrad::add_squared_norms(std::span<double> upper) const {
  DPML_ASSERT(std::ssize(upper) == batch());
  std::visit(Cases{[&](const Dense& form) { add_dense_norms(form.g, upper); },
                   [&](const Outer& form) { add_outer_norms(form.u, form.v, upper); },
                   [&](const Patches& form) { add_patches_norms(form.u, form.x, form.geometry, upper); },
                   [&](const Rows& form) { add_rows_norms(form.index, form.v, upper); }},
             form_);
}

void PerSampleGrad::add_weighted_sum(std::span<const float> weights, float* into) const {
  DPML_ASSERT(std::ssize(weights) == batch());
  std::visit(Cases{[&](const Dense& form) { add_dense_sum(form.g, weights, into); },
                   [&](const Outer& form) { add_outer_sum(form.u, form.v, weights, into); },
                   [&](const Patches& form) { add_patches_sum(form.u, form.x, form.geometry, weights, into); },
                   [&](const Rows& form) { add_rows_sum(form.index, form.v, weights, into); }},
             form_);
}

void PerSampleGrad::write_weighted_sum(std::span<const float> weights, float* into) const {
  DPML_ASSERT(std::ssize(weights) == batch());
  const auto* outer = std::get_if<Outer>(&form_);
  if (outer != nullptr && outer->u.axis(1) == 1) {
    write_outer_sum(outer->u, outer->v, weights, into);
    return;
  }
  std::fill_n(into, parameter_shape().size(), 0.0F);
  add_weighted_sum(weights, into);
}

Tensor PerSampleGrad::to_dense() const {
  return std::visit(Cases{[](const Dense& form) { return form.g; },
                          [](const Outer& form) { return dense_from_outer(form.u, form.v); },
                          [](const Patches& form) { return dense_from_patches(form.u, form.x, form.geometry); },
                          [](const Rows& form) { return dense_from_rows(form.index, form.v, form.vocabulary); }},
                    form_);
}

PerSampleGrad PerSampleGrad::in_smaller_form() && {
  const bool direct = std::visit(
      Cases{[](const Dense&) { return false; },
            [](const Outer& form) { return direct_is_smaller(form.u.axis(1), form.u.axis(2), form.v.axis(2)); },
            [](const Patches& form) {
              // Groups share neither rows nor columns, so each is a product of its own; one position is no exception.
              const Index group_out = form.u.axis(2) / form.geometry.groups;
              return direct_is_smaller(std::max<Index>(2, form.u.axis(1)), group_out, form.geometry.patch_size());
            },
            [](const Rows&) { return false; }},
      form_);
  return direct ? dense(to_dense()) : std::move(*this);
}

PerSampleGrad& PerSampleGrad::operator+=(PerSampleGrad other) {
  if (batch() != other.batch() || parameter_shape() != other.parameter_shape()) {
    throw ShapeError("cannot add per-sample gradients of " + std::to_string(batch()) + " samples of " +
                     parameter_shape().to_text() + " and " + std::to_string(other.batch()) + " of " +
                     other.parameter_shape().to_text());
  }
  if (auto* a = std::get_if<Outer>(&form_)) {
    if (const auto* b = std::get_if<Outer>(&other.form_)) {
      *a = Outer{joined(a->u, b->u), joined(a->v, b->v)};
      return *this;
    }
  }
  if (auto* a = std::get_if<Rows>(&form_)) {
    if (const auto* b = std::get_if<Rows>(&other.form_)) {
      *a = Rows{joined(a->index, b->index), joined(a->v, b->v), a->vocabulary};
      return *this;
    }
  }
  // Tied weights: rows by the embedding, an outer product by the map back.
  if (auto* a = std::get_if<Rows>(&form_); a != nullptr && std::holds_alternative<Outer>(other.form_)) {
    form_ = Outer{one_hot(a->index, a->vocabulary), a->v};
    return *this += std::move(other);
  }
  if (auto* b = std::get_if<Rows>(&other.form_); b != nullptr && std::holds_alternative<Outer>(form_)) {
    return *this += PerSampleGrad(Outer{one_hot(b->index, b->vocabulary), b->v});
  }
  const Tensor a = to_dense();
  const Tensor b = other.to_dense();
  Tensor sum(a.shape());
  for (Index i = 0; i < sum.size(); ++i) sum.mutable_data()[i] = a.data()[i] + b.data()[i];
  form_ = Dense{std::move(sum)};
  return *this;
}

}  // namespace dpml
