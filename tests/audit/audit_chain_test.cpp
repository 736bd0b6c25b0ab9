#include <chrono>

#include "audited_run.h"
#include "base/expect_error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"

namespace dpml {
namespace {

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

}  // namespace
}  // namespace dpml
