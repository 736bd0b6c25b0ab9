#pragma once

#include <string>

#include "origins.h"
#include "problems.h"

namespace dpml::schema {
class Experiment;
}

namespace dpml::config {

/// Makes the paths of a config absolute: those of the file begin in `folder`, those of --set in the current folder. A
/// line break in one is a problem: a path stands in lines of messages and could end one.
void resolve_paths(schema::Experiment& experiment, const std::string& folder, const Origins& origins,
                   Problems& problems);

/// Writes out every default of a field of version 1, and takes out those of later ones (proto/dpml/config.proto,
/// since).
void fill_defaults(schema::Experiment& experiment);

/// The same text for the same content: fields in the order of the schema, one a line, ASCII.
std::string canonical_text(const schema::Experiment& experiment);

}  // namespace dpml::config
