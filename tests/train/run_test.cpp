#include "dpml/train/run.h"

#include <algorithm>
#include <set>

#include "base/expect_error.h"
#include "dpml/base/file.h"
#include "dpml/io/arrays.h"
#include "dpml/io/journal.h"
#include "dpml/io/model_file.h"
#include "dpml/layers/sequential.h"
#include "dpml/train/open_dataset.h"
#include "train/small_run.h"

namespace dpml {
namespace {

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.insert(std::filesystem::relative(entry.path(), folder).string());
  }
  return files;
}

TEST(Run, LeavesAModelAndTheOwnersFilesAndNothingElse) {
  const RunExample example;
  const RunResult result = example.run("run");
  EXPECT_EQ(files_in(example / "run"), (std::set<std::string>{"model.h5", "owner/checkpoint.h5", "owner/ledger.journal",
                                                              "owner/log.csv", "owner/rows.csv"}));
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.steps, 30U);
  EXPECT_EQ(result.releases, 30U);
  EXPECT_EQ(result.planned, 30U);
  EXPECT_EQ(result.parameters, 58);
  EXPECT_LE(result.guarantee.epsilon, 4);
  EXPECT_GT(result.guarantee.epsilon, 3.9);
  ASSERT_TRUE(result.test.has_value());
  EXPECT_EQ(result.test->count, 50);
  EXPECT_GT(result.test->accuracy.value(), 0.6);

  const ModelFile model = read_model_file(example.folder("run").model());
  EXPECT_EQ(model.claim.epsilon, result.guarantee.epsilon);
  EXPECT_EQ(model.ledger.releases(), 30U);
  EXPECT_EQ(model.steps, 30U);
  EXPECT_EQ(model.unit, "one row");
  EXPECT_TRUE(model.averaged);
  EXPECT_EQ(model.config, example.experiment().text);
  EXPECT_EQ(read_journal(example.folder("run").journal()).ledger, model.ledger);

  const LoadedModel loaded = load_model(example.folder("run").model());
  EXPECT_TRUE(same_bits(named_weights(*loaded.model), model.weights));
  const auto test = open_dataset(loaded.experiment.test.value());
  EXPECT_EQ(evaluate(*loaded.model, *test, Loss::cross_entropy, 1).loss, result.test->loss);
}

TEST(Run, HoldsNothingFromTheDataInItsModelFile) {
  // At a learning rate that moves no weight, whatever else came from the data would show as a difference.
  const std::vector<std::string> overrides{"optimizer.sgd.learning_rate=1e-38", "averaging.decay=0", "privacy.seed=4"};
  const RunExample example;
  example.run("first", overrides);
  example.write_data("x.npy", "y.npy", 137);
  example.write_data("tx.npy", "ty.npy", 9);
  example.run("second", overrides);
  EXPECT_EQ(read_file(example.folder("first").model()), read_file(example.folder("second").model()));
  EXPECT_NE(read_file(example.folder("first").log()), read_file(example.folder("second").log()));
}

