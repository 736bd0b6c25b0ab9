#include <fstream>
#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"
#include "dpml/layers/sequential.h"
#include "dpml/train/evaluate.h"
#include "dpml/train/open_dataset.h"
#include "dpml/train/run.h"
#include "model_argument.h"
#include "output.h"

// dpml predict: what does a model say about new samples?

namespace dpml::tools {

namespace {

/// One row for each sample: the class where there are classes, then the raw outputs.
std::string predictions_table(Loss loss, const Tensor& outputs) {
  const bool has_classes = loss != Loss::mean_squared_error;
  const Index samples = outputs.axis(0);
  const Index numbers = outputs.shape().without_front().size();
  const Tensor classes = has_classes ? predicted_classes(loss, outputs) : Tensor();
  const Index classes_per_sample = has_classes && samples > 0 ? classes.size() / samples : 1;
  std::string text;
  if (has_classes) {
    for (Index t = 0; t < classes_per_sample; ++t) {
      text += (t > 0 ? ",class" : "class") + (classes_per_sample > 1 ? "_" + std::to_string(t) : std::string());
    }
  }
  for (Index k = 0; k < numbers; ++k) text += (text.empty() ? "output_" : ",output_") + std::to_string(k);
  text += "\n";
  for (Index i = 0; i < samples; ++i) {
    std::string row;
    for (Index t = 0; has_classes && t < classes_per_sample; ++t) {
      row += (row.empty() ? "" : ",") + std::to_string(static_cast<Index>(classes.data()[i * classes_per_sample + t]));
    }
    for (Index k = 0; k < numbers; ++k) {
      row += (row.empty() ? "" : ",") + to_text(static_cast<double>(outputs.data()[i * numbers + k]));
    }
    text += row + "\n";
  }
  return text;
}

}  // namespace

void add_predict_command(CLI::App& app, Action& action) {
  struct Request {
    std::string run;
    std::string data;
    std::string out;
    int threads = 0;
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "predict", "What does a model say about new samples? Writes a CSV table, a row for each sample");
  command->add_option("DIR", request->run, "run folder or model.h5")->required();
  command
      ->add_option("--data", request->data, "file of inputs, of the kind the config trained on (IDX, CSV, HDF5, npy)")
      ->required()
      ->type_name("FILE");
  command->add_option("--out", request->out, "CSV file to write: class, then the raw outputs")
      ->required()
      ->type_name("FILE");
  command->add_option("--threads", request->threads, "0 for all cores")->check(CLI::Range(0, 4096));
  command->add_flag("--json", request->json, "answer in JSON: count, out");
  command->callback([request, &action] {
    action = [request] {
      const LoadedModel loaded = load_model(model_file_of(request->run));
      const auto data = open_inputs(loaded.experiment.train, request->data);
      const Tensor outputs = predict(*loaded.model, *data, request->threads);
      replace_file(request->out, predictions_table(loaded.experiment.loss, outputs));
      if (request->json) {
        print_json({{"count", data->size()}, {"out", request->out}});
      } else {
        std::cout << group_digits(data->size()) << " predictions in " << request->out << "\n";
      }
      return 0;
    };
  });
}

}  // namespace dpml::tools
