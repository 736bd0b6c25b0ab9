#include "dpml/audit/audit.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/expect_error.h"
#include "dpml/base/file.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/io/journal.h"
#include "dpml/io/model_file.h"
#include "io/edit_hdf5.h"
#include "train/small_run.h"

namespace dpml {
namespace {

std::set<std::string> failed_checks(const AuditReport& report) {
  std::set<std::string> names;
  for (const AuditCheck& check : report.checks) {
    if (check.verdict == Verdict::failed) names.insert(check.name);
    EXPECT_FALSE(check.detail.empty()) << check.name;
  }
  EXPECT_EQ(report.passed(), names.empty());
  return names;
}

Verdict verdict_of(const AuditReport& report, const std::string& name) {
  for (const AuditCheck& check : report.checks) {
    if (check.name == name) return check.verdict;
  }
  ADD_FAILURE() << "no check \"" << name << "\"";
  return Verdict::failed;
}

using Names = std::set<std::string>;

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

  static RunExample* example_;
};
RunExample* Audit::example_ = nullptr;

TEST_F(Audit, PassesAGoodRun) {
  const AuditReport report = audit(example_->folder("good").path);
  EXPECT_EQ(failed_checks(report), Names{});
  for (const AuditCheck& check : report.checks) EXPECT_EQ(check.verdict, Verdict::passed) << check.name;
  EXPECT_EQ(report.recomputed.upper, report.claim.epsilon);
  EXPECT_EQ(report.record_digest, digests_of(read_model_file(example_->folder("good").model())).record);
  for (const char* part : {"one row", "add_or_remove_one", "Poisson", "pld", "1e-04"}) {
    EXPECT_NE(report.statement.find(part), std::string::npos) << report.statement;
  }
}

TEST_F(Audit, PassesAModelFileAloneAndAStoppedRun) {
  EXPECT_EQ(failed_checks(audit(example_->folder("good").model())), Names{});
  example_->stop_after(7, "stopped");
  const AuditReport report = audit(example_->folder("stopped").path);
  EXPECT_EQ(failed_checks(report), Names{});
  EXPECT_LT(report.claim.epsilon, 4);
}

TEST_F(Audit, FailsOnWeightsThatAreNotFinite) {
  for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    const RunFolder folder = forged([&](ModelFile& model) {
      NamedTensor& weight = model.weights.back();
      weight.value = weight.value.clone();
      weight.value.mutable_data()[0] = wrong;
    });
    EXPECT_EQ(failed_checks(audit(folder.model())), Names{"weights"});
  }
}

TEST_F(Audit, SaysWhatIsMissing) {
  expect_error<FileError>("there is no such file", [] { audit(*example_ / "no such folder"); });
  const RunFolder folder = copy();
  std::filesystem::remove(folder.model());
  expect_error<FileError>("no such file", [&] { audit(folder.path); });
  const std::string bytes = read_file(example_->folder("good").model());
  write_bytes(folder.model(), bytes.substr(0, bytes.size() / 2));
  expect_error<FileError>("model.h5", [&] { audit(folder.path); });
}

TEST_F(Audit, FailsALedgerWithMoreNoiseThanPlanned) {
  const double noise = 2 * good_noise();
  const RunFolder folder = forged([&](ModelFile& model) {
    model.ledger = ledger_of(noise, 30);
    model.claim.epsilon = epsilon_of(model.ledger);
  });
  EXPECT_EQ(failed_checks(audit(folder.model())), (Names{"sampler and noise"}));
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"sampler and noise", "journal", "checkpoint"}));
}

TEST_F(Audit, FailsAConfigAndLedgerChangedTogetherByTheOwnersFiles) {
  // Nothing in the model file alone contradicts it any more; the journal and the checkpoint do.
  const Experiment milder = example_->experiment({"averaging.decay=0", "privacy.target_epsilon=1"});
  const TrainingPlan plan(milder.privacy);
  const RunFolder folder = forged([&](ModelFile& model) {
    model.config = milder.text;
    model.ledger = ledger_of(plan.noise_multiplier(), 30);
    model.claim = plan.guarantee(model.ledger);
  });
  EXPECT_EQ(failed_checks(audit(folder.model())), Names{});
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"journal", "checkpoint"}));
}

