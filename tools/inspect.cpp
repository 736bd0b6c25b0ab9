#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/base/text.h"
#include "dpml/io/arrays.h"
#include "dpml/io/model_file.h"
#include "dpml/train/run.h"
#include "model_argument.h"
#include "output.h"

// dpml inspect: what is in a file?

namespace dpml::tools {

namespace {

Json json_of(const StoredModel& stored) {
  const ModelFile& model = stored.model;
  Json json = {{"steps", model.steps}, {"unit", model.unit}, {"dpml_version", model.dpml_version}};
  json.update(json_guarantee(model.claim));
  json["noise_key"] = model.noise_key;
  json["record"] = stored.stored.record;
  json["ledger"] = Json::array();
  for (const LedgerEntry& entry : model.ledger.entries()) {
    json["ledger"].push_back({{"event", to_text(entry.event)}, {"count", entry.count}});
  }
  json["weights"] = Json::array();
  for (const NamedTensor& weight : model.weights) {
    json["weights"].push_back(
        {{"name", weight.name},
         {"shape", std::vector<Index>(weight.value.shape().axes().begin(), weight.value.shape().axes().end())}});
  }
  json["config"] = model.config;
  return json;
}

void print_model(const StoredModel& stored) {
  const ModelFile& model = stored.model;
  print_rows({{"guarantee", guarantee_text(model.claim)},
              {"unit", model.unit},
              {"steps", group_digits(model.steps)},
              {"noise key", model.noise_key},
              {"record", stored.stored.record}});
  std::cout << "\nledger\n";
  for (const LedgerEntry& entry : model.ledger.entries()) {
    std::cout << "  " << group_digits(entry.count) << " x " << to_text(entry.event) << "\n";
  }
  Index parameters = 0;
  std::cout << "\nweights" << (model.averaged ? " (averaged)" : "") << "\n";
  for (const NamedTensor& weight : model.weights) {
    std::cout << "  " << weight.name << " " << weight.value.shape().to_text() << "\n";
    parameters += weight.value.size();
  }
  std::cout << "  " << group_digits(parameters) << " parameters\n";
  for (const std::string& note : model.notes) std::cout << "\n" << note << "\n";
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& action) {
  struct Request {
    std::string path;
    bool json = false;
  };
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "inspect",
      "What is in a run folder or HDF5 file? Parameters, ledger and guarantee of a model, the tree of any other file");
  command->add_option("PATH", request->path, "run folder, model.h5 or any HDF5 file")->required();
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] {
    action = [request] {
      const std::filesystem::path file = model_file_of(request->path);
      const std::string tree = hdf5_tree(file);
      if (tree.find("dpml model") == std::string::npos) {
        if (request->json) {
          print_json({{"tree", tree}});
        } else {
          std::cout << tree;
        }
        return 0;
      }
      const StoredModel stored = read_stored_model(file);
      if (request->json) {
        print_json(json_of(stored));
        return 0;
      }
      print_model(stored);
      std::cout << "\n" << tree;
      return 0;
    };
  });
}

}  // namespace dpml::tools
