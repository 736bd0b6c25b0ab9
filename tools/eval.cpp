#include <cstdio>
#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/layers/sequential.h"
#include "dpml/train/evaluate.h"
#include "dpml/train/open_dataset.h"
#include "dpml/train/run.h"
#include "model_argument.h"
#include "output.h"

// dpml eval: how good is a model?

namespace dpml::tools {

std::filesystem::path model_file_of(const std::string& run) {
  return std::filesystem::is_directory(run) ? RunFolder{run}.model() : std::filesystem::path(run);
}

void add_eval_command(CLI::App& app, Action& action) {
  struct Request {
    std::string run;
    std::string split = "test";
    int threads = 0;
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "eval",
      "How good is a model on the data of its config? On private people the answer is private: no guarantee covers it");
  command->add_option("DIR", request->run, "run folder or model.h5")->required();
  command->add_option("--split", request->split, "test or train")
      ->check(CLI::IsMember({"test", "train"}))
      ->capture_default_str();
  command->add_option("--threads", request->threads, "0 for all cores")->check(CLI::Range(0, 4096));
  command->add_flag("--json", request->json, "answer in JSON: accuracy, loss, count");
  command->callback([request, &action] {
    action = [request] {
      const LoadedModel loaded = load_model(model_file_of(request->run));
      const bool on_train = request->split == "train";
      if (!on_train && !loaded.experiment.test) {
        throw ConfigError(request->run + ": its config names no test data; try --split train");
      }
      const auto data = open_dataset(on_train ? loaded.experiment.train : *loaded.experiment.test);
      const Evaluation evaluation = evaluate(*loaded.model, *data, loaded.experiment.loss, request->threads);
      const char* caveat = "If these samples are private people, so are these figures: no guarantee covers them.";
      if (request->json) {
        Json json = {{"split", request->split}, {"count", evaluation.count}, {"loss", json_number(evaluation.loss)}};
        if (evaluation.accuracy) json["accuracy"] = *evaluation.accuracy;
        json["note"] = caveat;
        print_json(json);
        return 0;
      }
      if (evaluation.accuracy) {
        std::printf("accuracy  %.2f %%\n", 100 * *evaluation.accuracy);
        std::fflush(stdout);
      }
      std::cout << "loss      " << to_text(evaluation.loss) << "\ncount     " << group_digits(evaluation.count) << "\n"
                << caveat << "\n";
      return 0;
    };
  });
}

}  // namespace dpml::tools