TEST_F(Audit, FailsALedgerThatLostAReleaseOrHasTooMany) {
  for (const std::uint64_t count : {29U, 31U}) {
    const RunFolder folder = forged([&](ModelFile& model) {
      model.ledger = ledger_of(good_noise(), count);
      model.claim.epsilon = epsilon_of(model.ledger);
    });
    const Names expected = count == 29 ? Names{"steps"} : Names{"steps", "target"};
    EXPECT_EQ(failed_checks(audit(folder.model())), expected);
  }
  const RunFolder empty = forged([](ModelFile& model) {
    model.ledger = Ledger(Neighbours::add_or_remove_one);
    model.claim.epsilon = 0;
    model.claim.order.reset();
  });
  EXPECT_EQ(failed_checks(audit(empty.path)), (Names{"steps"}));
}

TEST_F(Audit, FailsAReleaseOfAnotherKind) {
  const RunFolder folder = forged([](ModelFile& model) {
    Ledger ledger = ledger_of(good_noise(), 29);
    ledger.append(PoissonSampled{0.05, Gaussian{good_noise()}});
    model.ledger = ledger;
  });
  EXPECT_EQ(failed_checks(audit(folder.model())), (Names{"sampler and noise"}));
}

TEST_F(Audit, FailsAClaimBelowTheLedger) {
  for (const double factor : {0.5, 0.999, 0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    const RunFolder folder = forged([&](ModelFile& model) { model.claim.epsilon *= factor; });
    Names failed = failed_checks(audit(folder.path));
    if (factor == 0.999) failed.erase("lower bound");  // about as narrow as the accountant's interval
    EXPECT_EQ(failed, factor == 0.999 ? Names{"epsilon"} : (Names{"epsilon", "lower bound"})) << factor;
  }
  const RunFolder generous = forged([](ModelFile& model) { model.claim.epsilon *= 2; });
  EXPECT_EQ(failed_checks(audit(generous.path)), Names{});
}

TEST_F(Audit, FailsAFiniteClaimForATrainingWithoutNoise) {
  for (const std::string clip_bound : {"1", "inf"}) {
    const std::string name = "no noise " + clip_bound;
    example_->run(name, {"privacy.noise_multiplier=0", "privacy.clip_bound=" + clip_bound});
    EXPECT_EQ(failed_checks(audit(example_->folder(name).path)), Names{});
    ModelFile model = read_model_file(example_->folder(name).model());
    EXPECT_TRUE(std::isinf(model.claim.epsilon));
    model.claim.epsilon = 3;
    write_model_file(example_->folder(name).model(), model);
    EXPECT_EQ(failed_checks(audit(example_->folder(name).path)), (Names{"epsilon", "lower bound"}));
  }
}

TEST_F(Audit, ChecksABudgetAndWhatIsLeftOfIt) {
  const std::vector<std::string> budget = {"averaging.decay=0", "privacy.noise_multiplier=1.5",
                                           "privacy.epsilon_budget=1"};
  example_->run("budget", budget);
  const ModelFile model = read_model_file(example_->folder("budget").model());
  EXPECT_LT(model.ledger.releases(), 30U);
  EXPECT_LE(model.claim.epsilon, 1);
  EXPECT_EQ(verdict_of(audit(example_->folder("budget").path), "budget"), Verdict::passed);
  ModelFile longer = model;
  longer.ledger.append(longer.ledger.entries()[0].event);
  longer.claim.epsilon = epsilon_of(longer.ledger);
  write_model_file(example_->folder("budget").model(), longer);
  EXPECT_EQ(failed_checks(audit(example_->folder("budget").model())), (Names{"budget", "steps"}));
}

TEST_F(Audit, FailsAnotherDeltaUnitAccountantOrNeighbours) {
  const auto claim_only = [](const std::function<void(ModelFile&)>& change) {
    return failed_checks(audit(forged(change).model()));
  };
  EXPECT_EQ(claim_only([](ModelFile& model) { model.claim.delta = 1e-3; }), (Names{"claim"}));
  EXPECT_EQ(claim_only([](ModelFile& model) { model.claim.delta = 1e-9; }),
            (Names{"claim", "epsilon", "lower bound", "target"}));
  EXPECT_EQ(claim_only([](ModelFile& model) { model.unit = "one thousand rows"; }), (Names{"claim"}));
  EXPECT_EQ(claim_only([](ModelFile& model) { model.claim.neighbours = Neighbours::replace_one; }), (Names{"claim"}));
  EXPECT_TRUE(claim_only([](ModelFile& model) { model.claim.accountant = "wishful"; }).contains("epsilon"));
  for (const double delta : {1.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(claim_only([&](ModelFile& model) { model.claim.delta = delta; }).contains("epsilon")) << delta;
  }
}

TEST_F(Audit, FailsAnotherConfig) {
  const RunFolder folder = forged([](ModelFile& model) {
    model.config = example_->experiment({"averaging.decay=0", "optimizer.sgd.learning_rate=0.25"}).text;
  });
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"checkpoint"}));
  const RunFolder nonsense = forged([](ModelFile& model) { model.config = "privacy { dleta: 1 }"; });
  EXPECT_EQ(failed_checks(audit(nonsense.path)), (Names{"config"}));
  const RunFolder other_model = forged([](ModelFile& model) {
    model.config = example_->experiment({"averaging.decay=0", "model.layer[0].linear.out=9"}).text;
  });
  EXPECT_EQ(failed_checks(audit(other_model.model())), (Names{"weights"}));
}

