#include "dpml/audit/audit.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>

#include "base/expect_error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"
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
  for (const AuditCheck& check : report.checks) {
    EXPECT_EQ(check.verdict, check.name == "initial weights" ? Verdict::not_checkable : Verdict::passed) << check.name;
  }
  EXPECT_EQ(report.recomputed.upper, report.claim.epsilon);
  EXPECT_EQ(report.record_digest, digests_of(read_model_file(example_->folder("good").model())).record);
  for (const char* part : {"one row", "add_or_remove_one", "Poisson", "pld", "1e-04"}) {
    EXPECT_NE(report.statement.find(part), std::string::npos) << report.statement;
  }
}

TEST_F(Audit, PassesAModelFileAloneAndAStoppedRun) {
  EXPECT_EQ(failed_checks(audit(example_->folder("good").model())), Names{});
  EXPECT_EQ(verdict_of(audit(example_->folder("good").model()), "owner"), Verdict::not_checkable);
  example_->stop_after(7, "stopped");
  EXPECT_EQ(failed_checks(audit(example_->folder("stopped").path)), Names{});
}

TEST_F(Audit, ComparesTheRecordThatWasKept) {
  const std::filesystem::path model = example_->folder("good").model();
  const std::string record = audit(model).record_digest;
  EXPECT_EQ(verdict_of(audit(model, {.record = record}), "record"), Verdict::passed);
  EXPECT_EQ(failed_checks(audit(model, {.record = std::string(64, '0')})), (Names{"record"}));
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
  EXPECT_EQ(failed_checks(audit(folder.model())), (Names{"target"}));
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"target", "journal", "checkpoint"}));
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
    const AuditReport report = audit(folder.model());
    EXPECT_EQ(failed_checks(report), (Names{"steps"}));
    EXPECT_EQ(verdict_of(report, "epsilon"), Verdict::not_checkable)
        << "an accountant is asked only of what is planned";
  }
  const RunFolder empty = forged([](ModelFile& model) {
    model.ledger = Ledger(Neighbours::add_or_remove_one);
    model.claim.epsilon = 0;
    model.claim.order.reset();
  });
  EXPECT_EQ(failed_checks(audit(empty.model())), (Names{"steps"}));
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
    Names failed = failed_checks(audit(folder.model()));
    if (factor == 0.999) failed.erase("lower bound");  // about as narrow as the accountant's interval
    EXPECT_EQ(failed, factor == 0.999 ? Names{"epsilon"} : (Names{"epsilon", "lower bound"})) << factor;
  }
  const RunFolder generous = forged([](ModelFile& model) { model.claim.epsilon *= 2; });
  EXPECT_EQ(failed_checks(audit(generous.model())), Names{});
}

