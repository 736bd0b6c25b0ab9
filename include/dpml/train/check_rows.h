#pragma once

#include <string>

#include "dpml/data/dataset.h"
#include "dpml/layers/row_schema.h"

namespace dpml {

/// What a check found in rows that passed. Private, as the rows are.
struct RowCounts {
  Index rows = 0;
  Index not_finite = 0;  ///< rows with an input that is infinite or NaN
};

/// Reads every row once and compares it with what model and loss need. Throws DataError naming file, row and column,
/// but never the value, at the first row that does not fit, or when labels have another shape; 0 threads are all cores.
RowCounts check_rows(const Dataset& data, const RowSchema& schema, int threads);

/// The same of inputs alone, for predictions.
RowCounts check_inputs(const Dataset& data, const RowSchema& schema, int threads);

/// Throws DataError when there is no row, or none with finite inputs: nothing could be learnt or measured. `name` says
/// whose rows they are: "data.train (x.npy)".
void require_usable_rows(const RowCounts& counts, const std::string& name);

}  // namespace dpml
