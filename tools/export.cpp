#include "dpml/train/export.h"

#include <iostream>
#include <memory>
#include <optional>

#include "commands.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"
#include "dpml/config/parse_config.h"
#include "dpml/io/weight_writers.h"
#include "dpml/train/run.h"
#include "dpml/train/weights.h"
#include "output.h"
#include "output_file.h"

// dpml export: a model for other programs.

namespace dpml::tools {

namespace {

struct Request {
  std::string run;
  std::string safetensors;
  std::string npz;
  std::string onnx;
  bool json = false;
};

/// A file to write, checked before any is written.
struct Output {
  const char* format;
  const std::string& stated;
  const OutputKind& kind;
  std::filesystem::path path;
};

void write(const Output& output, const ModelFile& model, const std::vector<NamedTensor>& weights,
           const std::string& onnx) {
  std::vector<std::pair<std::string, std::string>> metadata = guarantee_metadata(model);
  if (&output.kind == &kOnnx) return replace_file(output.path, onnx);
  if (&output.kind == &kNpz) return write_npz(output.path, weights, metadata);
  metadata.emplace_back("format", "pt");  // what transformers wants to read, PyTorch's names and shapes
  write_safetensors(output.path, weights, metadata);
}

/// The data that the config names, where a config describes the model.
std::optional<Experiment> stored_experiment(const ModelFile& model, const std::filesystem::path& file) {
  Experiment experiment = parse_stored_config(model.config, file.string() + ": config", model.format_version);
  if (experiment.program) return std::nullopt;
  return experiment;
}

int export_model(const Request& request) {
  std::vector<Output> outputs;
  for (const Output& output : {Output{"safetensors", request.safetensors, kSafetensors, {}},
                               Output{"npz", request.npz, kNpz, {}}, Output{"onnx", request.onnx, kOnnx, {}}}) {
    if (!output.stated.empty()) outputs.push_back(output);
  }
  if (outputs.empty()) throw ConfigError("nothing to write is stated: state --safetensors, --npz or --onnx");
  const std::filesystem::path file = model_file_of(request.run);
  const ModelFile model = read_model_file(file, require_believable_weights);
  const std::optional<Experiment> experiment = stored_experiment(model, file);
  const std::vector<std::filesystem::path> inputs = files_of_run(request.run, experiment ? &*experiment : nullptr);
  for (Output& output : outputs) {
    output.path = output_path(output.stated, output.kind, inputs);
    for (const Output& other : outputs) {
      if (&other != &output && other.path == output.path) {
        throw ConfigError(output.stated + ": is stated for two formats; write to two files");
      }
    }
  }
  const std::vector<NamedTensor> weights = experiment ? merged_weights(model, *experiment) : model.weights;
  const std::string onnx = request.onnx.empty() ? "" : onnx_of(model, file);
  Json answer = json_guarantee(model.claim);
  answer["unit"] = printable(model.unit);
  answer["record"] = digests_of(model).record;
  if (!model.claims_of_others.empty()) answer["claims_of_others"] = json_claims(model.claims_of_others);
  for (const Output& output : outputs) {
    write(output, model, weights, onnx);
    answer["files"][output.format] = output.stated;
    if (!request.json) std::cout << output.format << " in " << printable(output.stated) << "\n";
  }
  if (request.json) {
    print_json(answer);
    return 0;
  }
  std::cout << "  guarantee  " << guarantee_text(model.claim) << "; unit: " << printable(model.unit) << "\n";
  print_claims_of_others(model.claims_of_others);
  return 0;
}

}  // namespace

void add_export_command(CLI::App& app, Action& action) {
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "export",
      "A model for other programs: its weights under PyTorch's names and shapes, or the whole model as ONNX. Each file "
      "says what is claimed of it and the record digest of model.h5, which alone holds what the claim rests on. Files "
      "are written whole or not at all; never one that is read, or of another kind, nor inside the folder of a run");
  command->add_option("RUN", request->run, "run folder or model.h5")->required();
  command
      ->add_option("--safetensors", request->safetensors,
                   "the weights, float32, the guarantee in __metadata__: safetensors.torch.load_file(FILE)")
      ->type_name("FILE");
  command
      ->add_option("--npz", request->npz,
                   "the weights as NumPy's archive, the guarantee as a text dpml_guarantee: numpy.load(FILE)")
      ->type_name("FILE");
  command
      ->add_option("--onnx", request->onnx,
                   "the model for opset 17: \"input\" is what the data files hold, [N, ...] with channels last, "
                   "\"output\" the logits or numbers")
      ->type_name("FILE");
  command->add_flag("--json", request->json, "answer in JSON: the guarantee, unit, record, files");
  command->callback([request, &action] { action = [request] { return export_model(*request); }; });
}

}  // namespace dpml::tools