TEST_F(Audit, FailsAFiniteClaimForATrainingWithoutNoise) {
  for (const std::string clip_bound : {"1", "inf"}) {
    const std::string name = "no noise " + clip_bound;
    example_->run(name, {"privacy.noise_multiplier=0", "privacy.clip_bound=" + clip_bound});
    const AuditReport honest = audit(example_->folder(name).path);
    EXPECT_EQ(failed_checks(honest), (Names{"protection"})) << "nobody is protected, and nothing else is wrong";
    EXPECT_NE(honest.statement.find("no noise at all"), std::string::npos) << honest.statement;
    EXPECT_EQ(honest.statement.find("Gaussian"), std::string::npos) << honest.statement;
    ModelFile model = read_model_file(example_->folder(name).model());
    EXPECT_TRUE(std::isinf(model.claim.epsilon));
    model.claim.epsilon = 3;
    write_model_file(example_->folder(name).model(), model);
    EXPECT_EQ(failed_checks(audit(example_->folder(name).model())), (Names{"epsilon", "lower bound"}));
    EXPECT_EQ(failed_checks(audit(example_->folder(name).path)), (Names{"epsilon", "lower bound", "journal"}));
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
  EXPECT_EQ(failed_checks(audit(example_->folder("budget").model())), (Names{"steps"}));
  longer.planned += 1;
  write_model_file(example_->folder("budget").model(), longer);
  EXPECT_EQ(failed_checks(audit(example_->folder("budget").model())), (Names{"budget"}));
  // Nobody may say that the budget ended the run after one release.
  ModelFile shorter = model;
  shorter.ledger = Ledger(model.ledger.neighbours());
  shorter.ledger.append(model.ledger.entries()[0].event);
  shorter.planned = shorter.steps = 1;
  shorter.claim.epsilon = epsilon_of(shorter.ledger);
  write_model_file(example_->folder("budget").model(), shorter);
  EXPECT_EQ(failed_checks(audit(example_->folder("budget").model())), (Names{"budget"}));
}

TEST_F(Audit, FailsTrainedWeightsWithoutAnyRelease) {
  const auto nothing = [](Ending ending, double epsilon) {
    return forged([=](ModelFile& model) {
      model.ledger = Ledger(model.ledger.neighbours());
      model.steps = 0;
      model.ending = ending;
      model.claim.epsilon = epsilon;
    });
  };
  EXPECT_EQ(failed_checks(audit(nothing(Ending::stopped_independently, 0).model())), (Names{"weights"}));
  EXPECT_EQ(failed_checks(audit(nothing(Ending::stopped_on_releases, 0).model())), (Names{"weights", "epsilon"}));
  const RunFolder untouched = forged([](ModelFile& model) {
    model.ledger = Ledger(model.ledger.neighbours());
    model.steps = 0;
    model.ending = Ending::stopped_independently;
    model.claim.epsilon = 0;
    model.initial_weights_digest = digest_of(model.weights);
  });
  EXPECT_EQ(failed_checks(audit(untouched.model())), Names{}) << "random weights that nothing was added to";
  EXPECT_EQ(failed_checks(audit(forged([](ModelFile& model) { model.steps = 0; }).model())), (Names{"weights"}))
      << "as if every release had been lost in a crash";
}

TEST_F(Audit, FailsARenyiOrderThatGaveNoEpsilon) {
  for (const double order : {3.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(failed_checks(audit(forged([&](ModelFile& model) { model.claim.order = order; }).model())),
              (Names{"order"}));
  }
  example_->run("rdp", {"averaging.decay=0", "privacy.accountant=\"rdp\""});
  EXPECT_TRUE(read_model_file(example_->folder("rdp").model()).claim.order.has_value());
  EXPECT_EQ(failed_checks(audit(example_->folder("rdp").path)), Names{});
}

TEST_F(Audit, FailsAnotherDeltaUnitAccountantOrNeighbours) {
  const auto claim_only = [](const std::function<void(ModelFile&)>& change) {
    return failed_checks(audit(forged(change).model()));
  };
  EXPECT_EQ(claim_only([](ModelFile& model) { model.claim.delta = 1e-3; }), (Names{"claim", "target"}));
  EXPECT_EQ(claim_only([](ModelFile& model) { model.claim.delta = 1e-9; }),
            (Names{"claim", "epsilon", "lower bound", "target"}));
  EXPECT_EQ(claim_only([](ModelFile& model) { model.unit = "one thousand rows"; }), (Names{"claim"}));
  EXPECT_EQ(claim_only([](ModelFile& model) { model.claim.neighbours = Neighbours::replace_one; }), (Names{"claim"}));
  EXPECT_EQ(claim_only([](ModelFile& model) { model.claim.accountant = "wishful"; }), (Names{"claim"}));
  EXPECT_EQ(claim_only([](ModelFile& model) { model.noise_key = NoiseKey::chosen_seed; }), (Names{"noise key"}));
  EXPECT_EQ(claim_only([](ModelFile& model) { model.averaged = true; }), (Names{"averaged"}));
  for (const double delta : {1.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(claim_only([&](ModelFile& model) { model.claim.delta = delta; }).contains("epsilon")) << delta;
  }
}

TEST_F(Audit, FailsAnotherConfig) {
  const RunFolder folder = forged([](ModelFile& model) {
    model.config = example_->experiment({"averaging.decay=0", "optimizer.sgd.learning_rate=0.25"}).text;
  });
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"checkpoint", "journal"}));
  const RunFolder nonsense = forged([](ModelFile& model) { model.config = "privacy { dleta: 1 }"; });
  EXPECT_EQ(failed_checks(audit(nonsense.path)), (Names{"config", "journal"}));
  const RunFolder promise = forged([](ModelFile& model) { model.config = "# epsilon 0.3\n" + model.config; });
  EXPECT_EQ(failed_checks(audit(promise.model())), (Names{"config"})) << "a comment on top";
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
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"checkpoint", "journal"}));
  const RunFolder edited = copy();
  {
    const std::vector<float> bias(8, 0.25F);
    ForeignFile::open(edited.model()).rewrite("weights/0.bias", H5T_NATIVE_FLOAT, bias.data());
  }
  EXPECT_EQ(failed_checks(audit(edited.path)), (Names{"digests", "checkpoint"})) << "the record is the journal's";
}

