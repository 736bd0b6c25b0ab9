#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "base/expect_error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"
#include "dpml/base/version.h"
#include "dpml/io/checkpoint.h"
#include "dpml/io/journal.h"
#include "dpml/io/model_file.h"
#include "dpml/io/weight_writers.h"
#include "dpml/train/claim.h"
#include "dpml/train/export.h"
#include "dpml/train/initial_model.h"
#include "dpml/train/run.h"
#include "dpml/train/trainer.h"
#include "io/edit_hdf5.h"
#include "train/small_run.h"

// Where runs begin and how they end, and what they may claim for it.

namespace dpml {
namespace {

const std::string kPlain = "averaging.decay=0";

std::vector<std::string> after(const RunExample& example, const std::string& source, const std::string& origin) {
  std::vector<std::string> overrides{kPlain, "runtime.initial_model=\"" + (example / source).string() + "\""};
  if (!origin.empty()) overrides.push_back("privacy.initial_weights=" + origin);
  return overrides;
}

RunResult stop_after(const RunExample& example, int steps, const std::string& name, StopBasis basis,
                     bool resume = false) {
  int left = steps;
  return run_training(
      example.experiment({kPlain}),
      {.folder = example / name, .resume = resume, .stop_requested = [&] { return --left == 0; }, .stop_basis = basis});
}

// ------------------------------------------------------------------------------------------------- where it began

TEST(InitialModel, MayBeARunFolderOrAnyHdf5File) {
  const RunExample example;
  example.run("first", {kPlain});
  const std::vector<NamedTensor> weights = read_model_file(example.folder("first").model()).weights;
  const auto write = [&](const std::string& name, const std::string& group, bool nested, hid_t type) {
    ForeignFile file = ForeignFile::create(example / name);
    if (!group.empty()) file.group(group);
    for (const NamedTensor& weight : weights) {
      std::string path = weight.name;
      if (nested) {
        const std::string layer = path.substr(0, path.find('.'));
        if (H5Lexists(file.id(), (group + "/" + layer).c_str(), H5P_DEFAULT) <= 0) file.group(group + "/" + layer);
        path[path.find('.')] = '/';
      }
      const std::vector<hsize_t> shape(weight.value.shape().axes().begin(), weight.value.shape().axes().end());
      file.dataset(group + "/" + path, type, shape, H5T_NATIVE_FLOAT, weight.value.data(),
                   type == H5T_IEEE_F64BE ? shape : std::vector<hsize_t>());
    }
  };
  write("root.h5", "", false, H5T_IEEE_F32LE);
  write("group.h5", "state_dict", false, H5T_IEEE_F64LE);
  write("nested.h5", "model", true, H5T_IEEE_F32LE);
  write("packed.h5", "weights", false, H5T_IEEE_F64BE);
  for (const std::string source :
       {"first", "first/model.h5", "first/owner/checkpoint.h5", "root.h5", "group.h5", "nested.h5", "packed.h5"}) {
    const InitialModel initial = read_initial_model(example.experiment(after(example, source, "PUBLIC")));
    EXPECT_TRUE(same_bits(initial.weights, weights)) << source;
    EXPECT_EQ(initial.record.empty(), !source.starts_with("first") || source.ends_with("checkpoint.h5")) << source;
    EXPECT_TRUE(initial.earlier_runs.empty());
  }
  const std::filesystem::path kept = std::filesystem::path(DPML_TEST_DATA) / "io" / "format_1" / "plain";
  const Experiment old = example.experiment({"runtime.initial_model=\"" + kept.string() + "\""});
  expect_error<FileError>(
      "the weights in the file do not fit the model:\n  0.weight is [4, 3], the model expects [8, 4]",
      [&] { read_initial_model(old); });  // of a run of version 1, which is of dpml, too
}

TEST(InitialModel, NamesWhatDoesNotFitAndFollowsNoLink) {
  const RunExample example;
  example.run("first", {kPlain});
  const std::vector<NamedTensor> weights = read_model_file(example.folder("first").model()).weights;
  const auto refused = [&](const std::string& expected, const std::function<void(ForeignFile&)>& change) {
    const std::filesystem::path path = example / "foreign.h5";
    std::filesystem::remove(path);
    {
      ForeignFile file = ForeignFile::create(path);
      for (const NamedTensor& weight : weights) {
        const std::vector<hsize_t> shape(weight.value.shape().axes().begin(), weight.value.shape().axes().end());
        file.dataset(weight.name, H5T_IEEE_F32LE, shape, H5T_NATIVE_FLOAT, weight.value.data());
      }
      change(file);
    }
    expect_error<FileError>(expected,
                            [&] { read_initial_model(example.experiment(after(example, "foreign.h5", ""))); });
  };
  const float number = 1;
  refused("0.bias [8] is missing", [](ForeignFile& file) { H5Ldelete(file.id(), "0.bias", H5P_DEFAULT); });
  refused("0.bias is [1], the model expects [8]", [&](ForeignFile& file) {
    H5Ldelete(file.id(), "0.bias", H5P_DEFAULT);
    file.dataset("0.bias", H5T_IEEE_F32LE, {1}, H5T_NATIVE_FLOAT, &number);
  });
  refused("says it has shape [2147483648], but the file holds only 0 B",
          [](ForeignFile& file) {  // packed zeros: 8 GB in a few bytes
            H5Ldelete(file.id(), "0.bias", H5P_DEFAULT);
            file.dataset("0.bias", H5T_IEEE_F32LE, {hsize_t{1} << 31}, H5T_NATIVE_FLOAT, nullptr, {1 << 20});
          });
  refused("0.bias [8] is missing", [&](ForeignFile& file) {
    H5Ldelete(file.id(), "0.bias", H5P_DEFAULT);
    H5Lcreate_external(example.folder("first").model().c_str(), "weights/0.bias", file.id(), "0.bias", H5P_DEFAULT,
                       H5P_DEFAULT);
  });
  refused("0.bias keeps its numbers in other files", [&](ForeignFile& file) {
    H5Ldelete(file.id(), "0.bias", H5P_DEFAULT);
    const hsize_t length = 8;
    const hid_t space = H5Screate_simple(1, &length, nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, "/etc/passwd", 0, 32);
    H5Dclose(H5Dcreate2(file.id(), "0.bias", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    H5Pclose(creation);
    H5Sclose(space);
  });
  refused("expected numbers in dataset \"/0.bias\", found text", [](ForeignFile& file) {
    H5Ldelete(file.id(), "0.bias", H5P_DEFAULT);
    file.python_text("0.bias", "x");
  });
  expect_error<FileError>("holds no weights under the names of the model", [&] {
    ForeignFile::create(example / "empty.h5").group("x");
    read_initial_model(example.experiment(after(example, "empty.h5", "")));
  });
  expect_error<FileError>("x.npy", [&] { read_initial_model(example.experiment(after(example, "x.npy", ""))); });
}

TEST(InitialModel, IsMetByRulesAndLeavesAloneWhatIsFresh) {
  const RunExample example;
  example.run("first", {kPlain});
  std::vector<NamedTensor> weights = read_model_file(example.folder("first").model()).weights;
  for (NamedTensor& weight : weights) {  // another head, and other names
    weight.name = (weight.name[0] == '0' ? "body." : "head.") + weight.name.substr(2);
    if (weight.name == "head.bias") weight.value = Tensor::filled(Shape{5}, 1);
  }
  write_safetensors(example / "other.safetensors", weights, {});
  const std::string body = R"(runtime.initial_names={ rename { from: "body.*" to: "0.*" } })";
  const auto with_names = [&](const std::string& source, const std::vector<std::string>& more) {
    std::vector<std::string> overrides = after(example, source, "PUBLIC");
    overrides.insert(overrides.end(), more.begin(), more.end());
    return example.experiment(overrides);
  };
  const std::string fresh = R"(runtime.initial_names.fresh=["3.*"])";
  const InitialModel initial = read_initial_model(with_names("other.safetensors", {body, fresh}));
  ASSERT_EQ(initial.weights.size(), 2U);
  EXPECT_EQ(initial.weights[0].name, "0.weight");
  EXPECT_NE(initial.not_used.find("the model has no place for it: head.bias and head.weight"), std::string::npos)
      << initial.not_used;
  const InitialModel own = read_initial_model(with_names("first", {fresh}));
  EXPECT_EQ(own.weights.size(), 2U) << "of dpml's own files, too";
  EXPECT_FALSE(own.record.empty());
  expect_error<FileError>("3.weight [2, 8] is missing",
                          [&] { read_initial_model(with_names("other.safetensors", {body})); });
  expect_error<ConfigError>("no weight of the model fits \"haed.*\"", [&] {
    read_initial_model(with_names("first", {R"(runtime.initial_names.fresh="haed.*")"}));
  });
  expect_error<ConfigError>("fits every weight",
                            [&] { read_initial_model(with_names("first", {R"(runtime.initial_names.fresh="*")"})); });

  std::string said;
  std::vector<std::string> overrides = after(example, "other.safetensors", "PUBLIC");
  overrides.insert(overrides.end(), {body, fresh, "optimizer.sgd.learning_rate=1e-30"});
  const Experiment experiment = example.experiment(overrides);
  run_training(experiment,
               {.folder = example / "next", .on_notice = [&](const std::string& notice) { said += notice; }});
  EXPECT_NE(said.find("head.bias"), std::string::npos) << said;
  const ModelFile next = read_model_file(example.folder("next").model());
  const auto numbers = [](const NamedTensor& weight) {
    return std::vector<float>(weight.value.values().begin(), weight.value.values().end());
  };
  EXPECT_EQ(numbers(next.weights[0]), numbers(weights[0]));
  EXPECT_NE(numbers(next.weights[2]), numbers(weights[2])) << "drawn";
  EXPECT_NE(next.config.find("initial_names"), std::string::npos);
  expect_error<ConfigError>("another config",
                            [&] { example.resume("next", after(example, "other.safetensors", "PUBLIC")); });
}

TEST(Exports, SayWhatIsClaimed) {
  const RunExample example;
  example.run("first", {kPlain});
  const ModelFile model = read_model_file(example.folder("first").model());
  std::map<std::string, std::string> said;
  for (const auto& [key, value] : guarantee_metadata(model)) said[key] = value;
  EXPECT_EQ(said["epsilon"], to_text(model.claim.epsilon));
  EXPECT_EQ(said["delta"], "1e-04");
  EXPECT_EQ(said["neighbours"], "add_or_remove_one");
  EXPECT_EQ(said["unit"], "one row");
  EXPECT_EQ(said["accountant"], "pld");
  EXPECT_EQ(said["initial_weights"], to_text(InitialWeights::random));
  EXPECT_EQ(said["record"], digests_of(model).record);
  EXPECT_EQ(said["dpml_version"], kVersion);
  EXPECT_FALSE(said.contains("claims_of_others"));

  // A graph's weights begin another run.
  write_bytes(example / "w.onnx", onnx_of(model, "first"));
  const InitialModel again = read_initial_model(example.experiment(after(example, "w.onnx", "PUBLIC")));
  EXPECT_TRUE(same_bits(again.weights, model.weights));
  const RunResult other = example.run("other", after(example, "w.onnx", "DISJOINT_PEOPLE"));
  said.clear();
  for (const auto& [key, value] : guarantee_metadata(read_model_file(example.folder("other").model())))
    said[key] = value;
  EXPECT_EQ(said["claims_of_others"], "epsilon inf at delta 1e-04 for the people of earlier runs, unit not known");

  ModelFile changed = model;
  changed.weights.pop_back();
  expect_error<ConfigError>("3.bias [2] is missing", [&] { onnx_of(changed, "first"); });
}

TEST(InitialModel, CarriesTheLedgersOfRunsBefore) {
  const RunExample example;
  example.run("first", {kPlain});
  const ModelFile first = read_model_file(example.folder("first").model());
  const InitialModel same = read_initial_model(example.experiment(after(example, "first", "SAME_PEOPLE")));
  ASSERT_EQ(same.earlier_runs.size(), 1U);
  EXPECT_EQ(same.earlier_runs[0].record, digests_of(first).record);
  EXPECT_TRUE(same.earlier_runs[0].charged == first.ledger);
  EXPECT_EQ(same.earlier_runs[0].accountant, "pld");
  EXPECT_EQ(same.earlier_runs[0].initial_weights, InitialWeights::random);

  std::vector<std::string> overrides = after(example, "first", "SAME_PEOPLE");
  overrides.push_back("privacy.target_epsilon=9");
  const RunResult second = example.run("second", overrides);
  EXPECT_LE(second.guarantee.epsilon, 9);
  EXPECT_GT(second.guarantee.epsilon, 8.9);
  const InitialModel third = read_initial_model(example.experiment(after(example, "second", "DISJOINT_PEOPLE")));
  ASSERT_EQ(third.earlier_runs.size(), 2U);
  EXPECT_EQ(third.earlier_runs[1].initial_weights, InitialWeights::same_people);

  overrides.push_back("privacy.plans_fixed_in_advance=true");
  overrides[1] = "runtime.initial_model=\"" + (example / "second").string() + "\"";
  expect_error<ConfigError>("a run before this one (record " + second.record.substr(0, 12) + "...) does not state it",
                            [&] { read_initial_model(example.experiment(overrides)); });
}

TEST(InitialModel, WithoutALedgerCanBeOfOtherPeopleOrPublicButNotOfTheSame) {
  const RunExample example;
  example.run("first", {kPlain});
  const std::vector<NamedTensor> weights = read_model_file(example.folder("first").model()).weights;
  {
    ForeignFile file = ForeignFile::create(example / "foreign.h5");
    for (const NamedTensor& weight : weights) {
      const std::vector<hsize_t> shape(weight.value.shape().axes().begin(), weight.value.shape().axes().end());
      file.dataset(weight.name, H5T_IEEE_F32LE, shape, H5T_NATIVE_FLOAT, weight.value.data());
    }
  }
  expect_error<ConfigError>("privacy.initial_weights is SAME_PEOPLE, so the ledger of the run before is needed", [&] {
    read_initial_model(example.experiment(after(example, "foreign.h5", "SAME_PEOPLE")));
  });
  const RunResult other = example.run("other", after(example, "foreign.h5", "DISJOINT_PEOPLE"));
  EXPECT_TRUE(std::isfinite(other.guarantee.epsilon));
  ASSERT_EQ(other.claims_of_others.size(), 1U);
  EXPECT_TRUE(std::isinf(other.claims_of_others[0].claim.epsilon)) << "nothing is known of them";
  EXPECT_TRUE(std::isfinite(example.run("public", after(example, "foreign.h5", "PUBLIC")).guarantee.epsilon));
  EXPECT_TRUE(std::isinf(example.run("silent", after(example, "foreign.h5", "")).guarantee.epsilon));
}

TEST(EarlierRuns, AreChargedTheirPlanAndMoreWhereLessIsKnown) {
  const RunExample example;
  stop_after(example, 7, "stopped", StopBasis::releases);
  stop_after(example, 7, "independent", StopBasis::nothing);
  stop_after(example, 7, "figures", StopBasis::private_figures);
  const auto charged = [&](const std::string& name) {
    return earlier_runs_of(read_model_file(example.folder(name).model())).back().charged;
  };
  const auto claims_nothing = [](const Ledger& ledger) {
    return ledger.entries().back().event.get_if<NonPrivate>() != nullptr;
  };
  EXPECT_EQ(charged("stopped").releases(), 30U);
  EXPECT_EQ(charged("independent").releases(), 7U);
  EXPECT_TRUE(claims_nothing(charged("figures")));
  EXPECT_FALSE(claims_nothing(charged("stopped")));
  example.run("seeded", {kPlain, "privacy.seed=3"});
  EXPECT_TRUE(claims_nothing(charged("seeded")));
  const std::filesystem::path kept = std::filesystem::path(DPML_TEST_DATA) / "io" / "format_1";
  EXPECT_EQ(earlier_runs_of(read_model_file(kept / "plain/model.h5")).back().charged.releases(), 30U);
  EXPECT_EQ(earlier_runs_of(read_model_file(kept / "stopped.h5")).back().charged.releases(), 1000000U);
  EXPECT_TRUE(claims_nothing(earlier_runs_of(read_model_file(kept / "warm.h5")).back().charged));
}

TEST(Chain, SurvivesBeingStoppedAndResumedWithoutTheModelItBeganFrom) {
  const RunExample example;
  example.run("first", {kPlain});
  std::vector<std::string> overrides = after(example, "first", "SAME_PEOPLE");
  overrides.push_back("privacy.target_epsilon=9");
  example.stop_after(7, "second", overrides);
  const ModelFile stopped = read_model_file(example.folder("second").model());
  std::filesystem::remove_all(example / "first");
  example.resume("second", overrides);
  const ModelFile finished = read_model_file(example.folder("second").model());
  EXPECT_EQ(finished.ending, Ending::finished);
  EXPECT_EQ(finished.initial_weights, InitialWeights::same_people);
  EXPECT_EQ(finished.initial_model, stopped.initial_model);
  EXPECT_EQ(finished.initial_weights_digest, stopped.initial_weights_digest);
  ASSERT_EQ(finished.earlier_runs.size(), 1U);
  EXPECT_LE(finished.claim.epsilon, 9);
  expect_error<ConfigError>("another config", [&] { example.resume("second", {kPlain, "privacy.target_epsilon=9"}); });
}

// --------------------------------------------------------------------------------------------------- how it ended

TEST(Ending, DecidesWhatAStoppedRunClaims) {
  const RunExample example;
  const double plan = example.run("whole", {kPlain}).guarantee.epsilon;
  const RunResult on_releases = stop_after(example, 7, "a", StopBasis::releases);
  EXPECT_EQ(on_releases.ending, Ending::stopped_on_releases);
  EXPECT_EQ(on_releases.guarantee.epsilon, plan);
  const RunResult independent = stop_after(example, 7, "b", StopBasis::nothing);
  EXPECT_EQ(independent.ending, Ending::stopped_independently);
  EXPECT_LT(independent.guarantee.epsilon, plan / 1.5);
  const RunResult figures = stop_after(example, 7, "c", StopBasis::private_figures);
  EXPECT_EQ(figures.ending, Ending::stopped_on_private_figures);
  EXPECT_TRUE(std::isinf(figures.guarantee.epsilon));
  for (const RunResult& result : {on_releases, independent, figures}) EXPECT_FALSE(result.finished);
  EXPECT_EQ(read_model_file(example.folder("a").model()).planned, 30U);
}

TEST(Ending, IsAsBadAsTheWorstStopUntilThePlanIsUsedUp) {
  const RunExample example;
  stop_after(example, 5, "run", StopBasis::private_figures);
  EXPECT_EQ(read_checkpoint(example.folder("run").checkpoint()).stop_basis, StopBasis::private_figures);
  EXPECT_EQ(stop_after(example, 5, "run", StopBasis::nothing, true).ending, Ending::stopped_on_private_figures);
  const RunResult finished = example.resume("run", {kPlain});
  EXPECT_EQ(finished.ending, Ending::finished);
  EXPECT_TRUE(std::isfinite(finished.guarantee.epsilon)) << "the whole plan was paid for";
  stop_after(example, 5, "other", StopBasis::nothing);
  EXPECT_EQ(stop_after(example, 5, "other", StopBasis::releases, true).ending, Ending::stopped_on_releases);
}

TEST(Ending, OfARunThatGoesOnIsNotThatOfItsFirstPart) {
  const RunExample example;
  stop_after(example, 5, "run", StopBasis::releases);
  EXPECT_EQ(read_journal(example.folder("run").journal()).models.size(), 1U);
  example.resume("run", {kPlain});
  const JournalContents journal = read_journal(example.folder("run").journal());
  ASSERT_EQ(journal.models.size(), 2U);
  EXPECT_EQ(journal.models[0].releases, 5U);
  EXPECT_EQ(journal.models[1].releases, 30U);
  EXPECT_EQ(journal.models[1].record, digests_of(read_model_file(example.folder("run").model())).record);
}

// ----------------------------------------------------------------------------------------- the owner's files, memory

unsigned rights(const std::filesystem::path& path) {
  struct stat about {};
  EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 0777U;
}

void expect_closed(const RunFolder& folder) {
  EXPECT_EQ(rights(folder.owner()), 0700U);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.owner())) {
    EXPECT_EQ(rights(entry.path()), 0600U) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 3);
  EXPECT_EQ(rights(folder.model()), 0644U);
}

TEST(OwnerFolder, IsClosedToOthersWhateverWasThere) {
  const mode_t mask = ::umask(022);
  const RunExample example;
  example.run("new", {kPlain});
  expect_closed(example.folder("new"));

  std::filesystem::create_directories(example / "open" / "owner");
  std::filesystem::permissions(example / "open" / "owner", std::filesystem::perms(0777));
  std::string notices;
  run_training(example.experiment({kPlain}),
               {.folder = example / "open", .on_notice = [&](const std::string& sentence) { notices += sentence; }});
  expect_closed(example.folder("open"));
  EXPECT_NE(notices.find("others had rights on this folder"), std::string::npos) << notices;

  example.stop_after(3, "resumed", {kPlain});
  std::filesystem::permissions(example.folder("resumed").owner(), std::filesystem::perms(0755));
  std::filesystem::permissions(example.folder("resumed").checkpoint(), std::filesystem::perms(0644));
  example.resume("resumed", {kPlain});
  expect_closed(example.folder("resumed"));
  ::umask(mask);
}

TEST(RunMemory, IsComparedWithTheMachineBeforeAnythingIsMade) {
  const RunExample example;
  const auto huge = example.experiment({kPlain, "model.layer[0].linear.out=1000000000"});
  expect_error<ConfigError>("the model has 7,000,000,002 parameters, and training it needs",
                            [&] { run_training(huge, {.folder = example / "huge"}); });
  EXPECT_FALSE(std::filesystem::exists(example / "huge"));
}

// -------------------------------------------------------------------------------------------------------- programs

class Program : public testing::Test {
 protected:
  static PrivacyOptions privacy() {
    return {.unit = "one row",
            .neighbours = Neighbours::add_or_remove_one,
            .sampler = SamplerKind::poisson,
            .sampling_rate = 0.1,
            .expected_batch_size = 20,
            .steps = 10,
            .clip_bound = 1,
            .delta = 1e-4,
            .target_epsilon = 3,
            .public_size = 200,
            .initial_weights = InitialWeights::random};
  }
  TrainingOptions options() const { return {.optimizer = {.learning_rate = 0.5}, .threads = 1}; }

