#include "dpml/train/initial_model.h"

#include <algorithm>
#include <optional>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config/model_sizes.h"
#include "dpml/io/foreign_weights.h"
#include "dpml/io/model_file.h"
#include "dpml/train/claim.h"
#include "dpml/train/run.h"
#include "dpml/train/weights.h"

namespace dpml {

namespace {

/// A model file that dpml wrote; nothing for any other file, with the reason in `why`.
std::optional<ModelFile> read_own(const std::filesystem::path& file, std::string& why) {
  try {
    return read_model_file(file, require_believable_weights);
  } catch (const FileError& error) {
    why = error.what();
    return std::nullopt;
  }
}

/// The weights of the model that are looked for in the file. Throws ConfigError for a pattern of fresh ones that fits
/// none, and where nothing is looked for.
std::vector<NamedShape> wanted_by(const Experiment& experiment) {
  const std::vector<std::string>& patterns = experiment.runtime.initial_fresh;
  std::vector<bool> fits(patterns.size(), false);
  std::vector<NamedShape> wanted;
  for (const WeightSize& weight : model_sizes(experiment.model, experiment.train.sample_shape).weights) {
    bool is_fresh = false;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (!match_name(patterns[i], weight.name)) continue;
      fits[i] = true;
      is_fresh = true;
    }
    if (!is_fresh) wanted.push_back({weight.name, weight.shape});
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (fits[i]) continue;
    throw ConfigError("runtime.initial_names.fresh: no weight of the model fits \"" + printable(patterns[i]) +
                      "\"; dpml inspect CONFIG shows the layers that begin them");
  }
  if (wanted.empty()) {
    throw ConfigError("runtime.initial_names.fresh: fits every weight, so nothing would be read from " +
                      printable(experiment.runtime.initial_model->string()) + "; leave initial_model out");
  }
  return wanted;
}

std::string not_used(const FoundWeights& found) {
  if (found.unused.empty()) return "";
  const std::uint64_t more = found.unused_count - std::min<std::uint64_t>(found.unused_count, found.unused.size());
  std::vector<std::string> names = found.unused;
  if (more > 0) names.push_back(group_digits(more) + " more");
  return "not used: " + list_words(names, " and ");
}

/// Others' people, of whom nothing is known but that they are not those of this run.
EarlierRun unknown_run(const PrivacyOptions& privacy) {
  Ledger nothing_holds(privacy.neighbours);
  nothing_holds.append(NonPrivate{});
  return {.record = "",
          .unit = "not known",
          .accountant = privacy.accountant,
          .delta = privacy.delta,
          .initial_weights = InitialWeights::unknown,
          .fixed_in_advance = false,
          .charged = std::move(nothing_holds)};
}

std::vector<EarlierRun> carried(const PrivacyOptions& privacy, const std::optional<ModelFile>& own,
                                const std::string& why) {
  switch (privacy.initial_weights.value_or(InitialWeights::unknown)) {
    case InitialWeights::random:
    case InitialWeights::public_data:
    case InitialWeights::unknown:
      return {};
    case InitialWeights::disjoint_people:
      return own ? earlier_runs_of(*own) : std::vector<EarlierRun>{unknown_run(privacy)};
    case InitialWeights::same_people:
      if (own) return earlier_runs_of(*own);
      throw ConfigError(
          "privacy.initial_weights is SAME_PEOPLE, so the ledger of the run before is needed, which only "
          "a model.h5 has that dpml wrote: " +
          why + ". Leave initial_weights out to train without a claim");
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

/// A plan that was fixed before the first run began was not, when one between them was made on the way.
void require_fixed(const PrivacyOptions& privacy, const std::vector<EarlierRun>& runs) {
  if (!privacy.plans_fixed_in_advance) return;
  for (const EarlierRun& run : runs) {
    if (!claims_with_earlier_runs(run.initial_weights) || run.fixed_in_advance) continue;
    throw ConfigError("privacy.plans_fixed_in_advance is stated, but a run before this one (record " +
                      run.record.substr(0, 12) + "...) does not state it of itself and the runs before it");
  }
}

}  // namespace

InitialModel read_initial_model(const Experiment& experiment) {
  if (!experiment.runtime.initial_model) return {};
  const std::filesystem::path file = model_file_of(*experiment.runtime.initial_model);
  std::string why;
  std::optional<ModelFile> own = read_own(file, why);
  InitialModel initial{.weights = {},
                       .record = own ? digests_of(*own).record : "",
                       .not_used = "",
                       .has_ledger = own && own->ledger.releases() > 0,
                       .earlier_runs = carried(experiment.privacy, own, why)};
  require_fixed(experiment.privacy, initial.earlier_runs);
  const std::vector<NamedShape> wanted = wanted_by(experiment);
  const std::vector<NameRule>& rules = experiment.runtime.initial_renames;
  FoundWeights found =
      own ? choose_weights(file, own->weights, wanted, rules) : read_foreign_weights(file, wanted, rules);
  initial.not_used = not_used(found);
  initial.weights = std::move(found.weights);
  return initial;
}

PrivacyOptions with_earlier_runs(const Experiment& experiment) {
  PrivacyOptions options = experiment.privacy;
  if (!experiment.runtime.initial_model || !carries_earlier_runs(*options.initial_weights)) return options;
  std::string why;
  const std::optional<ModelFile> own = read_own(model_file_of(*experiment.runtime.initial_model), why);
  options.earlier_runs = carried(options, own, why);
  require_fixed(options, options.earlier_runs);
  return options;
}

}  // namespace dpml