TEST_F(Audit, FailsAFileEditedByHand) {
  const auto edited = [](const std::function<void(ForeignFile&)>& edit) {
    const RunFolder folder = copy();
    {
      ForeignFile file = ForeignFile::open(folder.model());
      edit(file);
    }
    const AuditReport report = audit(folder.model());
    EXPECT_EQ(report.statement, "") << "nothing in it is repeated";
    return failed_checks(report);
  };
  EXPECT_EQ(edited([](ForeignFile& file) { file.number_attribute("claim", "epsilon", 0.5); }), (Names{"file"}));
  EXPECT_EQ(edited([](ForeignFile& file) { file.number_attribute("claim", "true_epsilon", 0.5); }), (Names{"file"}));
  EXPECT_EQ(edited([](ForeignFile& file) { file.text_attribute("/", "noise_key", "trust me"); }), (Names{"file"}));
  EXPECT_EQ(edited([](ForeignFile& file) { file.group("PASSED"); }), (Names{"file"}));
  EXPECT_EQ(edited([](ForeignFile& file) {
              const std::uint64_t count = 29;
              file.rewrite("ledger/count", H5T_NATIVE_UINT64, &count);
            }),
            (Names{"file"}))
      << "the rows of a ledger follow from each other";
}

TEST_F(Audit, FailsAChosenSeedThatClaimsAnything) {
  example_->run("seeded", {"privacy.seed=5"});
  const RunFolder folder = example_->folder("seeded");
  const AuditReport honest = audit(folder.path);
  EXPECT_EQ(failed_checks(honest), (Names{"protection"}));
  for (const AuditCheck& check : honest.checks) EXPECT_NE(check.name, "target") << "nothing is within it";
  ModelFile model = read_model_file(folder.model());
  model.claim.epsilon = 4;
  write_model_file(folder.model(), model);
  EXPECT_EQ(failed_checks(audit(folder.model())), (Names{"epsilon"}));
  model.noise_key = NoiseKey::operating_system;
  write_model_file(folder.model(), model);
  EXPECT_EQ(failed_checks(audit(folder.model())), (Names{"epsilon", "noise key"}));
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
  for (int line = 0; line < 2; ++line) {  // the line about the model, then the last release
    journal.pop_back();
    journal.resize(journal.rfind('\n') + 1);
    write_bytes(shorter.journal(), journal);
    EXPECT_EQ(failed_checks(audit(shorter.path)), (Names{"journal"}));
  }
  write_bytes(shorter.journal(), "no journal");
  EXPECT_EQ(failed_checks(audit(shorter.path)), (Names{"journal"}));
}