TEST(Run, NamesInItsModelFileAreAFixedList) {
  const RunExample example;
  example.run("run");
  std::istringstream tree(hdf5_tree(example.folder("run").model()));
  std::set<std::string> names;
  for (std::string line; std::getline(tree, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    names.insert(name);
  }
  EXPECT_EQ(names, (std::set<std::string>{"/",          "@averaged",       "@dpml_version",  "@ending",
                                          "@format",    "@format_version", "@initial_model", "@initial_weights",
                                          "@noise_key", "@parts",          "@planned",       "@steps",
                                          "@unit",      "claim/",          "@accountant",    "@delta",
                                          "@epsilon",   "@neighbours",     "config",         "digests/",
                                          "@config",    "@ledger",         "@record",        "@weights",
                                          "ledger/",    "@head",           "count",          "digest",
                                          "event",      "weights/",        "0.weight",       "0.bias",
                                          "3.weight",   "3.bias"}));
}

TEST(Run, RefusesAFolderThatHoldsARun) {
  const RunExample example;
  example.run("run");
  const std::string model = read_file(example.folder("run").model());
  expect_error<ConfigError>("holds a run already", [&] { example.run("run"); });
  std::filesystem::remove_all(example.folder("run").owner());
  expect_error<ConfigError>("model.h5", [&] { example.run("run"); });
  EXPECT_EQ(read_file(example.folder("run").model()), model);
}

TEST(Run, RefusesToResumeWhereThereIsNoRun) {
  const RunExample example;
  expect_error<ConfigError>("there is no run to resume", [&] { example.resume("nothing"); });
  EXPECT_FALSE(std::filesystem::exists(example / "nothing"));
}

TEST(Run, SaysWhenTheFolderCannotBeMade) {
  const RunExample example;
  expect_error<FileError>("x.npy", [&] { example.run("x.npy"); });
}

TEST(Run, ResumesAFinishedRunWithoutChangingIt) {
  const RunExample example;
  const RunResult first = example.run("run");
  const std::string model = read_file(example.folder("run").model());
  const std::string journal = read_file(example.folder("run").journal());
  const RunResult again = example.resume("run");
  EXPECT_TRUE(again.finished);
  EXPECT_EQ(again.steps, 30U);
  EXPECT_EQ(again.guarantee.epsilon, first.guarantee.epsilon);
  EXPECT_EQ(read_file(example.folder("run").model()), model);
  EXPECT_EQ(read_file(example.folder("run").journal()), journal);
}

TEST(Run, StoppedAndResumedEqualsAnUninterruptedOne) {
  const std::vector<std::string> seeded{"privacy.seed=12"};
  const RunExample example;
  example.run("whole", seeded);
  for (const std::string checkpoint : {"0", "60"}) {
    const std::string name = "parts" + checkpoint;
    std::vector<std::string> overrides{seeded[0], "runtime.checkpoint_every_seconds=" + checkpoint};
    const RunResult first = example.stop_after(1, name, overrides);
    EXPECT_FALSE(first.finished);
    EXPECT_EQ(first.steps, 1U);
    EXPECT_EQ(read_model_file(example.folder(name).model()).ledger.releases(), 1U);
    const RunResult second = example.stop_after(12, name, overrides, true);
    EXPECT_EQ(second.steps, 13U);
    const RunResult last = example.resume(name, overrides);
    EXPECT_TRUE(last.finished);
    EXPECT_EQ(last.releases, 30U);
    const ModelFile whole = read_model_file(example.folder("whole").model());
    const ModelFile parts = read_model_file(example.folder(name).model());
    EXPECT_TRUE(same_bits(parts.weights, whole.weights)) << name;
    EXPECT_EQ(parts.ledger, whole.ledger);
    EXPECT_EQ(parts.claim.epsilon, std::numeric_limits<double>::infinity());  // the seed was chosen
  }
}

TEST(Run, DrawsANewKeyUnlessASeedIsStated) {
  const RunExample example;
  example.run("a");
  example.run("b");
  EXPECT_FALSE(same_bits(read_model_file(example.folder("a").model()).weights,
                         read_model_file(example.folder("b").model()).weights));
}

TEST(Run, RefusesToResumeWithAnotherConfigButAllowsAnotherRuntime) {
  const RunExample example;
  example.stop_after(5, "run");
  for (const std::string change :
       {"privacy.delta=1e-5", "privacy.target_epsilon=5", "privacy.steps=40", "optimizer.sgd.learning_rate=0.25",
        "privacy.seed=1", "model.layer[2].dropout.probability=0.5", "privacy.unit=\"one person\""}) {
    expect_error<ConfigError>("another config", [&] { example.resume("run", {change}); });
  }
  EXPECT_EQ(read_journal(example.folder("run").journal()).ledger.releases(), 5U);
  const RunResult result =
      example.resume("run", {"runtime.threads=2", "runtime.physical_batch=3", "runtime.checkpoint_every_seconds=9"});
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.releases, 30U);
}

