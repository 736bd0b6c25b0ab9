#include "audited_run.h"
#include "dpml/base/file.h"
#include "dpml/io/journal.h"
#include "io/edit_hdf5.h"

namespace dpml {
namespace {

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

}  // namespace
}  // namespace dpml