TEST_F(Audit, FailsADamagedCheckpoint) {
  const RunFolder folder = copy();
  write_bytes(folder.checkpoint(), "damaged");
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"checkpoint"}));
}

TEST_F(Audit, FailsADeltaThatPublishesWholeRows) {
  example_->run("careless", {"averaging.decay=0", "privacy.delta=0.005"});
  EXPECT_EQ(failed_checks(audit(example_->folder("careless").path)), (Names{"delta"}));
  // Without a public size nobody knows: 20 / 0.1 is no size that was stated.
  const std::vector<std::string> rated{"averaging.decay=0", "privacy.delta=0.005", "privacy.poisson.sampling_rate=0.1"};
  example_->run("rated", rated);
  const AuditReport report = audit(example_->folder("rated").path);
  EXPECT_EQ(failed_checks(report), Names{});
  EXPECT_EQ(verdict_of(report, "delta"), Verdict::not_checkable);
}

// A run that was cut to a part of itself, beside an owner/ that nobody touched.

TEST_F(Audit, FailsACutLedgerWithTheFinalWeights) {
  const auto cut = [](bool averaged, std::uint64_t steps, Ending ending) {
    return forged([&](ModelFile& model) {
      model.ledger = ledger_of(good_noise(), 10);
      model.averaged = averaged;
      model.steps = steps;
      model.ending = ending;
      model.claim.epsilon = epsilon_of(model.ledger);
    });
  };
  // From the file alone a run that says it stopped for nothing in it is consistent, and what is claimed is named.
  const RunFolder folder = cut(false, 10, Ending::stopped_independently);
  const AuditReport alone = audit(folder.model());
  EXPECT_EQ(failed_checks(alone), Names{});
  EXPECT_EQ(verdict_of(alone, "ending"), Verdict::not_checkable);
  EXPECT_EQ(verdict_of(alone, "owner"), Verdict::not_checkable);
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"journal"}));
  // A stop that says nothing of itself claims the plan, a finished run has used it up.
  EXPECT_EQ(failed_checks(audit(cut(false, 10, Ending::stopped_on_releases).model())),
            (Names{"epsilon", "lower bound"}));
  EXPECT_EQ(failed_checks(audit(cut(false, 10, Ending::finished).model())), (Names{"steps"}));
  // What used to switch the comparison of weights off.
  EXPECT_EQ(failed_checks(audit(cut(true, 10, Ending::stopped_independently).path)), (Names{"averaged", "journal"}));
  EXPECT_EQ(failed_checks(audit(cut(false, 9, Ending::stopped_independently).path)), (Names{"journal"}));
}

TEST_F(Audit, ComparesWeightsWhateverAveragedAndStepsSay) {
  example_->run("averaged run", {"averaging.decay=0.9"});
  const RunFolder folder = example_->folder("averaged run");
  EXPECT_EQ(failed_checks(audit(folder.path)), Names{});
  ModelFile model = read_model_file(folder.model());
  model.weights[0].value = Tensor::filled(model.weights[0].value.shape(), 0.5F);
  write_model_file(folder.model(), model);
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"checkpoint", "journal"}));
  model.steps -= 1;
  write_model_file(folder.model(), model);
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"checkpoint", "journal"}));
}

TEST_F(Audit, KnowsAnOlderModelOfARunThatWentOn) {
  example_->stop_after(7, "older", {"averaging.decay=0"});
  const RunFolder folder = example_->folder("older");
  const std::string model = read_file(folder.model());
  example_->resume("older", {"averaging.decay=0"});
  EXPECT_EQ(failed_checks(audit(folder.path)), Names{});
  write_bytes(folder.model(), model);
  const AuditReport report = audit(folder.path);
  EXPECT_EQ(failed_checks(report), Names{});
  EXPECT_EQ(verdict_of(report, "journal"), Verdict::warning);
}

