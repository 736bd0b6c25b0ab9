#include "dpml/train/initial_model.h"

#include "base/expect_error.h"
#include "dpml/io/model_file.h"
#include "dpml/io/weight_writers.h"
#include "dpml/train/claim.h"
#include "io/edit_hdf5.h"
#include "train/plain_run.h"

// Where runs begin, and what they carry along from the runs before.

namespace dpml {
namespace {

void add(const std::vector<NamedTensor>& weights, ForeignFile& file) {
  for (const NamedTensor& weight : weights) {
    const std::vector<hsize_t> shape(weight.value.shape().axes().begin(), weight.value.shape().axes().end());
    file.dataset(weight.name, H5T_IEEE_F32LE, shape, H5T_NATIVE_FLOAT, weight.value.data());
  }
}

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
      add(weights, file);
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
  EXPECT_EQ(initial.not_used, "not used: head.bias and head.weight");
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
    add(weights, file);
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

}  // namespace
}  // namespace dpml
