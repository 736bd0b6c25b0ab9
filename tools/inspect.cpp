#include <iostream>
#include <memory>

#include "commands.h"
#include "config_file.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"
#include "dpml/config/model_picture.h"
#include "dpml/io/arrays.h"
#include "dpml/io/model_file.h"
#include "dpml/train/run.h"
#include "dpml/train/weights.h"
#include "outline.h"
#include "output.h"
#include "output_file.h"

// dpml inspect: what is in a file, or in the model of a config?

namespace dpml::tools {

namespace {

/// A file that says it is a model of dpml is read as one, strictly.
bool is_model_file(const std::string& tree) {
  return tree.find("\n  @format = \"dpml model\"\n") != std::string::npos;
}

Json json_of(const Ledger& ledger) {
  Json json = Json::array();
  for (const LedgerEntry& entry : ledger.entries()) {
    json.push_back({{"event", to_text(entry.event)}, {"count", entry.count}});
  }
  return json;
}

Json json_of(const EarlierRun& run) {
  return {{"record", printable(run.record)},
          {"unit", printable(run.unit)},
          {"initial_weights", to_text(run.initial_weights)},
          {"fixed_in_advance", run.fixed_in_advance},
          {"ledger", json_of(run.charged)}};
}

Json json_of(const StoredModel& stored) {
  const ModelFile& model = stored.model;
  Json json = {{"format_version", model.format_version},
               {"steps", model.steps},
               {"unit", printable(model.unit)},
               {"dpml_version", model.dpml_version}};
  if (model.format_version > 1) {
    json["planned"] = model.planned;
    json["ending"] = to_text(model.ending);
  }
  json.update(json_guarantee(model.claim));
  json["noise_key"] = to_text(model.noise_key);
  json["initial_weights"] = to_text(model.initial_weights);
  json["initial_model"] = printable(model.initial_model);
  json["record"] = printable(stored.stored.record);
  json["ledger"] = json_of(model.ledger);
  json["earlier_runs"] = Json::array();
  for (const EarlierRun& run : model.earlier_runs) json["earlier_runs"].push_back(json_of(run));
  if (!model.claims_of_others.empty()) json["claims_of_others"] = json_claims(model.claims_of_others);
  json["weights"] = Json::array();
  for (const NamedTensor& weight : model.weights) {
    json["weights"].push_back(
        {{"name", printable(weight.name)},
         {"shape", std::vector<Index>(weight.value.shape().axes().begin(), weight.value.shape().axes().end())}});
  }
  json["config"] = model.config;
  return json;
}

void print_ledger(const Ledger& ledger, const std::string& title) {
  std::cout << "\n" << title << "\n";
  for (const LedgerEntry& entry : ledger.entries()) {
    std::cout << "  " << group_digits(entry.count) << " x " << to_text(entry.event) << "\n";
  }
}

void print_model(const StoredModel& stored) {
  const ModelFile& model = stored.model;
  print_rows({{"guarantee", guarantee_text(model.claim)},
              {"unit", model.unit},
              {"steps", group_digits(model.steps)},
              {"ending", model.format_version > 1 ? to_text(model.ending) : "not told in version 1 of the format"},
              {"noise key", to_text(model.noise_key)},
              {"initial weights", to_text(model.initial_weights)},
              {"record", stored.stored.record}});
  print_claims_of_others(model.claims_of_others);
  for (const EarlierRun& run : model.earlier_runs) {
    print_ledger(run.charged, "ledger of an earlier run (record " + printable(run.record.substr(0, 12)) + "...)");
  }
  print_ledger(model.ledger, "ledger");
  Index parameters = 0;
  std::cout << "\nweights" << (model.averaged ? " (averaged)" : "") << "\n";
  for (const NamedTensor& weight : model.weights) {
    std::cout << "  " << printable(weight.name) << " " << weight.value.shape().to_text() << "\n";
    parameters += weight.value.size();
  }
  std::cout << "  " << counted(parameters, "parameter") << "\n";
  for (const std::string& note : model.notes) std::cout << "\nnote in the file: " << printable(note) << "\n";
}

struct Request {
  std::string path;
  std::vector<std::string> overrides;
  std::string svg;
  bool json = false;
};

int inspect_config(const Request& request) {
  const Experiment experiment = read_config_file(request.path, request.overrides);
  const ModelOutline outline = model_outline(experiment.model, experiment.train.sample_shape);
  Json answer = request.json ? json_outline(outline) : Json();
  if (!request.svg.empty()) {
    replace_file(output_path(request.svg, kPicture, files_of_config(request.path, experiment)), model_picture(outline));
    answer["svg"] = printable(request.svg);
  }
  if (request.json) {
    print_json(answer);
    return 0;
  }
  print_outline(outline);
  if (!request.svg.empty()) std::cout << "picture in " << printable(request.svg) << "\n";
  return 0;
}

int inspect_file(const Request& request) {
  if (!request.svg.empty() || !request.overrides.empty()) {
    throw ConfigError(request.path +
                      ": is no config, and --svg and --set are for configs; state one, or leave them out");
  }
  const std::filesystem::path file = model_file_of(request.path);
  const std::string tree = hdf5_tree(file);
  if (!is_model_file(tree)) {
    if (request.json) {
      print_json({{"tree", tree}});
    } else {
      std::cout << tree;
    }
    return 0;
  }
  const StoredModel stored = read_stored_model(file, require_believable_weights);
  if (request.json) {
    print_json(json_of(stored));
    return 0;
  }
  print_model(stored);
  std::cout << "\n" << tree;
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& action) {
  auto request = std::make_shared<Request>();
  CLI::App* command =
      app.add_subcommand("inspect",
                         "What is in a config, run folder or HDF5 file? The layers of a config's model with shapes and "
                         "parameters, without "
                         "touching the data; parameters, ledger and guarantee of a run; the tree of any other file");
  command
      ->add_option("PATH", request->path,
                   "config (.txtpb, or a text with a model { ... }), run folder, model.h5 or any HDF5 file")
      ->required();
  command
      ->add_option("--set", request->overrides,
                   "replace a field of the config: model.layer[0].linear.out=64 (repeatable)")
      ->type_name("PATH=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--svg", request->svg, "draw the config's model: boxes, frames around layers inside others, lines")
      ->type_name("FILE");
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] {
    action = [request] { return is_config_file(request->path) ? inspect_config(*request) : inspect_file(*request); };
  });
}

}  // namespace dpml::tools