TEST_F(Audit, FailsAnOwnerFolderThatLacksItsFiles) {
  const RunFolder folder = copy();
  std::filesystem::remove(folder.journal());
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"journal"}));
  std::filesystem::remove(folder.checkpoint());
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"journal", "checkpoint"}));
  std::filesystem::remove_all(folder.owner());
  EXPECT_EQ(failed_checks(audit(folder.path)), Names{});
  EXPECT_EQ(verdict_of(audit(folder.path), "owner"), Verdict::not_checkable);
}

// How it stopped.

TEST_F(Audit, OfAStoppedRunDemandsThePlanUnlessTheStopWasIndependent) {
  const auto stopped = [](const std::string& name, StopBasis basis) {
    int left = 7;
    run_training(
        example_->experiment({"averaging.decay=0"}),
        {.folder = example_->folder(name).path, .stop_requested = [&] { return --left == 0; }, .stop_basis = basis});
    return audit(example_->folder(name).path);
  };
  const double plan = audit(example_->folder("good").path).claim.epsilon;
  const AuditReport on_releases = stopped("on releases", StopBasis::releases);
  EXPECT_EQ(failed_checks(on_releases), Names{});
  EXPECT_EQ(on_releases.claim.epsilon, plan);
  const AuditReport independent = stopped("independent", StopBasis::nothing);
  EXPECT_EQ(failed_checks(independent), Names{});
  EXPECT_EQ(verdict_of(independent, "ending"), Verdict::not_checkable);
  EXPECT_EQ(independent.claim.epsilon, epsilon_of(ledger_of(good_noise(), 7)));
  const AuditReport on_figures = stopped("on figures", StopBasis::private_figures);
  EXPECT_EQ(failed_checks(on_figures), (Names{"ending", "protection"}));
  EXPECT_TRUE(std::isinf(on_figures.claim.epsilon));
  // Whoever forges the claim of such a run is found from the file alone.
  const RunFolder folder = example_->folder("on figures");
  ModelFile model = read_model_file(folder.model());
  model.claim.epsilon = plan;
  write_model_file(folder.model(), model);
  EXPECT_EQ(failed_checks(audit(folder.model())), (Names{"ending", "epsilon"}));
}

// Where it began.

class AuditOfAChain : public Audit {
 protected:
  static std::vector<std::string> after(const std::string& name, const std::string& origin) {
    return {"averaging.decay=0", "runtime.initial_model=\"" + example_->folder(name).path.string() + "\"",
            "privacy.initial_weights=" + origin};
  }
  static AuditReport run_after(const std::string& before, const std::string& name, const std::string& origin,
                               const std::vector<std::string>& more = {}) {
    std::vector<std::string> overrides = after(before, origin);
    overrides.insert(overrides.end(), more.begin(), more.end());
    example_->run(name, overrides);
    return audit(example_->folder(name).path);
  }
};

