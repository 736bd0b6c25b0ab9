#include "dpml/config/parse_config.h"

#include <filesystem>

#include "canonical_text.h"
#include "check_fit.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config.pb.h"
#include "fill_message.h"
#include "overrides.h"
#include "readers.h"

namespace dpml {

namespace {

constexpr std::size_t kLongestText = std::size_t{16} << 20;  // bytes; a config is a few KiB

Experiment read_experiment(const config::Section& root) {
  Experiment experiment;
  if (!root.states("privacy"))
    root.missing("privacy", "what is promised, privacy { ... }; nothing in it has a default");
  experiment.privacy = config::read_privacy(root.block("privacy"), experiment.warnings);
  if (const auto data = root.required_block("data")) {
    config::ExperimentData read = config::read_data(*data);
    experiment.train = std::move(read.train);
    experiment.test = std::move(read.test);
  }
  if (const auto model = root.required_block("model")) experiment.model = config::read_model(*model);
  experiment.loss = config::read_loss(root);
  if (const auto optimizer = root.required_block("optimizer")) {
    experiment.optimizer = config::read_optimizer(*optimizer);
  }
  experiment.schedule = config::read_schedule(root.block("schedule"), experiment.privacy.steps);
  experiment.averaging = config::read_averaging(root.block("averaging"));
  experiment.runtime = config::read_runtime(root.block("runtime"));
  config::check_fit(root, experiment);
  return experiment;
}

}  // namespace

Experiment parse_config(const std::string& stated, const std::string& file_name,
                        std::span<const std::string> overrides) {
  if (is_utf16(stated)) throw ConfigError(file_name + ": is UTF-16 text; save it as UTF-8");
  const std::string text(without_byte_order_mark(stated));
  if (text.size() > kLongestText) throw ConfigError(file_name + ": is longer than 16 MiB; expected a config of dpml");
  config::Problems problems;
  config::Origins origins(file_name);
  schema::Experiment message;
  config::MessageFiller(origins, problems).fill(config::read_statements(text, origins, problems), "", message);
  for (const std::string& override : overrides) config::apply_override(override, message, origins, problems);
  config::resolve_paths(message, std::filesystem::path(file_name).parent_path().string(), origins);

  Experiment experiment = read_experiment(config::Section(message, "", origins, problems));
  problems.throw_if_any();
  config::fill_defaults(message);
  experiment.text = config::canonical_text(message);
  message.clear_runtime();
  experiment.text_without_runtime = config::canonical_text(message);
  return experiment;
}

}  // namespace dpml
