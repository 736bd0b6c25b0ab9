#pragma once

#include "dpml/io/model_file.h"
#include "record_tree.h"

namespace dpml {

/// The model in a file that was scanned; what read_stored_model does with it.
StoredModel stored_model_in(hdf5::RecordTree& file, const WeightsCheck& check = {});

}  // namespace dpml