TEST_F(AuditOfAChain, OnTheSamePeopleClaimsAllOfIt) {
  const AuditReport adaptive = run_after("good", "same", "SAME_PEOPLE", {"privacy.target_epsilon=9"});
  EXPECT_EQ(failed_checks(adaptive), Names{});
  EXPECT_EQ(adaptive.claim.accountant, "rdp filter");
  EXPECT_NE(adaptive.statement.find("of this run and 1 run before it"), std::string::npos) << adaptive.statement;
  EXPECT_GT(adaptive.claim.epsilon, 8);
  const AuditReport fixed = run_after("good", "same fixed", "SAME_PEOPLE",
                                      {"privacy.target_epsilon=9", "privacy.plans_fixed_in_advance=true"});
  EXPECT_EQ(failed_checks(fixed), Names{});
  EXPECT_EQ(fixed.claim.accountant, "pld");

  const auto forged_chain = [](const std::function<void(ModelFile&)>& change) {
    const RunFolder folder = example_->folder("same");
    const std::string kept = read_file(folder.model());
    ModelFile model = read_model_file(folder.model());
    change(model);
    write_model_file(folder.model(), model);
    const std::pair<Names, Names> found{failed_checks(audit(folder.model())), failed_checks(audit(folder.path))};
    write_bytes(folder.model(), kept);
    return found;
  };
  // An earlier ledger that was cut, or whose noise was raised, gives a smaller epsilon.
  const auto cheaper = forged_chain([](ModelFile& model) {
    model.earlier_runs[0].charged = ledger_of(good_noise(), 3);
    model.claim.epsilon = make_chain_accountant("pld", false)
                              ->epsilon(
                                  [&] {
                                    Ledger whole = model.earlier_runs[0].charged;
                                    whole.append(model.ledger.entries()[0].event, 30);
                                    return whole;
                                  }(),
                                  1e-4);
  });
  EXPECT_EQ(cheaper.first, (Names{"target"})) << "the noise would have been solved for a dearer chain";
  EXPECT_EQ(cheaper.second, (Names{"target", "checkpoint", "journal"}));
  // Emptied: the origin is told by the config, too.
  const auto emptied = forged_chain([](ModelFile& model) {
    model.earlier_runs.clear();
    model.initial_model.clear();
    model.initial_weights = InitialWeights::random;
    model.claim = make_accountant("pld")->guarantee(model.ledger, 1e-4);
  });
  EXPECT_TRUE(emptied.first.contains("initial weights"));
  // Emptied there as well: not to be seen in the file alone, which says so, but beside owner/ and by its record.
  const Experiment plain = example_->experiment({"averaging.decay=0", "privacy.noise_multiplier=0.7"});
  const auto laundered = forged_chain([&](ModelFile& model) {
    const double noise =
        model.ledger.entries()[0].event.get_if<PoissonSampled>()->inner.get_if<Gaussian>()->noise_multiplier;
    model.config = example_->experiment({"averaging.decay=0", "privacy.noise_multiplier=" + to_text(noise)}).text;
    model.earlier_runs.clear();
    model.initial_model.clear();
    model.initial_weights = InitialWeights::random;
    model.claim = make_accountant("pld")->guarantee(model.ledger, 1e-4);
  });
  EXPECT_EQ(laundered.first, Names{});
  EXPECT_EQ(laundered.second, (Names{"checkpoint", "journal"}));
}

TEST_F(AuditOfAChain, AfterARunWithoutNoiseClaimsNothing) {
  example_->run("noiseless", {"averaging.decay=0", "privacy.noise_multiplier=0"});
  const AuditReport same = run_after("noiseless", "after noiseless", "SAME_PEOPLE", {"privacy.noise_multiplier=2"});
  EXPECT_EQ(failed_checks(same), (Names{"protection"}));
  EXPECT_TRUE(std::isinf(same.claim.epsilon));
  expect_error<ConfigError>("cost the same people epsilon inf already",
                            [] { example_->run("x", after("noiseless", "SAME_PEOPLE")); });
  const AuditReport others = run_after("noiseless", "other people", "DISJOINT_PEOPLE");
  EXPECT_EQ(failed_checks(others), (Names{"protection"})) << "the people of the run before are protected by nothing";
  EXPECT_TRUE(std::isfinite(others.claim.epsilon));
  // The warm start that used to hide any epsilon.
  const std::vector<std::string> silent{
      "averaging.decay=0", "runtime.initial_model=\"" + example_->folder("noiseless").path.string() + "\""};
  example_->run("silent", silent);
  EXPECT_EQ(failed_checks(audit(example_->folder("silent").path)), (Names{"protection"}));
}

TEST_F(AuditOfAChain, OnPublicWeightsClaimsItself) {
  const AuditReport report = run_after("good", "public", "PUBLIC");
  EXPECT_EQ(failed_checks(report), Names{});
  EXPECT_EQ(verdict_of(report, "initial weights"), Verdict::not_checkable);
  EXPECT_EQ(report.claim.epsilon, audit(example_->folder("good").path).claim.epsilon);
}

