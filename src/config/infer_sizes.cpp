#include "infer_sizes.h"

#include "dpml/autograd/patches.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml::config {

namespace {

/// The shape of one layer's result, and the sizes of the layer that follow from the shape of its input.
class SizeRule {
 public:
  SizeRule(const LayerSpec& layer, const Shape& in, const Origins* origins, Problems& problems)
      : layer_(layer), in_(in), origins_(origins), problems_(problems) {}

  std::optional<Shape> operator()(Activation&) { return in_; }
  std::optional<Shape> operator()(FlattenSpec&) { return Shape{in_.size()}; }
  std::optional<Shape> operator()(Dropout::Options&) { return in_; }

  std::optional<Shape> operator()(Linear::Options& linear) {
    if (!has_last_axis("linear")) return std::nullopt;
    agree("linear.in", linear.in, in_[-1]);
    if (linear.out <= 0) return std::nullopt;
    return in_.without_back().with_back(linear.out);
  }

  std::optional<Shape> operator()(Conv2d::Options& conv) {
    if (!is_image("conv2d")) return std::nullopt;
    agree("conv2d.in_channels", conv.in_channels, in_[2]);
    if (conv.out_channels <= 0 || conv.groups <= 0) return std::nullopt;
    if (in_[2] % conv.groups != 0 || conv.out_channels % conv.groups != 0) {
      add("conv2d.groups", "is " + std::to_string(conv.groups) + ", which does not divide " + std::to_string(in_[2]) +
                               " input and " + std::to_string(conv.out_channels) + " output channels; change one");
    }
    return window("conv2d",
                  {.in_height = in_[0],
                   .in_width = in_[1],
                   .in_channels = 1,
                   .kernel_height = conv.kernel_height,
                   .kernel_width = conv.kernel_width,
                   .stride_height = conv.stride_height,
                   .stride_width = conv.stride_width,
                   .padding_height = conv.padding_height,
                   .padding_width = conv.padding_width,
                   .dilation_height = conv.dilation_height,
                   .dilation_width = conv.dilation_width},
                  conv.out_channels);
  }

  std::optional<Shape> operator()(MaxPool2d::Options& pool) { return pooled("max_pool2d", pool); }
  std::optional<Shape> operator()(AvgPool2d::Options& pool) {
    return pooled("avg_pool2d", {.kernel = pool.kernel, .stride = pool.stride, .padding = pool.padding});
  }

  std::optional<Shape> operator()(Embedding::Options& embedding) {
    if (embedding.features <= 0) return std::nullopt;
    return in_.with_back(embedding.features);
  }

  std::optional<Shape> operator()(GroupNorm::Options& norm) {
    if (!has_last_axis("group_norm")) return std::nullopt;
    agree("group_norm.channels", norm.channels, in_[-1]);
    if (norm.groups > 0 && in_[-1] % norm.groups != 0) {
      add("group_norm.groups", "is " + std::to_string(norm.groups) + ", which does not divide " +
                                   std::to_string(in_[-1]) + " channels; state a divisor");
    }
    return in_;
  }

  std::optional<Shape> operator()(LayerNorm::Options& norm) {
    if (!has_last_axis("layer_norm")) return std::nullopt;
    const Index rank = norm.normalized.rank();
    if (rank == 0) {
      norm.normalized = Shape{in_[-1]};
    } else if (rank > in_.rank() || Shape(in_.axes().last(static_cast<std::size_t>(rank))) != norm.normalized) {
      add("layer_norm.shape",
          "is " + norm.normalized.to_text() + ", but the input is " + in_.to_text() + "; state its last axes");
    }
    return in_;
  }

  std::optional<Shape> operator()(SequentialSpec& sequential) {
    return infer_sizes(sequential.layers, in_, origins_, problems_);
  }

  std::optional<Shape> operator()(ResidualSpec& residual) {
    const std::optional<Shape> body = infer_sizes(residual.body, in_, origins_, problems_);
    std::optional<Shape> shortcut = in_;
    if (!residual.shortcut.empty()) shortcut = infer_sizes(residual.shortcut, in_, origins_, problems_);
    if (body && shortcut && *body != *shortcut) {
      add("residual", "body gives " + body->to_text() + ", shortcut gives " + shortcut->to_text() +
                          "; the two are added, so make them equal");
    }
    return body ? body : shortcut;
  }

 private:
  void add(const std::string& field, const std::string& what) {
    const std::string label = layer_.name.empty() ? "" : "layer \"" + layer_.name + "\": ";
    Origin origin = layer_.origin;
    origin.field = join_path(origin.field, field);
    problems_.add(origins_ == nullptr ? origin : origins_->nearest(origin.field), label + what);
  }

  void agree(const std::string& field, Index& stated, Index given) {
    if (stated != 0 && stated != given) {
      add(field, "is " + std::to_string(stated) + ", but the input is " + in_.to_text() + "; state " +
                     std::to_string(given) + " or leave it out");
    }
    stated = given;
  }

  bool has_last_axis(const std::string& kind) {
    if (in_.rank() > 0) return true;
    add(kind, "needs an input with an axis, but it is []");
    return false;
  }

  bool is_image(const std::string& kind) {
    if (in_.rank() == 3) return true;
    add(kind, "needs images [height, width, channels], but the input is " + in_.to_text());
    return false;
  }

  std::optional<Shape> pooled(const std::string& kind, const PoolOptions& pool) {
    if (!is_image(kind) || pool.kernel <= 0) return std::nullopt;
    const Index stride = pool.stride > 0 ? pool.stride : pool.kernel;
    return window(kind,
                  {.in_height = in_[0],
                   .in_width = in_[1],
                   .in_channels = 1,
                   .kernel_height = pool.kernel,
                   .kernel_width = pool.kernel,
                   .stride_height = stride,
                   .stride_width = stride,
                   .padding_height = pool.padding,
                   .padding_width = pool.padding},
                  in_[2]);
  }

  std::optional<Shape> window(const std::string& kind, const PatchGeometry& geometry, Index channels) {
    try {
      geometry.validate("the sizes do not fit");
      return Shape{geometry.out_height(), geometry.out_width(), channels};
    } catch (const ShapeError& error) {
      add(kind + ".kernel", std::string(error.what()) + "; state a smaller kernel, or more padding");
      return std::nullopt;
    }
  }

  const LayerSpec& layer_;
  const Shape& in_;
  const Origins* origins_;
  Problems& problems_;
};

}  // namespace

std::optional<Shape> infer_sizes(std::vector<LayerSpec>& layers, const Shape& sample_shape, const Origins* origins,
                                 Problems& problems) {
  std::optional<Shape> shape = sample_shape;
  for (LayerSpec& layer : layers) {
    const Shape in = *shape;
    try {
      shape = std::visit(SizeRule(layer, in, origins, problems), layer.kind);
    } catch (const ShapeError& error) {  // too many numbers to count
      problems.add(layer.origin, error.what());
      return std::nullopt;
    }
    if (!shape) return std::nullopt;
  }
  return shape;
}

}  // namespace dpml::config