TEST(Run, StartsFromTheWeightsOfAnotherModel) {
  const RunExample example;
  example.run("first");
  const ModelFile first = read_model_file(example.folder("first").model());
  const std::string initial = "runtime.initial_model=\"" + example.folder("first").model().string() + "\"";
  // This learning rate moves no weight.
  const std::vector<std::string> overrides{initial, "optimizer.sgd.learning_rate=1e-38", "averaging.decay=0"};
  std::string notice;
  int left = 3;
  run_training(example.experiment(overrides), {.folder = example / "second",
                                               .resume = false,
                                               .on_progress = {},
                                               .on_notice = [&](const std::string& sentence) { notice += sentence; },
                                               .stop_requested = [&] { return --left == 0; }});
  EXPECT_NE(notice.find("this run claims nothing"), std::string::npos) << notice;
  example.resume("second", overrides);
  const ModelFile second = read_model_file(example.folder("second").model());
  EXPECT_TRUE(same_bits(second.weights, first.weights));
  EXPECT_EQ(second.initial_model, digests_of(first).record) << "forgotten by the resumed part";
  EXPECT_EQ(second.initial_weights_digest, digest_of(first.weights)) << "forgotten by the resumed part";
  EXPECT_EQ(second.initial_weights, InitialWeights::unknown);
  EXPECT_TRUE(std::isinf(second.claim.epsilon));
  EXPECT_EQ(first.initial_model, "");
  EXPECT_EQ(first.initial_weights, InitialWeights::random);

  expect_error<FileError>("0.weight", [&] { example.run("third", {initial, "model.layer[0].linear.out=9"}); });
  expect_error<FileError>("no_such.h5", [&] { example.run("third", {"runtime.initial_model=\"no_such.h5\""}); });
  EXPECT_FALSE(std::filesystem::exists(example / "third"));
}

TEST(Run, TellsHowFarItIs) {
  const RunExample example;
  std::vector<RunProgress> told;
  run_training(example.experiment(), {.folder = example / "run",
                                      .resume = false,
                                      .on_progress = [&](const RunProgress& progress) { told.push_back(progress); },
                                      .on_notice = {},
                                      .stop_requested = {}});
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().step, 30U);
  EXPECT_EQ(told.back().steps, 30U);
  EXPECT_EQ(told.back().seconds_left, 0);
  EXPECT_NEAR(told.back().epoch, 3, 1e-9);
  EXPECT_EQ(told.back().epsilon, read_model_file(example.folder("run").model()).claim.epsilon);
}

TEST(Run, LogsARowForEachEpochAndAppendsWhenResumed) {
  const RunExample example;
  example.stop_after(15, "run");
  example.resume("run");
  std::istringstream log(read_file(example.folder("run").log()));
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0],
            "step,epoch,seconds,mean_batch_size,mean_train_loss,test_loss,test_accuracy,samples_without_finite_loss");
  const std::vector<std::string> steps{"10", "15", "20", "30"};  // stopped after 15
  for (std::size_t row = 0; row < 4; ++row) {
    EXPECT_TRUE(lines[row + 1].starts_with(steps[row] + ",")) << lines[row + 1];
    EXPECT_EQ(std::count(lines[row + 1].begin(), lines[row + 1].end(), ','), 7) << lines[row + 1];
  }
}

void write(const std::filesystem::path& file, const Tensor& tensor) {
  write_bytes(file, npy(tensor.shape(), tensor.values()));
}

TEST(Run, RefusesABadRowBeforeAnythingIsWritten) {
  const RunExample example;
  Tensor labels = Tensor::zeros({200});
  labels.mutable_data()[77] = std::numeric_limits<float>::quiet_NaN();
  write(example / "y.npy", labels);
  const std::vector<std::string> binary{"model.layer[3].linear.out=1", "loss=BINARY_CROSS_ENTROPY"};
  for (const auto& overrides : {std::vector<std::string>{}, binary}) {
    expect_error<FileError>("y.npy: row 77 (counted from 0): the label must be 0 or 1",
                            [&] { example.run("run", overrides); });
    EXPECT_FALSE(std::filesystem::exists(example / "run"));
  }
  write(example / "y.npy", Tensor::zeros({200, 1}));
  expect_error<DataError>("y.npy: labels are [N, 1]", [&] { example.run("run"); });
  write(example / "y.npy", Tensor::zeros({200, 2}));
  expect_error<DataError>("one-hot", [&] { example.run("run"); });
  EXPECT_FALSE(std::filesystem::exists(example / "run"));
}

