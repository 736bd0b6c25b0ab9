#pragma once

#include <string>
#include <vector>

#include "dpml/tensor/shape.h"

namespace dpml {

/// What the axes of stored inputs mean.
enum class InputLayout {
  as_stored,
  grey_images,     ///< [N, h, w], read as [N, h, w, 1]
  channels_first,  ///< [N, C, H, W], read as [N, H, W, C]
};

/// Where the samples of a dataset stand in the files that they were read from: for messages, and so that no row is left
/// out unseen. As private as the rows are.
struct DataOrigin {
  std::string inputs = "the inputs";  ///< file, or file and dataset
  std::string labels = "the labels";
  InputLayout layout = InputLayout::as_stored;

  Index rows = 0;                         ///< of the files; those that are no sample were dropped
  std::vector<Index> row_of_sample = {};  ///< [N] from 0; empty: a sample's place is its row

  // Of a table; empty otherwise.
  std::vector<Index> lines = {};                 ///< [N] where each sample's row begins, from 1
  std::vector<std::string> input_columns = {};   ///< of each input number
  std::vector<std::string> label_columns = {};   ///< of each label number
  std::vector<std::string> unused_columns = {};  ///< of the file that the schema does not know
};

}  // namespace dpml