TEST_F(Audit, AllowsAResumedPartWithAnotherRuntime) {
  example_->stop_after(7, "part");
  example_->resume("part", {"runtime.threads=2"});
  EXPECT_EQ(failed_checks(audit(example_->folder("part").path)), Names{});
}

TEST_F(Audit, FailsWeightsOfAnotherRun) {
  example_->run("other", {"averaging.decay=0"});
  const ModelFile other = read_model_file(example_->folder("other").model());
  const RunFolder folder = forged([&](ModelFile& model) { model.weights = other.weights; });
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"checkpoint"}));
  const RunFolder edited = copy();
  {
    const std::vector<float> bias(8, 0.25F);
    ForeignFile::open(edited.model()).rewrite("weights/0.bias", H5T_NATIVE_FLOAT, bias.data());
  }
  EXPECT_EQ(failed_checks(audit(edited.path)), (Names{"digests", "checkpoint"}));
}

TEST_F(Audit, FailsAFileEditedByHand) {
  const auto edited = [](const std::function<void(ForeignFile&)>& edit) {
    const RunFolder folder = copy();
    {
      ForeignFile file = ForeignFile::open(folder.model());
      edit(file);
    }
    return failed_checks(audit(folder.model()));
  };
  EXPECT_EQ(edited([](ForeignFile& file) { file.number_attribute("claim", "epsilon", 0.5); }),
            (Names{"digests", "epsilon", "lower bound"}));
  EXPECT_EQ(edited([](ForeignFile& file) {
              const std::uint64_t count = 29;
              file.rewrite("ledger/count", H5T_NATIVE_UINT64, &count);
            }),
            (Names{"digests", "steps"}));
  EXPECT_EQ(edited([](ForeignFile& file) { file.number_attribute("claim", "delta", 1e-3); }),
            (Names{"digests", "claim"}));
  EXPECT_EQ(edited([](ForeignFile& file) { file.text_attribute("/", "noise_key", "trust me"); }), (Names{"digests"}));
}

TEST_F(Audit, FailsAChosenSeedThatClaimsAnything) {
  example_->run("seeded", {"privacy.seed=5"});
  const RunFolder folder = example_->folder("seeded");
  const AuditReport honest = audit(folder.path);
  EXPECT_EQ(failed_checks(honest), Names{});
  EXPECT_EQ(verdict_of(honest, "noise key"), Verdict::warning);
  ModelFile model = read_model_file(folder.model());
  model.claim.epsilon = 4;
  write_model_file(folder.model(), model);
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"noise key"}));
}

TEST_F(Audit, WarnsOfReleasesAfterTheModelAndFailsAJournalThatHasFewer) {
  const RunFolder longer = copy();
  {
    JournalFile::Reopened journal = JournalFile::reopen(longer.journal());
    journal.file->record(journal.contents.ledger.entries().at(0).event, 2);
  }
  const AuditReport report = audit(longer.path);
  EXPECT_EQ(failed_checks(report), Names{});
  EXPECT_EQ(verdict_of(report, "journal"), Verdict::warning);

  const RunFolder shorter = copy();
  std::string journal = read_file(shorter.journal());
  journal.pop_back();
  write_bytes(shorter.journal(), journal.substr(0, journal.rfind('\n') + 1));
  EXPECT_EQ(failed_checks(audit(shorter.path)), (Names{"journal"}));
  write_bytes(shorter.journal(), "no journal");
  EXPECT_EQ(failed_checks(audit(shorter.path)), (Names{"journal"}));
}

TEST_F(Audit, FailsADamagedCheckpoint) {
  const RunFolder folder = copy();
  write_bytes(folder.checkpoint(), "damaged");
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"checkpoint"}));
}

TEST_F(Audit, WarnsOfADeltaThatPublishesWholeRows) {
  example_->run("careless", {"privacy.delta=0.01"});
  const AuditReport report = audit(example_->folder("careless").path);
  EXPECT_EQ(failed_checks(report), Names{});
  EXPECT_EQ(verdict_of(report, "delta"), Verdict::warning);
}

}  // namespace
}  // namespace dpml
