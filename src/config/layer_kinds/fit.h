#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dpml/config/model_spec.h"
#include "dpml/layers/option_problem.h"
#include "dpml/tensor/shape.h"
#include "origins.h"
#include "problems.h"

namespace dpml::config {

/// Hears what does not fit while the sizes of one layer are inferred, and tells it with the layer's place.
class Fit {
 public:
  /// `origins` tells where single fields were stated; without it problems are told with the layer's name or place.
  Fit(const LayerSpec& layer, std::size_t place, const Origins* origins, Problems& problems)
      : layer_(layer), place_(place), origins_(origins), problems_(problems) {}

  void problem(const std::string& what) const { problem("", what); }
  void problem(const std::string& option, const std::string& what) const;
  /// Of a field beside the layer's kind.
  void problem_beside(const std::string& field, const std::string& what) const;

  /// Whether the options can make a layer. What was wrong with an option when it was read is not told again.
  bool accepts(const std::optional<OptionProblem>& problem) const;

  /// A size that follows from the input may be 0, which becomes `given`; stated, it must be that.
  void agree(const std::string& option, Index& stated, Index given, const Shape& in) const;

  bool has_last_axis(const Shape& in) const;  ///< false after a problem
  bool is_image(const Shape& in) const;       ///< [height, width, channels]; false after a problem
  bool is_sequence(const Shape& in) const;    ///< [positions, features]; false after a problem

  /// The result of a layer whose window must fit the image, by its own output_shape, given the place to name: what does
  /// not fit is a problem of `option`. A shape with too many numbers to count goes on as ShapeError.
  std::optional<Shape> window(const std::function<Shape(const std::string& place)>& output_shape,
                              const std::string& option = "kernel") const;

  /// infer_sizes for layers inside this one.
  std::optional<Shape> inside(std::vector<LayerSpec>& layers, const Shape& in) const;

 private:
  Origin origin_of(const std::string& option) const;
  void tell(const Origin& origin, const std::string& what) const;

  const LayerSpec& layer_;
  std::size_t place_;  // in its list
  const Origins* origins_;
  Problems& problems_;
};

}  // namespace dpml::config
