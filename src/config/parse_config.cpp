#include "dpml/config/parse_config.h"

#include <algorithm>
#include <filesystem>

#include "canonical_text.h"
#include "check_fit.h"
#include "constants.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config.pb.h"
#include "fill_message.h"
#include "overrides.h"
#include "readers.h"

namespace dpml {

namespace {

// In bytes; a config is a few KiB. What is read takes some hundred times as much memory.
constexpr std::size_t kLongestStored = 2 * kLongestConfig;  // with all defaults written out

/// Text that is no text is told before anything is made of it.
void require_text(const std::string& text, const std::string& file_name, std::size_t longest) {
  if (text.size() > longest) {
    throw ConfigError(file_name + ": is longer than " + format_bytes(longest) + "; expected a config of dpml");
  }
  const std::size_t place = std::min(text.find('\0'), first_invalid_utf8(text).value_or(std::string::npos));
  if (place == std::string::npos) return;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place), '\n');
  throw ConfigError(file_name + ":" + std::to_string(line) + ": " + printable(text.substr(place, 1)) +
                    (text[place] == '\0' ? " is no text; expected a config of dpml"
                                         : " is no UTF-8; save the file in that encoding"));
}

/// A program knows its data and model itself.
void read_program(const config::Section& root, Experiment& experiment) {
  experiment.program = root.block("program").text("name");
  for (const char* block : {"data", "model"}) {
    if (root.states(block)) root.problem(block, "stands beside program, which says that no config describes it");
  }
}

void read_data_and_model(const config::Section& root, Experiment& experiment) {
  if (const auto data = root.required_block("data")) {
    config::ExperimentData read = config::read_data(*data);
    experiment.train = std::move(read.train);
    experiment.test = std::move(read.test);
  }
  if (const auto model = root.required_block("model")) experiment.model = config::read_model(*model);
}

Experiment read_experiment(const config::Section& root) {
  Experiment experiment;
  if (!root.states("privacy"))
    root.missing("privacy", "what is promised, privacy { ... }; nothing in it has a default");
  experiment.privacy = config::read_privacy(root.block("privacy"), experiment.warnings);
  if (root.states("program")) {
    read_program(root, experiment);
  } else {
    read_data_and_model(root, experiment);
  }
  experiment.loss = config::read_loss(root);
  if (const auto optimizer = root.required_block("optimizer")) {
    experiment.optimizer = config::read_optimizer(*optimizer);
  }
  experiment.schedule = config::read_schedule(root.block("schedule"), experiment.privacy.steps);
  experiment.averaging = config::read_averaging(root.block("averaging"));
  experiment.runtime = config::read_runtime(root.block("runtime"));
  config::read_initial_weights(root, experiment);
  if (!experiment.program) config::check_fit(root, experiment);
  return experiment;
}

/// All of the config but how the work is done.
std::string text_to_resume(schema::Experiment message) {
  schema::Runtime beginning;
  if (message.runtime().has_initial_model()) beginning.set_initial_model(message.runtime().initial_model());
  if (message.runtime().has_initial_names()) *beginning.mutable_initial_names() = message.runtime().initial_names();
  message.clear_runtime();
  if (beginning.has_initial_model()) *message.mutable_runtime() = beginning;
  return config::canonical_text(message);
}

Experiment parse(const std::string& stated, const std::string& file_name, std::span<const std::string> overrides,
                 std::uint64_t version, std::size_t longest) {
  if (is_utf16(stated)) throw ConfigError(file_name + ": is UTF-16 text; save it as UTF-8");
  const std::string text(without_byte_order_mark(stated));
  require_text(text, file_name, longest);
  config::Problems problems;
  config::Origins origins(file_name);
  schema::Experiment message;
  std::vector<config::Statement> statements = config::read_statements(text, origins, problems);
  const std::vector<std::string> fields = config::replace_constants(statements, overrides, origins, problems);
  config::MessageFiller(origins, problems, version).fill(statements, "", message);
  for (const std::string& override : fields) config::apply_override(override, message, origins, problems);
  config::resolve_paths(message, std::filesystem::path(file_name).parent_path().string(), origins, problems);

  Experiment experiment = read_experiment(config::Section(message, "", origins, problems));
  problems.throw_if_any();
  config::fill_defaults(message);
  experiment.text = config::canonical_text(message);
  if (experiment.text.size() > kLongestStored) {
    throw ConfigError(file_name + ": is longer than " + format_bytes(kLongestStored) +
                      " with all its defaults, as it would stand in model.h5; make it shorter");
  }
  experiment.text_to_resume = text_to_resume(std::move(message));
  return experiment;
}

/// The first line, from 1, in which they differ.
std::ptrdiff_t first_difference(const std::string& a, const std::string& b) {
  const auto place = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return 1 + std::count(a.begin(), place, '\n');
}

}  // namespace

Experiment parse_config(const std::string& text, const std::string& file_name, std::span<const std::string> overrides) {
  Experiment experiment = parse(text, file_name, overrides, config::kNewestVersion, kLongestConfig);
  if (!experiment.program) return experiment;
  throw ConfigError(file_name +
                    ": program: stands only in the model.h5 of a program that embeds dpml, which knows data and model "
                    "itself; state data { ... } and model { ... }");
}

Experiment parse_stored_config(const std::string& text, const std::string& file_name, std::uint64_t format_version) {
  Experiment experiment = parse(text, file_name, {}, format_version, kLongestStored);
  if (experiment.text == text) return experiment;
  throw ConfigError(file_name + ":" + std::to_string(first_difference(text, experiment.text)) +
                    ": is not in the canonical form in which dpml stores a config, from this line on");
}

}  // namespace dpml
