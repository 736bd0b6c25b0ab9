#pragma once

#include <vector>

#include "dpml/base/error.h"
#include "dpml/data/csv.h"
#include "dpml/data/idx.h"
#include "dpml/data/npy.h"
#include "fuzz/fuzz_file.h"

// What any bytes must keep to when they are read as a data file: abort when they do not. For the fuzzers, and for the
// test that gives their corpus to every build.

namespace dpml::fuzz {

/// As a NumPy array, of inputs and of labels: read, or refused with a FileError.
inline void read_npy_bytes(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = file_of(data, size);
  try {
    const NumericArray array = read_npy(path);
    check(array.to_tensor().size() == array.shape().size());
    for (const InputLayout layout : {InputLayout::as_stored, InputLayout::grey_images, InputLayout::channels_first}) {
      try {
        const TensorDataset dataset = read_npy_dataset(path, path, {.layout = layout});
        if (dataset.size() == 0 || dataset.input_shape().size() == 0) continue;
        Batch batch;
        const Index last = dataset.size() - 1;
        dataset.read({&last, 1}, batch);
        check(batch.inputs.size() == dataset.input_shape().size());
        dataset.place_of(SamplePart::input, last, batch.inputs.size() - 1);
      } catch (const FileError&) {  // of another layout
      }
    }
  } catch (const FileError&) {  // refused
  }
}

/// As an IDX file, of inputs and of labels: read, or refused with a FileError.
inline void read_idx_bytes(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = file_of(data, size);
  try {
    const NumericArray array = read_idx(path);
    check(array.to_tensor().size() == array.shape().size());
    for (const Index classes : {0, 2}) {
      const TensorDataset dataset = read_idx_dataset(path, path, {.classes = classes});
      check(dataset.size() == array.shape()[0]);
    }
  } catch (const FileError&) {  // refused
  }
}

inline CsvSchema csv_schema_of(unsigned choice) {
  CsvSchema schema;
  schema.header = (choice & 1U) == 0;
  schema.separator = (choice & 2U) == 0 ? ',' : '\t';
  schema.missing_markers = {"?", ""};
  schema.on_missing = (choice & 4U) == 0   ? MissingValue::drop_row
                      : (choice & 8U) == 0 ? MissingValue::neutral
                                           : MissingValue::error;
  const auto unknown = (choice & 16U) == 0 ? UnknownValue::drop_row : UnknownValue::all_zero;
  schema.columns = {{"age", CsvNumeric{.lower = 0, .upper = 100}},
                    {"work", CsvCategorical{.values = {"a b", "c\"d", "e\nf"}, .unknown = unknown}},
                    {"id", CsvIgnored{}}};
  if ((choice & 32U) == 0) {
    schema.columns.push_back({"income", CsvClassLabel{.classes = {"no", "yes"}, .strip = "."}});
  } else {
    schema.columns.push_back({"y", CsvTarget{}});
    schema.columns.push_back({"z", CsvTarget{}});
  }
  return schema;
}

inline void read_table(const std::filesystem::path& path, const CsvSchema& schema, CsvColumns columns) {
  const CsvTable table = read_csv(path, schema, columns);
  const TensorDataset& data = table.dataset;
  const DataOrigin& origin = data.origin();
  check(std::ssize(origin.lines) == data.size() && origin.rows >= data.size());
  check(origin.row_of_sample.empty() ? origin.rows == data.size() || data.size() == 0
                                     : std::ssize(origin.row_of_sample) == data.size());
  for (Index i = 0; i < data.size(); ++i) {
    const auto place = static_cast<std::size_t>(i);
    check(i == 0 || origin.lines[place] > origin.lines[place - 1]);
    check(origin.row_of_sample.empty() || i == 0 || origin.row_of_sample[place] > origin.row_of_sample[place - 1]);
    Batch batch;
    data.read({&i, 1}, batch);
    for (const float number : batch.inputs.values()) check(number >= 0 && number <= 1);
    data.place_of(SamplePart::input, i, data.input_shape().size() - 1);
    if (batch.labels.size() > 0) data.place_of(SamplePart::label, i, batch.labels.size() - 1);
  }
}

/// The first byte chooses a schema, the others are the table: read, each sample with its own row and line, or refused
/// with a FileError.
inline void read_csv_bytes(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const CsvSchema schema = csv_schema_of(data[0]);
  const std::filesystem::path path = file_of(data + 1, size - 1);
  for (const CsvColumns columns : {CsvColumns::as_declared, CsvColumns::by_name, CsvColumns::inputs_by_name}) {
    try {
      read_table(path, schema, columns);
    } catch (const FileError&) {  // refused
    }
  }
}

}  // namespace dpml::fuzz
