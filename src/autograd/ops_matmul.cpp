#include <string>

#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"
#include "dpml/tensor/gemm.h"

namespace dpml {

namespace {

/// Products of matrices x [m, k] and y [k, n], `count` of them; a stride of 0 uses one matrix for all.
struct Plan {
  Index count = 1;
  Index m = 0;
  Index k = 0;
  Index n = 0;
  Index stride_x = 0;
  Index stride_y = 0;
  Shape result;
  Products by = Products::own;
};

[[noreturn]] void fail(const std::string& reason, const Value& x, const Value& y) {
  throw ShapeError("matmul: " + reason + " of " + x.shape().to_text() + " and " + y.shape().to_text());
}

void refuse_batch_axis(const Value& x, const Value& y) {
  const auto require_matrices = [](const Value& side) {
    if (side.kind() == Kind::shared || side.shape().rank() >= 3) return;
    throw SampleMixingError("matmul: axis 0 of " + side.shape().to_text() +
                            " is the batch, so the product would add or pair samples. Give each sample a matrix, "
                            "[B, m, k] and [B, k, n].");
  };
  // Rows [B, k] are enough on the left of a shared matrix.
  const bool rows_meet_matrix = x.shape().rank() == 2 && y.kind() == Kind::shared;
  if (!rows_meet_matrix) require_matrices(x);
  require_matrices(y);
}

Plan plan(const Value& x, const Value& y, Products by) {
  const Shape& left = x.shape();
  const Shape& right = y.shape();
  refuse_batch_axis(x, y);
  if (left.rank() < 2 || right.rank() < 2) fail("expected two axes or more, got the shapes", x, y);
  if (left[-1] != right[-2])
    fail("the last axis of the first and the last but one of the second differ, the shapes", x, y);
  Plan products;
  products.by = by;
  products.m = left[-2];
  products.k = left[-1];
  products.n = right[-1];
  const Shape left_front = left.without_back().without_back();
  const Shape right_front = right.without_back().without_back();
  const bool one_left = x.kind() == Kind::shared && left.rank() == 2;
  const bool one_right = y.kind() == Kind::shared && right.rank() == 2;
  products.result = left.without_back().with_back(products.n);
  if (one_right) {
    products.m = left.without_back().size();  // one tall matrix
  } else if (one_left) {
    products.count = right_front.size();
    products.result = right.with_axis(-2, products.m);
  } else {
    if (x.kind() == Kind::sample && y.kind() == Kind::sample && left[0] != right[0]) {
      throw SampleMixingError("matmul: the batches of " + left.to_text() + " and " + right.to_text() +
                              " differ, so one sample would meet another. Both need a row for each sample.");
    }
    if (x.kind() != y.kind()) fail("a shared value beside a sample one is a single matrix; got the shapes", x, y);
    if (left_front != right_front) fail("the axes before the last two differ, the shapes", x, y);
    products.count = left_front.size();
  }
  products.stride_x = one_left ? 0 : products.m * products.k;
  products.stride_y = one_right ? 0 : products.k * products.n;
  return products;
}

Tensor product(const Plan& p, const Tensor& x, const Tensor& y) {
  Tensor z(p.result);
  for (Index i = 0; i < p.count; ++i) {
    gemm({p.m,
          p.n,
          p.k,
          {x.data() + i * p.stride_x, p.k},
          {y.data() + i * p.stride_y, p.n},
          z.mutable_data() + i * p.m * p.n,
          p.n},
         p.by);
  }
  return z;
}

/// dx = dz y^T
Tensor left_gradient(const Plan& p, const Tensor& dz, const Tensor& y, const Shape& shape) {
  Tensor dx(shape);
  for (Index i = 0; i < p.count; ++i) {
    gemm({p.m,
          p.k,
          p.n,
          {dz.data() + i * p.m * p.n, p.n},
          {y.data() + i * p.stride_y, p.n, Transpose::yes},
          dx.mutable_data() + i * p.m * p.k,
          p.k},
         p.by);
  }
  return dx;
}

/// dy = x^T dz
Tensor right_gradient(const Plan& p, const Tensor& dz, const Tensor& x, const Shape& shape) {
  Tensor dy(shape);
  for (Index i = 0; i < p.count; ++i) {
    gemm({p.k,
          p.n,
          p.m,
          {x.data() + i * p.stride_x, p.k, Transpose::yes},
          {dz.data() + i * p.m * p.n, p.n},
          dy.mutable_data() + i * p.k * p.n,
          p.n},
         p.by);
  }
  return dy;
}

}  // namespace

Value matmul(Tape& tape, const Value& x, const Value& y) {
  const Plan products = plan(x, y, tape.options().products);
  return tape.record_trusted("matmul", {x, y}, {}, product(products, x.tensor(), y.tensor()),
                             [x, y, products](const Tensor& dz, Cotangents& send) {
                               send.to(x, [&] { return left_gradient(products, dz, y.tensor(), x.shape()); });
                               send.to(y, [&] { return right_gradient(products, dz, x.tensor(), y.shape()); });
                             });
}

Value matmul(Tape& tape, const Value& x, const Parameter& weight) {
  const Shape& shape = x.shape();
  const std::string named = "parameter \"" + weight.name() + "\" " + weight.shape().to_text();
  if (weight.shape().rank() != 2) throw ShapeError("matmul: " + named + "; expected two axes, [out, in]");
  if (x.kind() == Kind::sample && shape.rank() == 1) {
    throw SampleMixingError("matmul: axis 0 of " + shape.to_text() +
                            " is the batch, so the product would add samples. Give each sample a row: [B, in].");
  }
  const Index out = weight.shape()[0];
  const Index in = weight.shape()[1];
  if (shape.rank() == 0 || shape[-1] != in) {
    throw ShapeError("matmul: " + named + " expects " + std::to_string(in) + " numbers in the last axis of x, got " +
                     shape.to_text());
  }
  const Index rows = shape.without_back().size();
  Tensor y(shape.without_back().with_back(out));
  const Products by = tape.options().products;
  gemm({rows, out, in, {x.tensor().data(), in}, {weight.tensor().data(), in, Transpose::yes}, y.mutable_data(), out},
       by);
  return tape.record_trusted(
      "matmul", {x}, {weight}, std::move(y), [x, rows, out, in, by, &weight](const Tensor& dy, Cotangents& send) {
        send.to(x, [&] {
          Tensor dx(x.shape());
          gemm({rows, in, out, {dy.data(), out}, {weight.tensor().data(), in}, dx.mutable_data(), in}, by);
          return dx;
        });
        send.to(weight, [&] { return PerSampleGrad::outer(dy, x.tensor()); });
      });
}

}  // namespace dpml
