#include "dpml/audit/spent.h"

#include <algorithm>
#include <map>
#include <optional>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/io/model_file.h"
#include "dpml/train/claim.h"
#include "dpml/train/run.h"
#include "dpml/train/weights.h"

namespace dpml {

namespace {

/// Sums up one run after the other.
class Sum {
 public:
  void add(const std::string& path) {
    const ModelFile model = read_model_file(path, require_believable_weights);
    if (!unit_.empty() && model.unit != unit_) {
      throw ConfigError(path + ": protects \"" + printable(model.unit) + "\", but \"" + printable(unit_) +
                        "\" came before; runs about different units have no epsilon in common");
    }
    unit_ = model.unit;
    if (!whole_) whole_ = Spent{Ledger(model.ledger.neighbours()), {}};
    std::vector<EarlierRun> runs = earlier_runs_of(model);
    // Those on other people are no part of this sum.
    if (!claims_with_earlier_runs(model.initial_weights)) runs.erase(runs.begin(), runs.end() - 1);
    for (const EarlierRun& run : runs) {
      if (is_new(run)) append_ledger(run.charged, path, whole_->ledger);
    }
    tell(path, model);
  }

  Spent spent() && {
    whole_->notes.push_back("All of this is assumed to be about the same data and the same unit (" + printable(unit_) +
                            ").");
    if (charged_.size() > 1) {
      whole_->notes.push_back(
          "The runs are taken for one schedule that was fixed before the first of them began; where a later plan was "
          "chosen after looking at an earlier model, only a chain of runs that says so is accounted for that.");
    }
    return std::move(*whole_);
  }

 private:
  /// A run whose record is not known, or which is carried with another charge than before, counts again.
  bool is_new(const EarlierRun& run) {
    if (run.record.empty()) return true;
    std::vector<Ledger>& charges = charged_[run.record];
    if (std::find(charges.begin(), charges.end(), run.charged) != charges.end()) return false;
    charges.push_back(run.charged);
    return true;
  }

  void tell(const std::string& path, const ModelFile& model) {
    if (!may_claim(model.noise_key)) {
      whole_->notes.push_back(path + " was trained with a chosen seed: whoever knows it can remove the noise.");
    }
    switch (model.initial_weights) {
      case InitialWeights::unknown:
        whole_->notes.push_back(path + " began from weights of which it is not stated whose data they had seen.");
        return;
      case InitialWeights::disjoint_people:
        whole_->notes.push_back(path + " began from weights about other people, who are no part of this.");
        return;
      case InitialWeights::random:
      case InitialWeights::public_data:
      case InitialWeights::same_people:
        return;
    }
  }

  std::string unit_;
  std::map<std::string, std::vector<Ledger>> charged_;  // by record
  std::optional<Spent> whole_;
};

}  // namespace

Spent spent_together(const std::vector<std::filesystem::path>& runs) {
  if (runs.empty()) throw ConfigError("no run is named whose spending could be summed up");
  Sum sum;
  for (const std::filesystem::path& run : runs) sum.add(model_file_of(run).string());
  return std::move(sum).spent();
}

void append_ledger(const Ledger& part, const std::string& name, Ledger& whole) {
  if (part.neighbours() != whole.neighbours()) {
    throw ConfigError(name + ": is about neighbours " + to_text(part.neighbours()) + ", but " +
                      to_text(whole.neighbours()) +
                      " came before; epsilons of different neighbours cannot be added up");
  }
  whole.append(part);
}

}  // namespace dpml
