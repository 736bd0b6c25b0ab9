#pragma once

#include <string>
#include <string_view>

#include "dpml/config/model_outline.h"

namespace dpml {

/// How every picture of a model begins.
inline constexpr std::string_view kModelPictureBegins =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a model, drawn by dpml -->\n<svg ";

/// A model as one SVG 1.1 document, from top to bottom: a box for the input and for each row, a frame around the layers
/// inside one, a line for each result that is taken. The same outline gives the same bytes.
std::string model_picture(const ModelOutline& outline);

}  // namespace dpml