TEST(Run, ChecksTheRowsOfItsTestData) {
  const RunExample example;
  write(example / "ty.npy", Tensor::filled({50}, 2));
  expect_error<FileError>("ty.npy: row 0", [&] { example.run("run"); });
  write(example / "ty.npy", Tensor::zeros({50, 1}));
  expect_error<DataError>("ty.npy: labels are [N, 1]", [&] { example.run("run"); });
  example.write_data("tx.npy", "ty.npy", 0);
  expect_error<DataError>("data.test (", [&] { example.run("run"); });
  expect_error<DataError>("tx.npy): no row is left", [&] { example.run("run"); });
  EXPECT_FALSE(std::filesystem::exists(example / "run"));
}

TEST(Run, ChecksEveryRowAgainWhenResumed) {
  const RunExample example;
  example.stop_after(5, "run");
  write(example / "y.npy", Tensor::zeros({200, 1}));
  expect_error<DataError>("y.npy: labels are [N, 1]", [&] { example.resume("run"); });
  EXPECT_EQ(read_journal(example.folder("run").journal()).ledger.releases(), 5U);
  example.write_data("x.npy", "y.npy", 200);
  EXPECT_TRUE(example.resume("run").finished);
}

TEST(Run, WantsARowWithFiniteInputs) {
  const RunExample example;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    write(example / "x.npy", Tensor::filled({200, 4}, bad));
    expect_error<DataError>("x.npy): no row is finite", [&] { example.run("run"); });
  }
  example.write_data("x.npy", "y.npy", 0);
  expect_error<DataError>("x.npy): no row is left", [&] { example.run("run"); });
  EXPECT_FALSE(std::filesystem::exists(example / "run"));
}

TEST(Run, CountsTheRowsThatWeighNothingForTheOwner) {
  const RunExample example;
  Tensor inputs = Tensor::filled({200, 4}, 0.5F);
  for (Index i = 0; i < 8; ++i) inputs.mutable_data()[i] = std::numeric_limits<float>::quiet_NaN();
  write(example / "x.npy", inputs);
  example.run("run");
  EXPECT_EQ(read_file(example.folder("run").rows()),
            "data,rows,dropped_rows,rows_with_non_finite_inputs\ntrain,200,0,2\ntest,50,0,0\n");
}

TEST(Run, OffersNoModelWhoseWeightsAreNotFinite) {
  const RunExample example;
  for (const std::string change : {"optimizer.sgd.learning_rate=1e300", "privacy.noise_multiplier=1e300"}) {
    expect_error<DivergenceError>("not finite any more", [&] { example.run("run", {change}); });
    EXPECT_FALSE(std::filesystem::exists(example.folder("run").model()));
    EXPECT_EQ(read_journal(example.folder("run").journal()).ledger.releases(), 1U);
    std::filesystem::remove_all(example / "run");
  }
}

TEST(Run, ShorterThanAnEpochLogsARow) {
  const RunExample example;
  example.run("run", {"privacy.steps=3"});
  const std::string log = read_file(example.folder("run").log());
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
  EXPECT_NE(log.find("\n3,"), std::string::npos) << log;
}

TEST(Run, WithoutNoiseClaimsNothing) {
  const RunExample example;
  const RunResult result = example.run("run", {"privacy.noise_multiplier=0", "privacy.clip_bound=inf"});
  EXPECT_TRUE(std::isinf(result.guarantee.epsilon));
  EXPECT_TRUE(std::isinf(read_model_file(example.folder("run").model()).claim.epsilon));
  EXPECT_GT(result.test->accuracy.value(), 0.9);
}

}  // namespace
}  // namespace dpml