  TemporaryFolder folder_;
  TensorDataset data_ = two_classes(200);
  std::unique_ptr<Sequential> model_ = small_model();
};

TEST_F(Program, WritesAModelFile) {
  Trainer trainer(*model_, data_, TrainingPlan(privacy()), options());
  while (trainer.step()) {
  }
  const std::string record = trainer.write_model(folder_ / "model.h5", {.program = "ward 1.0"});
  const ModelFile model = read_model_file(folder_ / "model.h5");
  EXPECT_EQ(digests_of(model).record, record);
  EXPECT_EQ(model.ending, Ending::finished);
  EXPECT_EQ(model.steps, 10U);
  EXPECT_EQ(model.claim.epsilon, trainer.plan().guarantee().epsilon);
  EXPECT_TRUE(same_bits(model.weights, named_weights(*model_)));
  EXPECT_NE(model.config.find("ward 1.0"), std::string::npos);
  expect_error<ConfigError>("was trained by the program \"ward 1.0\"", [&] { load_model(folder_ / "model.h5"); });
}

TEST_F(Program, StatesWhereItsWeightsBegan) {
  PrivacyOptions silent = privacy();
  silent.initial_weights.reset();
  Trainer trainer(*model_, data_, TrainingPlan(silent), options());
  expect_error<PrivacyError>("PrivacyOptions::initial_weights has to state whose data",
                             [&] { trainer.write_model(folder_ / "model.h5", {.program = "x"}); });
  EXPECT_EQ(folder_.file_count(), 0U);
}

TEST_F(Program, OffersNoModelOfDataThatTeachesNothing) {
  const auto expect_refusal = [&](const TensorDataset& data, const std::string& reason) {
    Trainer trainer(*model_, data, TrainingPlan(privacy()), options());
    while (trainer.step()) {
    }
    expect_error<DataError>(reason, [&] { trainer.write_model(folder_ / "model.h5", {.program = "x"}); });
    EXPECT_EQ(folder_.file_count(), 0U);
  };
  expect_refusal(two_classes(0), "no row is left");
  Tensor inputs(Shape{3, 4});
  for (float& number : inputs.mutable_values()) number = std::numeric_limits<float>::quiet_NaN();
  expect_refusal(TensorDataset(NumericArray(inputs), Tensor::zeros(Shape{3})), "no row is finite");
}

TEST_F(Program, SaysOnWhatItStoppedOnceItHasReadPrivateFigures) {
  Trainer trainer(*model_, data_, TrainingPlan(privacy()), options());
  trainer.step();
  trainer.write_model(folder_ / "a.h5", {.program = "x"});
  EXPECT_EQ(read_model_file(folder_ / "a.h5").ending, Ending::stopped_on_releases);
  EXPECT_EQ(read_model_file(folder_ / "a.h5").claim.epsilon, trainer.plan().guarantee().epsilon);
  EXPECT_GE(trainer.last_step().batch_size, 0);
  expect_error<PrivacyError>("the program has read last_step()",
                             [&] { trainer.write_model(folder_ / "b.h5", {.program = "x"}); });
  trainer.write_model(folder_ / "b.h5", {.program = "x", .stop_basis = StopBasis::private_figures});
  EXPECT_TRUE(std::isinf(read_model_file(folder_ / "b.h5").claim.epsilon));
  trainer.write_model(folder_ / "c.h5", {.program = "x", .stop_basis = StopBasis::nothing});
  EXPECT_LT(read_model_file(folder_ / "c.h5").claim.epsilon, 2);
  while (trainer.step()) {
  }
  trainer.write_model(folder_ / "d.h5", {.program = "x"});
  EXPECT_EQ(read_model_file(folder_ / "d.h5").ending, Ending::finished) << "nothing was decided";
}

TEST_F(Program, RemembersInItsStateThatFiguresWereRead) {
  TrainerState state;
  {
    Trainer trainer(*model_, data_, TrainingPlan(privacy()), options());
    trainer.step();
    EXPECT_FALSE(trainer.state().figures_were_read);
    trainer.last_step();
    state = trainer.state();
    EXPECT_TRUE(state.figures_were_read);
  }
  Trainer resumed(*model_, data_, TrainingPlan(privacy()), options());
  resumed.restore(state);
  expect_error<PrivacyError>("the program has read last_step()",
                             [&] { resumed.write_model(folder_ / "a.h5", {.program = "x"}); });
}

TEST_F(Program, GoesOnFromAModelOnTheSamePeople) {
  {
    Trainer trainer(*model_, data_, TrainingPlan(privacy()), options());
    while (trainer.step()) {
    }
    trainer.write_model(folder_ / "first.h5", {.program = "x"});
  }
  PrivacyOptions second = privacy();
  second.initial_weights = InitialWeights::same_people;
  second.target_epsilon = 9;
  expect_error<ConfigError>("the runs before it are not stated", [&] { const TrainingPlan plan(second); });
  second.earlier_runs = earlier_runs_of(read_model_file(folder_ / "first.h5"));
  const TrainingPlan plan(second);
  EXPECT_LE(plan.guarantee().epsilon, 9);
  Trainer trainer(*model_, data_, plan, options());
  while (trainer.step()) {
  }
  trainer.write_model(folder_ / "second.h5", {.program = "x"});
  EXPECT_EQ(read_model_file(folder_ / "second.h5").earlier_runs.size(), 1U);
}

}  // namespace
}  // namespace dpml
