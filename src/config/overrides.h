#pragma once

#include <string>

#include "fill_message.h"

namespace dpml::config {

/// Applies one `path=value` of --set: `privacy.delta=1e-6`, `model.layer[2].linear.out=64`, `data.shape=[28, 28, 1]`,
/// `schedule.cosine={}`. It replaces what the file states, also an alternative of the field:
/// `privacy.noise_multiplier=1` takes the place of a target_epsilon. Text needs no quotes. A list element ([2]) must
/// exist and keeps its kind.
void apply_override(const std::string& override, google::protobuf::Message& root, Origins& origins, Problems& problems);

}  // namespace dpml::config
