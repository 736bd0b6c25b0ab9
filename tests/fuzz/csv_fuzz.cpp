// A byte that chooses a schema, and any further bytes as the table: read, each sample with its own row and line, or
// refused with a FileError.

#include <vector>

#include "dpml/base/error.h"
#include "dpml/data/csv.h"
#include "fuzz_file.h"

namespace {

using dpml::fuzz::check;

dpml::CsvSchema schema_of(unsigned choice) {
  dpml::CsvSchema schema;
  schema.header = (choice & 1U) == 0;
  schema.separator = (choice & 2U) == 0 ? ',' : '\t';
  schema.missing_markers = {"?", ""};
  schema.on_missing = (choice & 4U) == 0   ? dpml::MissingValue::drop_row
                      : (choice & 8U) == 0 ? dpml::MissingValue::neutral
                                           : dpml::MissingValue::error;
  const auto unknown = (choice & 16U) == 0 ? dpml::UnknownValue::drop_row : dpml::UnknownValue::all_zero;
  schema.columns = {{"age", dpml::CsvNumeric{.lower = 0, .upper = 100}},
                    {"work", dpml::CsvCategorical{.values = {"a b", "c\"d", "e\nf"}, .unknown = unknown}},
                    {"id", dpml::CsvIgnored{}}};
  if ((choice & 32U) == 0) {
    schema.columns.push_back({"income", dpml::CsvClassLabel{.classes = {"no", "yes"}, .strip = "."}});
  } else {
    schema.columns.push_back({"y", dpml::CsvTarget{}});
    schema.columns.push_back({"z", dpml::CsvTarget{}});
  }
  return schema;
}

void read(const std::filesystem::path& path, const dpml::CsvSchema& schema, dpml::CsvColumns columns) {
  const dpml::CsvTable table = dpml::read_csv(path, schema, columns);
  const dpml::TensorDataset& data = table.dataset;
  const dpml::DataOrigin& origin = data.origin();
  check(std::ssize(origin.lines) == data.size() && origin.rows >= data.size());
  check(origin.row_of_sample.empty() ? origin.rows == data.size() || data.size() == 0
                                     : std::ssize(origin.row_of_sample) == data.size());
  for (dpml::Index i = 0; i < data.size(); ++i) {
    const auto place = static_cast<std::size_t>(i);
    check(i == 0 || origin.lines[place] > origin.lines[place - 1]);
    check(origin.row_of_sample.empty() || i == 0 || origin.row_of_sample[place] > origin.row_of_sample[place - 1]);
    dpml::Batch batch;
    data.read({&i, 1}, batch);
    for (const float number : batch.inputs.values()) check(number >= 0 && number <= 1);
    data.place_of(dpml::SamplePart::input, i, data.input_shape().size() - 1);
    if (batch.labels.size() > 0) data.place_of(dpml::SamplePart::label, i, batch.labels.size() - 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const dpml::CsvSchema schema = schema_of(data[0]);
  const std::filesystem::path path = dpml::fuzz::file_of(data + 1, size - 1);
  for (const dpml::CsvColumns columns :
       {dpml::CsvColumns::as_declared, dpml::CsvColumns::by_name, dpml::CsvColumns::inputs_by_name}) {
    try {
      read(path, schema, columns);
    } catch (const dpml::FileError&) {  // refused
    }
  }
  return 0;
}
