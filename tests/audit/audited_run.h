#pragma once

#include <filesystem>
#include <functional>
#include <set>

#include "dpml/audit/audit.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/io/model_file.h"
#include "train/small_run.h"

namespace dpml {

using Names = std::set<std::string>;

inline Names failed_checks(const AuditReport& report) {
  Names names;
  for (const AuditCheck& check : report.checks) {
    if (check.verdict == Verdict::failed) names.insert(check.name);
    EXPECT_FALSE(check.detail.empty()) << check.name;
  }
  EXPECT_EQ(report.passed(), names.empty());
  return names;
}

inline Verdict verdict_of(const AuditReport& report, const std::string& name) {
  for (const AuditCheck& check : report.checks) {
    if (check.name == name) return check.verdict;
  }
  ADD_FAILURE() << "no check \"" << name << "\"";
  return Verdict::failed;
}

/// One finished run, and copies of it that were tampered with.
class Audit : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    example_ = new RunExample;
    example_->run("good", {"averaging.decay=0"});
  }
  static void TearDownTestSuite() {
    delete example_;
    example_ = nullptr;
  }

  /// A new copy of the good run's folder.
  static RunFolder copy() {
    static int number = 0;
    const RunFolder folder = example_->folder("copy" + std::to_string(++number));
    std::filesystem::copy(example_->folder("good").path, folder.path, std::filesystem::copy_options::recursive);
    return folder;
  }

  /// A copy whose model was changed by someone who recomputed the digests.
  static RunFolder forged(const std::function<void(ModelFile&)>& change) {
    const RunFolder folder = copy();
    ModelFile model = read_model_file(folder.model());
    change(model);
    write_model_file(folder.model(), model);
    return folder;
  }

  static Ledger ledger_of(double noise_multiplier, std::uint64_t count) {
    Ledger ledger(Neighbours::add_or_remove_one);
    ledger.append(PoissonSampled{0.1, Gaussian{noise_multiplier}}, count);
    return ledger;
  }

  static double good_noise() {
    return TrainingPlan(example_->experiment({"averaging.decay=0"}).privacy).noise_multiplier();
  }
  static double epsilon_of(const Ledger& ledger) { return make_accountant("pld")->epsilon(ledger, 1e-4); }

  static inline RunExample* example_ = nullptr;
};

}  // namespace dpml
