#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "dpml/data/csv.h"
#include "dpml/data/tensor_dataset.h"

namespace dpml {

struct IdxSource {
  std::filesystem::path inputs;
  std::filesystem::path labels;
};

struct CsvSource {
  std::filesystem::path file;
  CsvSchema schema;
};

/// Two datasets of one file.
struct Hdf5Source {
  std::filesystem::path file;
  std::string inputs;
  std::string labels;
};

struct NpySource {
  std::filesystem::path inputs;
  std::filesystem::path labels;
};

/// Where samples come from and what they must look like; all of it public, stated before any file is opened.
struct DataOptions {
  std::variant<IdxSource, CsvSource, Hdf5Source, NpySource> source;
  DatasetOptions dataset;  ///< classes (0: labels are targets), layout, scaling; CSV has its own in the schema
  Shape sample_shape;      ///< of one input, channels last, without the batch axis; the files must agree
  std::optional<Shape> label_shape;  ///< [] for a class index, [k] for k targets; absent when only the file tells
};

}  // namespace dpml
