#include "layer_kinds/fit.h"

#include "dpml/base/error.h"
#include "infer_sizes.h"

namespace dpml::config {

Origin Fit::origin_of(const std::string& option) const {
  Origin origin = layer_.origin;
  for (const std::string& name : {layer_.word, option}) {
    if (!name.empty()) origin.field = join_path(origin.field, name);
  }
  return origins_ == nullptr ? origin : origins_->nearest(origin.field);
}

void Fit::problem(const std::string& option, const std::string& what) const {
  tell(origin_of(option), what);
}

void Fit::problem_beside(const std::string& field, const std::string& what) const {
  tell(origins_ == nullptr ? layer_.origin : origins_->nearest(join_path(layer_.origin.field, field)), what);
}

void Fit::tell(const Origin& origin, const std::string& what) const {
  std::string label;
  if (!layer_.name.empty()) {
    label = "layer \"" + layer_.name + "\": ";
  } else if (origins_ == nullptr) {
    label = "layer " + std::to_string(place_) + ": ";
  }
  problems_.add(origin, label + what);
}

bool Fit::accepts(const std::optional<OptionProblem>& found) const {
  if (!found) return true;
  const bool is_told = origins_ != nullptr && problems_.tells_of(origin_of(found->option).field);
  if (!is_told) problem(found->option, found->what);
  return false;
}

void Fit::agree(const std::string& option, Index& stated, Index given, const Shape& in) const {
  if (stated != 0 && stated != given && layer_.shared) {
    problem("has weights for " + std::to_string(stated) + " " + option + " of \"" + layer_.shared->layer +
            "\", but its input is " + in.to_text() + "; make the two inputs equal");
  } else if (stated != 0 && stated != given) {
    problem(option, "is " + std::to_string(stated) + ", but the input is " + in.to_text() + "; state " +
                        std::to_string(given) + " or leave it out");
  }
  stated = given;
}

bool Fit::has_last_axis(const Shape& in) const {
  if (in.rank() > 0) return true;
  problem("needs an input with an axis, but it is []");
  return false;
}

bool Fit::is_image(const Shape& in) const {
  if (in.rank() == 3) return true;
  problem("needs images [height, width, channels], but the input is " + in.to_text());
  return false;
}

bool Fit::is_sequence(const Shape& in) const {
  if (in.rank() == 2) return true;
  problem("needs a sequence [positions, features], but the input is " + in.to_text());
  return false;
}

std::optional<Shape> Fit::window(const std::function<Shape(const std::string& place)>& output_shape,
                                 const std::string& option) const {
  try {
    return output_shape("the sizes do not fit");
  } catch (const SizeError&) {
    throw;
  } catch (const ShapeError& error) {
    problem(option, error.what());
    return std::nullopt;
  }
}

std::optional<Shape> Fit::inside(std::vector<LayerSpec>& layers, const Shape& in) const {
  return infer_sizes(layers, in, origins_, problems_);
}

}  // namespace dpml::config
