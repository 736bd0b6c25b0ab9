#pragma once

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
  /// `origins` tells where single fields were stated; without it problems are told with their layer.
  Fit(const LayerSpec& layer, const Origins* origins, Problems& problems)
      : layer_(layer), origins_(origins), problems_(problems) {}

  void problem(const std::string& what) const { problem("", what); }
  void problem(const std::string& option, const std::string& what) const;

  /// Whether the options can make a layer. What was wrong with an option when it was read is not told again.
  bool accepts(const std::optional<OptionProblem>& problem) const;

  /// A size that follows from the input may be 0, which becomes `given`; stated, it must be that.
  void agree(const std::string& option, Index& stated, Index given, const Shape& in) const;

  bool has_last_axis(const Shape& in) const;  ///< false after a problem
  bool is_image(const Shape& in) const;       ///< [height, width, channels]; false after a problem

  /// infer_sizes for layers inside this one.
  std::optional<Shape> inside(std::vector<LayerSpec>& layers, const Shape& in) const;

 private:
  Origin origin_of(const std::string& option) const;

  const LayerSpec& layer_;
  const Origins* origins_;
  Problems& problems_;
};

}  // namespace dpml::config
