#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"
#include "dpml/layers/sequential.h"
#include "dpml/train/check_rows.h"
#include "dpml/train/evaluate.h"
#include "dpml/train/open_dataset.h"
#include "dpml/train/run.h"
#include "options.h"
#include "output.h"
#include "output_file.h"
#include "prediction_table.h"

// dpml predict: what does a model say about new samples?

namespace dpml::tools {

namespace {

struct Request {
  std::string run;
  std::string data;
  std::string out;
  bool logits = false;
  int threads = 0;
  bool json = false;
};

constexpr const char* kStandardOutput = "-";

void print_notices(const Request& request, const PredictionTable& table, const DataOrigin& origin) {
  std::ostream& to = request.out == kStandardOutput ? std::cerr : std::cout;
  to << counted(origin.rows - table.without_prediction, "prediction");
  if (request.out != kStandardOutput) to << " in " << request.out;
  if (table.without_prediction > 0) {
    to << "; " << counted(table.without_prediction, "row")
       << " without one: a value is missing, not listed or not finite";
  }
  to << "\n";
  const Index unused = std::ssize(origin.unused_columns);
  if (unused > 0) {
    to << counted(unused, "column") << " of " << request.data << (unused == 1 ? " is" : " are")
       << " not used: the config does not name " << (unused == 1 ? "it" : "them") << "\n";
  }
}

int predict(const Request& request) {
  const bool to_file = request.out != kStandardOutput;
  if (request.json && !to_file) throw ConfigError("--out -: prints the table, so leave --json out, or name a file");
  const LoadedModel loaded = load_model(model_file_of(request.run));
  const Experiment& experiment = loaded.experiment;
  std::filesystem::path out;
  if (to_file) {
    std::vector<std::filesystem::path> inputs = files_of_run(request.run, &experiment);
    inputs.emplace_back(request.data);
    out = output_path(request.out, kPredictions, inputs);
  }
  const auto data = open_inputs(experiment.train, request.data);
  check_inputs(*data, row_schema(*loaded.model, data->input_shape(), experiment.loss), request.threads);
  const Tensor outputs = dpml::predict(*loaded.model, *data, request.threads);
  const PredictionTable table = prediction_table(experiment, data->origin(), outputs, request.logits);
  if (to_file) {
    replace_file(out, table.text);
  } else {
    std::cout << table.text;
  }
  if (request.json) {
    print_json({{"count", data->origin().rows},
                {"without_prediction", table.without_prediction},
                {"unused_columns", std::ssize(data->origin().unused_columns)},
                {"out", request.out}});
  } else {
    print_notices(request, table, data->origin());
  }
  return 0;
}

}  // namespace

void add_predict_command(CLI::App& app, Action& action) {
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "predict",
      "What does a model say about new samples? Writes a CSV table with a line for each row of the file, in order: its "
      "number from 0, the class, and the probability of each class (or the numbers that a regression predicts). A row "
      "that the config drops, for a missing value, has nothing behind its number");
  command->add_option("DIR", request->run, "run folder or model.h5")->required();
  command
      ->add_option(
          "--data", request->data,
          "file of inputs, of the kind the config trained on (IDX, CSV, HDF5, npy). Columns of a CSV are found by "
          "the names in its header; it needs no label, and further columns are not used")
      ->required()
      ->type_name("FILE");
  command
      ->add_option(
          "--out", request->out,
          "CSV file to write, - for standard output; never one that is read, or of another kind, nor inside the "
          "folder of a run")
      ->required()
      ->type_name("FILE");
  command->add_flag("--logits", request->logits, "raw outputs of the model instead of probabilities");
  add_threads_option(*command, request->threads);
  command->add_flag("--json", request->json, "answer in JSON: count of rows, without_prediction, unused_columns, out");
  command->callback([request, &action] { action = [request] { return predict(*request); }; });
}

}  // namespace dpml::tools
