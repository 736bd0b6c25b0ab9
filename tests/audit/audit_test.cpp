#include <chrono>
#include <limits>

#include "audited_run.h"
#include "base/expect_error.h"
#include "dpml/base/file.h"
#include "io/edit_hdf5.h"

namespace dpml {
namespace {

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

// No lie makes it work.

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
