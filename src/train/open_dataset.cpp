#include "dpml/train/open_dataset.h"

#include <algorithm>
#include <variant>

#include "dpml/base/cases.h"
#include "dpml/base/error.h"
#include "dpml/data/csv.h"
#include "dpml/data/idx.h"
#include "dpml/data/npy.h"
#include "dpml/io/arrays.h"

namespace dpml {

namespace {

TensorDataset read_source(const DataOptions& options) {
  return std::visit(
      Cases{[&](const IdxSource& source) { return read_idx_dataset(source.inputs, source.labels, options.dataset); },
            [&](const CsvSource& source) { return read_csv(source.file, source.schema).dataset; },
            [&](const Hdf5Source& source) {
              const std::string file = source.file.string() + ": ";
              return join_dataset(read_hdf5_array(source.file, source.inputs), file + source.inputs,
                                  read_hdf5_array(source.file, source.labels), file + source.labels, options.dataset);
            },
            [&](const NpySource& source) { return read_npy_dataset(source.inputs, source.labels, options.dataset); }},
      options.source);
}

/// Labels that say nothing, for samples whose labels are not asked for.
TensorDataset without_labels(const NumericArray& inputs, const std::string& file, DatasetOptions options) {
  options.classes = 0;
  const Index count = inputs.shape().rank() > 0 ? inputs.shape()[0] : 0;
  return join_dataset(inputs, file, NumericArray(Tensor(Shape{count, 0})), "(no labels)", options);
}

CsvSchema without_label_columns(CsvSchema schema) {
  std::erase_if(schema.columns, [](const CsvColumn& column) {
    return std::holds_alternative<CsvClassLabel>(column.kind) || std::holds_alternative<CsvTarget>(column.kind);
  });
  return schema;
}

TensorDataset read_table_inputs(const std::filesystem::path& file, const CsvSchema& schema) {
  try {
    return read_csv(file, schema).dataset;
  } catch (const FileError&) {
    // A table to predict for has its label column or not; when neither reading works, the declared one explains.
    const CsvSchema inputs_only = without_label_columns(schema);
    try {
      return read_csv(file, inputs_only).dataset;
    } catch (const Error&) {
    }
    throw;
  }
}

std::unique_ptr<Dataset> checked(TensorDataset dataset, const DataOptions& options, const std::string& file) {
  if (dataset.input_shape() != options.sample_shape) {
    throw FileError(file + ": one sample has shape " + dataset.input_shape().to_text() +
                    ", the config declares data.shape " + options.sample_shape.to_text() + " (channels last)");
  }
  return std::make_unique<TensorDataset>(std::move(dataset));
}

std::string name_of(const DataOptions& options) {
  return std::visit(Cases{[](const IdxSource& source) { return source.inputs.string(); },
                          [](const CsvSource& source) { return source.file.string(); },
                          [](const Hdf5Source& source) { return source.file.string(); },
                          [](const NpySource& source) { return source.inputs.string(); }},
                    options.source);
}

}  // namespace

std::unique_ptr<Dataset> open_dataset(const DataOptions& options) {
  return checked(read_source(options), options, name_of(options));
}

std::unique_ptr<Dataset> open_inputs(const DataOptions& options, const std::filesystem::path& file) {
  DatasetOptions dataset = options.dataset;
  return std::visit(
      Cases{[&](const IdxSource&) {
              if (dataset.layout == InputLayout::as_stored) dataset.layout = InputLayout::grey_images;
              return checked(without_labels(read_idx(file), file.string(), dataset), options, file.string());
            },
            [&](const CsvSource& source) {
              return checked(read_table_inputs(file, source.schema), options, file.string());
            },
            [&](const Hdf5Source& source) {
              const std::string name = file.string() + ": " + source.inputs;
              return checked(without_labels(read_hdf5_array(file, source.inputs), name, dataset), options, name);
            },
            [&](const NpySource&) {
              return checked(without_labels(read_npy(file), file.string(), dataset), options, file.string());
            }},
      options.source);
}

}  // namespace dpml