TEST_F(AuditOfAChain, OnOtherPeopleTellsBothClaims) {
  const AuditReport report = run_after("good", "disjoint", "DISJOINT_PEOPLE", {"privacy.target_epsilon=2"});
  EXPECT_EQ(failed_checks(report), Names{});
  EXPECT_LE(report.claim.epsilon, 2);
  ASSERT_EQ(report.claims_of_others.size(), 1U);
  EXPECT_EQ(report.claims_of_others[0].claim.epsilon, audit(example_->folder("good").path).claim.epsilon);
  const RunFolder folder = example_->folder("disjoint");
  ModelFile model = read_model_file(folder.model());
  model.claims_of_others[0].claim.epsilon = 1;
  write_model_file(folder.model(), model);
  EXPECT_EQ(failed_checks(audit(folder.model())), (Names{"claims of others"}));
  model.claims_of_others.clear();
  write_model_file(folder.model(), model);
  EXPECT_EQ(failed_checks(audit(folder.model())), (Names{"claims of others"}));
  // A third run on people of both groups pays in both chains.
  const AuditReport third = run_after("disjoint", "third", "SAME_PEOPLE", {"privacy.target_epsilon=9"});
  EXPECT_EQ(failed_checks(third), (Names{})) << third.statement;
}

TEST_F(AuditOfAChain, FailsAnInitialModelThatWasReplacedOrAWordThatWasChanged) {
  run_after("good", "words", "PUBLIC");
  const RunFolder folder = example_->folder("words");
  const auto changed = [&](const std::function<void(ModelFile&)>& change) {
    const std::string kept = read_file(folder.model());
    ModelFile model = read_model_file(folder.model());
    change(model);
    write_model_file(folder.model(), model);
    const Names found = failed_checks(audit(folder.path));
    write_bytes(folder.model(), kept);
    return found;
  };
  EXPECT_EQ(changed([](ModelFile& model) { model.initial_model.clear(); }), (Names{"checkpoint", "journal"}));
  EXPECT_EQ(changed([](ModelFile& model) { model.initial_weights = InitialWeights::random; }),
            (Names{"initial weights", "checkpoint", "journal"}));
  EXPECT_EQ(changed([](ModelFile& model) { model.initial_weights_digest = std::string(64, '0'); }),
            (Names{"checkpoint", "journal"}));
}

TEST_F(AuditOfAChain, FailsTheNameOfAnotherModelThanTheRunBefore) {
  run_after("good", "chain", "SAME_PEOPLE", {"privacy.target_epsilon=9"});
  run_after("good", "next", "DISJOINT_PEOPLE");
  const auto renamed = [](const std::string& name, const std::string& record) {
    ModelFile model = read_model_file(example_->folder(name).model());
    model.initial_model = record;
    const std::filesystem::path path = *example_ / "renamed.h5";
    write_model_file(path, model);
    return failed_checks(audit(path));
  };
  for (const char* name : {"good", "chain", "next"}) {
    EXPECT_EQ(renamed(name, std::string(64, '0')), (Names{"initial weights"})) << name;
  }
  for (const char* name : {"chain", "next"}) EXPECT_EQ(renamed(name, ""), (Names{"initial weights"})) << name;
}

// No lie makes it work.

TEST_F(AuditOfAChain, AsksNoAccountantAboutAnEarlierRunThatIsNone) {
  run_after("good", "after", "DISJOINT_PEOPLE");
  ModelFile model = read_model_file(example_->folder("after").model());
  Ledger ledger(Neighbours::add_or_remove_one);
  for (int i = 0; i < 3000; ++i) ledger.append(PoissonSampled{0.001 + 1e-7 * i, Gaussian{0.7 + 1e-6 * i}}, 1000000000);
  for (const Event& strange : {Event(Laplace{1}), Event(Gaussian{2})}) {
    Ledger other(Neighbours::add_or_remove_one);
    other.append(strange);
    other.append(Gaussian{3});
    for (const Ledger& charged : {ledger, other}) {
      model.earlier_runs[0].charged = charged;
      write_model_file(*example_ / "after.h5", model);
      const auto start = std::chrono::steady_clock::now();
      const AuditReport report = audit(*example_ / "after.h5");
      EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 2);
      EXPECT_EQ(failed_checks(report), (Names{"earlier runs"}));
      EXPECT_EQ(verdict_of(report, "epsilon"), Verdict::not_checkable);
    }
  }
}

