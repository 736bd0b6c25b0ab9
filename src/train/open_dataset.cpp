#include "dpml/train/open_dataset.h"

#include <algorithm>
#include <variant>

#include "dpml/base/cases.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/data/csv.h"
#include "dpml/data/idx.h"
#include "dpml/data/npy.h"
#include "dpml/io/arrays.h"

namespace dpml {

namespace {

namespace fs = std::filesystem;

TensorDataset read_source(const DataOptions& options, CsvColumns columns) {
  return std::visit(
      Cases{[&](const IdxSource& source) { return read_idx_dataset(source.inputs, source.labels, options.dataset); },
            [&](const CsvSource& source) { return read_csv(source.file, source.schema, columns).dataset; },
            [&](const Hdf5Source& source) {
              const std::string file = source.file.string() + ": ";
              return join_dataset(read_hdf5_array(source.file, source.inputs), file + printable(source.inputs),
                                  read_hdf5_array(source.file, source.labels), file + printable(source.labels),
                                  options.dataset);
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

std::unique_ptr<TensorDataset> checked(TensorDataset dataset, const DataOptions& options) {
  if (dataset.input_shape() != options.sample_shape) {
    throw FileError(dataset.origin().inputs + ": one sample has shape " + dataset.input_shape().to_text() +
                    ", the config declares data.shape " + options.sample_shape.to_text() + " (channels last)");
  }
  return std::make_unique<TensorDataset>(std::move(dataset));
}

/// The options with other files in the place of their own.
DataOptions with_files(DataOptions options, std::span<const fs::path> files) {
  const auto require = [&](std::size_t count, const std::string& what) {
    if (files.size() == count) return;
    throw ConfigError("got " + counted(std::ssize(files), "file") + " of data; this model's config wants " + what);
  };
  std::visit(Cases{[&](IdxSource& source) {
                     require(2, "two IDX files, inputs and labels");
                     source = {files[0], files[1]};
                   },
                   [&](CsvSource& source) {
                     require(1, "one CSV file");
                     source.file = files[0];
                   },
                   [&](Hdf5Source& source) {
                     require(1,
                             "one HDF5 file with the datasets \"" + source.inputs + "\" and \"" + source.labels + "\"");
                     source.file = files[0];
                   },
                   [&](NpySource& source) {
                     require(2, "two .npy files, inputs and labels");
                     source = {files[0], files[1]};
                   }},
             options.source);
  return options;
}

}  // namespace

std::vector<fs::path> data_files(const DataOptions& options) {
  return std::visit(Cases{[](const IdxSource& source) {
                            return std::vector{source.inputs, source.labels};
                          },
                          [](const CsvSource& source) { return std::vector{source.file}; },
                          [](const Hdf5Source& source) { return std::vector{source.file}; },
                          [](const NpySource& source) {
                            return std::vector{source.inputs, source.labels};
                          }},
                    options.source);
}

std::unique_ptr<TensorDataset> open_dataset(const DataOptions& options) {
  return checked(read_source(options, CsvColumns::as_declared), options);
}

std::unique_ptr<TensorDataset> open_dataset(const DataOptions& options, std::span<const fs::path> files) {
  return checked(read_source(with_files(options, files), CsvColumns::by_name), options);
}

std::unique_ptr<TensorDataset> open_inputs(const DataOptions& options, const fs::path& file) {
  DatasetOptions dataset = options.dataset;
  return std::visit(
      Cases{[&](const IdxSource&) {
              const NumericArray inputs = read_idx(file);
              dataset.layout = idx_layout(inputs.shape(), dataset.layout);
              return checked(without_labels(inputs, file.string(), dataset), options);
            },
            [&](const CsvSource& source) {
              return checked(read_csv(file, source.schema, CsvColumns::inputs_by_name).dataset, options);
            },
            [&](const Hdf5Source& source) {
              const std::string name = file.string() + ": " + printable(source.inputs);
              return checked(without_labels(read_hdf5_array(file, source.inputs), name, dataset), options);
            },
            [&](const NpySource&) { return checked(without_labels(read_npy(file), file.string(), dataset), options); }},
      options.source);
}

}  // namespace dpml
