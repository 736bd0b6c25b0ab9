#include <cstdio>
#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/layers/sequential.h"
#include "dpml/train/check_rows.h"
#include "dpml/train/evaluate.h"
#include "dpml/train/open_dataset.h"
#include "dpml/train/run.h"
#include "options.h"
#include "output.h"

// dpml eval: how good is a model?

namespace dpml::tools {

namespace {

struct Request {
  std::string run;
  std::string split = "test";
  std::vector<std::string> files;
  int threads = 0;
  bool json = false;
};

std::unique_ptr<TensorDataset> open_data(const Request& request, const Experiment& experiment) {
  if (!request.files.empty()) {
    const std::vector<std::filesystem::path> files(request.files.begin(), request.files.end());
    return open_dataset(experiment.train, files);
  }
  const bool on_train = request.split == "train";
  if (!on_train && !experiment.test) {
    throw ConfigError(request.run + ": its config names no test data; try --split train, or --data with a file");
  }
  return open_dataset(on_train ? experiment.train : *experiment.test);
}

int evaluate(const Request& request) {
  const LoadedModel loaded = load_model(model_file_of(request.run));
  const auto data = open_data(request, loaded.experiment);
  const RowSchema schema = row_schema(*loaded.model, data->input_shape(), loaded.experiment.loss);
  require_usable_rows(check_rows(*data, schema, request.threads), data->origin().inputs);
  const Evaluation evaluation = dpml::evaluate(*loaded.model, *data, loaded.experiment.loss, request.threads);
  const Index dropped = data->origin().rows - data->size();
  const char* caveat = "If these samples are private people, so are these figures: no guarantee covers them.";
  if (request.json) {
    Json json;
    if (request.files.empty()) {
      json["split"] = request.split;
    } else {
      json["data"] = request.files;
    }
    json["count"] = evaluation.count;
    json["dropped_rows"] = dropped;
    json["without_finite_loss"] = evaluation.not_finite;
    json["loss"] = json_number(evaluation.loss);
    if (evaluation.accuracy) json["accuracy"] = *evaluation.accuracy;
    json["note"] = caveat;
    print_json(json);
    return 0;
  }
  if (evaluation.accuracy) {
    std::printf("accuracy  %.2f %%\n", 100 * *evaluation.accuracy);
    std::fflush(stdout);
  }
  std::cout << "loss      " << to_text(evaluation.loss) << "\ncount     " << group_digits(evaluation.count) << "\n";
  if (dropped > 0) std::cout << "dropped   " << counted(dropped, "further row") << ", as the config says\n";
  if (evaluation.not_finite > 0) {
    std::cout << "no loss   " << counted(evaluation.not_finite, "sample")
              << " whose loss is not finite, left out of the mean\n";
  }
  std::cout << caveat << "\n";
  return 0;
}

}  // namespace

void add_eval_command(CLI::App& app, Action& action) {
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "eval",
      "How good is a model, on the data of its config or on a file of your own? On private people the "
      "answer is private: no guarantee covers it");
  command->add_option("DIR", request->run, "run folder or model.h5")->required();
  CLI::Option* split = command->add_option("--split", request->split, "test or train, of the config's data")
                           ->check(CLI::IsMember({"test", "train"}))
                           ->capture_default_str();
  command
      ->add_option(
          "--data", request->files,
          "a file of your own with inputs and labels, of the kind the config trained on: one CSV or HDF5 file, or "
          "two files of IDX or npy, inputs and labels. Columns of a CSV are found by the names in its header")
      ->expected(1, 2)
      ->excludes(split)
      ->type_name("FILE...");
  add_threads_option(*command, request->threads);
  command->add_flag("--json", request->json,
                    "answer in JSON: accuracy, loss, count, dropped_rows, without_finite_loss");
  command->callback([request, &action] { action = [request] { return evaluate(*request); }; });
}

}  // namespace dpml::tools
