#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "readers.h"
#include "words.h"

namespace dpml::config {

namespace {

/// What train and test have in common.
struct Common {
  DatasetOptions dataset;
  Shape sample_shape;
  std::optional<CsvSchema> schema;
};

InputScaling read_normalise(const Section& normalise) {
  const double divide_by = normalise.number("divide_by", kPositive);
  const double mean = normalise.number("mean", kFinite);
  const double deviation = normalise.number("standard_deviation", kPositive);
  const InputScaling scaling{static_cast<float>(1 / (divide_by * deviation)), static_cast<float>(-mean / deviation)};
  if (kPositive.holds(divide_by) && kPositive.holds(deviation) &&
      !(scaling.scale > 0 && std::isfinite(scaling.scale) && std::isfinite(scaling.offset))) {
    normalise.problem("gives numbers beyond what float32 can hold; state less extreme constants");
  }
  return scaling;
}

constexpr std::array kLayouts{
    Word<InputLayout>{"CHANNELS_LAST", InputLayout::as_stored},
    Word<InputLayout>{"CHANNELS_FIRST", InputLayout::channels_first},
    Word<InputLayout>{"GREY", InputLayout::grey_images},
};

InputLayout read_layout(const Section& data) {
  return read_choice(data, "layout", kLayouts).value_or(InputLayout::as_stored);
}

/// Classes of the label column, or 0; `targets` gets the number of target columns.
Index label_classes(const CsvSchema& schema, Index& targets) {
  Index classes = 0;
  for (const CsvColumn& column : schema.columns) {
    if (const auto* label = std::get_if<CsvClassLabel>(&column.kind)) classes = std::ssize(label->classes);
    if (std::holds_alternative<CsvTarget>(column.kind)) ++targets;
  }
  return classes;
}

Shape read_shape(const Section& data) {
  try {
    return Shape(data.whole_numbers("shape", kSize));
  } catch (const ShapeError& error) {
    data.problem("shape", error.what());
    return {};
  }
}

void check_shape(const Section& data, const Common& common, bool any_csv) {
  const Shape& shape = common.sample_shape;
  if (common.schema) {
    const Index features = std::ssize(csv_feature_names(*common.schema));
    if (data.states("shape") && shape != Shape{features}) {
      data.problem("shape", "is " + shape.to_text() + ", but the columns of table make " + Shape{features}.to_text() +
                                "; leave it out");
    }
  } else if (!data.states("shape")) {
    if (!any_csv) data.missing("shape", "the shape of one input, such as [28, 28, 1] for grey images of 28 x 28");
  } else if (common.dataset.layout == InputLayout::channels_first && shape.rank() != 3) {
    data.problem("shape", "is " + shape.to_text() + "; images with channels are [height, width, channels]");
  } else if (common.dataset.layout == InputLayout::grey_images && (shape.rank() != 3 || shape[2] != 1)) {
    data.problem("shape", "is " + shape.to_text() + "; grey images are [height, width, 1]");
  }
}

Index read_classes(const Section& data, const std::optional<CsvSchema>& schema) {
  constexpr WholeRange kClasses{2, Index{1} << 24};  // whole numbers are exact in float32 up to here
  const Index stated = data.states("classes") ? data.whole_number("classes", kClasses) : 0;
  if (!schema) return stated;
  Index targets = 0;
  const Index classes = label_classes(*schema, targets);
  if (classes == 0 && targets == 0) data.problem("table", "has nothing to predict; add a label or target column");
  if (stated != 0 && stated != classes) {
    data.problem("classes", "is " + std::to_string(stated) + ", but the label column of table has " +
                                std::to_string(classes) + "; leave it out");
  }
  return classes;
}

void check_table_fits(const Section& data, bool any_csv) {
  if (any_csv && !data.states("table")) {
    data.missing("table", "what the columns of the csv mean, table { column { ... } ... }");
  }
  if (!any_csv && data.states("table")) {
    data.problem("table", "is for csv files, and neither train nor test is one; leave it out");
  }
  if (any_csv && data.states("normalise")) {
    data.problem("normalise", "is not for csv, whose columns are scaled by their own bounds; leave it out");
  }
  if (any_csv && read_layout(data) != InputLayout::as_stored) {
    data.problem("layout", "is for images, not for csv; leave it out");
  }
}

Common read_common(const Section& data, bool any_csv) {
  Common common;
  check_table_fits(data, any_csv);
  if (data.states("table")) common.schema = read_table(data.block("table"));
  common.dataset.layout = read_layout(data);
  if (data.states("normalise")) common.dataset.scaling = read_normalise(data.block("normalise"));
  common.dataset.classes = read_classes(data, common.schema);
  common.sample_shape = read_shape(data);
  check_shape(data, common, any_csv);
  if (common.schema) common.sample_shape = {std::ssize(csv_feature_names(*common.schema))};
  return common;
}

std::string kind_of(const Section& data, const std::string& part) {
  return data.states(part) ? data.block(part).chosen("kind") : "";
}

void read_idx(const Section& files, const Common& common, DataOptions& options) {
  options.source = IdxSource{files.text("inputs"), files.text("labels")};
  options.label_shape = common.dataset.classes > 0 ? Shape{} : Shape{1};
}

void read_npy(const Section& files, const Common&, DataOptions& options) {
  options.source = NpySource{files.text("inputs"), files.text("labels")};
}

void read_csv(const Section& files, const Common& common, DataOptions& options) {
  options.source = CsvSource{files.text("file"), common.schema.value_or(CsvSchema{})};
  if (!common.schema) return;
  Index targets = 0;
  if (label_classes(*common.schema, targets) > 0) {
    options.label_shape = Shape{};  // an index
  } else if (targets > 0) {
    options.label_shape = Shape{targets};
  }
}

void read_hdf5(const Section& files, const Common&, DataOptions& options) {
  options.source = Hdf5Source{files.text("file"), files.text("inputs"), files.text("labels")};
}

using ReadSource = void (*)(const Section& files, const Common& common, DataOptions& options);

constexpr std::array kSources{
    Word<ReadSource>{"idx", read_idx},
    Word<ReadSource>{"csv", read_csv},
    Word<ReadSource>{"hdf5", read_hdf5},
    Word<ReadSource>{"npy", read_npy},
};

DataOptions read_source(const Section& source, const Common& common) {
  DataOptions options;
  options.dataset = common.dataset;
  options.sample_shape = common.sample_shape;
  const std::string word = source.required_choice("kind");
  const auto read = meaning_of(source, "kind", word, kSources);
  if (read) (*read)(source.block(word), common, options);
  return options;
}

}  // namespace

ExperimentData read_data(const Section& data) {
  const bool any_csv = kind_of(data, "train") == "csv" || kind_of(data, "test") == "csv";
  const Common common = read_common(data, any_csv);
  ExperimentData result;
  if (const auto train = data.required_block("train")) result.train = read_source(*train, common);
  if (data.states("test")) result.test = read_source(data.block("test"), common);
  return result;
}

}  // namespace dpml::config