TEST_F(Audit, AsksNoAccountantAboutALedgerThatIsNotPlanned) {
  const RunFolder folder = forged([](ModelFile& model) {
    Ledger ledger(Neighbours::add_or_remove_one);
    for (std::uint64_t i = 0; i < 200; ++i) {
      ledger.append(DiscreteGaussian{.scale = 24000.0 + static_cast<double>(i), .sensitivity = 1}, 1000);
    }
    model.ledger = ledger;
    model.claim.accountant = "best";
  });
  const auto start = std::chrono::steady_clock::now();
  const AuditReport report = audit(folder.model());
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 2);
  EXPECT_EQ(failed_checks(report), (Names{"claim", "sampler and noise", "steps"}));
  EXPECT_EQ(verdict_of(report, "epsilon"), Verdict::not_checkable);
}

TEST_F(Audit, SpellsOutWhatAFileSays) {
  const RunFolder folder = forged([](ModelFile& model) {
    model.unit = "row\033[2K\nPASSED: fake";
    model.claim.accountant = "pld\n\nPASSED";
  });
  const AuditReport report = audit(folder.model());
  EXPECT_NE(report.statement.find("row\\x1b[2K\\nPASSED: fake"), std::string::npos) << report.statement;
  EXPECT_EQ(report.statement.find('\n'), std::string::npos);
}

// Files of the last release.

TEST(AuditOfVersion1, JudgesTheRunsOfTheLastRelease) {
  const std::filesystem::path kept = std::filesystem::path(DPML_TEST_DATA) / "io" / "format_1";
  for (const char* name : {"plain", "averaged"}) {
    const AuditReport alone = audit(kept / name / "model.h5");
    EXPECT_EQ(failed_checks(alone), Names{}) << name;
    EXPECT_EQ(verdict_of(alone, "initial weights"), Verdict::not_checkable);
    EXPECT_EQ(failed_checks(audit(kept / name)), Names{}) << name;
  }
  EXPECT_EQ(failed_checks(audit(kept / "seeded.h5")), (Names{"protection"}));
  // What it did not know to say: whose data the weights had seen, and that a stop claims the plan.
  EXPECT_EQ(failed_checks(audit(kept / "warm.h5")), (Names{"epsilon"}));
  const AuditReport stopped = audit(kept / "stopped.h5");
  EXPECT_EQ(failed_checks(stopped), (Names{"epsilon", "lower bound"}));
  EXPECT_EQ(verdict_of(stopped, "ending"), Verdict::warning);
}

TEST(AuditOfVersion1, FailsACutLedgerBesideItsOwner) {
  const RunExample example;
  std::filesystem::copy(std::filesystem::path(DPML_TEST_DATA) / "io" / "format_1" / "plain", example / "cut",
                        std::filesystem::copy_options::recursive);
  const RunFolder folder = example.folder("cut");
  ModelFile model = read_model_file(folder.model());
  Ledger ledger(Neighbours::add_or_remove_one);
  ledger.append(model.ledger.entries()[0].event, 10);
  model.ledger = ledger;
  model.steps = 10;
  model.averaged = true;
  model.claim.epsilon = make_accountant("pld")->epsilon(ledger, 1e-4);
  write_model_file(folder.model(), model);
  EXPECT_EQ(failed_checks(audit(folder.path)), (Names{"averaged", "epsilon", "lower bound", "journal"}));
}

}  // namespace
}  // namespace dpml
