#include "dpml/io/model_file.h"

#include <cstring>
#include <functional>

#include "edit_hdf5.h"
#include "example_files.h"

namespace dpml {
namespace {

class ModelFileOf : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Runs, ModelFileOf, testing::Bool(),
                         [](const auto& info) { return info.param ? "AChain" : "OneRun"; });

TEST_P(ModelFileOf, ReadsBackEveryBitThatWasWritten) {
  const TemporaryFolder folder;
  const ModelFile written = GetParam() ? example_of_a_chain() : example_model();
  write_model_file(folder / "model.h5", written);
  const ModelFile read = read_model_file(folder / "model.h5");
  EXPECT_EQ(read.config, written.config);
  EXPECT_TRUE(same_bits(read.weights, written.weights));
  EXPECT_EQ(read.averaged, written.averaged);
  EXPECT_EQ(read.steps, written.steps);
  EXPECT_EQ(read.unit, written.unit);
  EXPECT_EQ(read.format_version, 2U);
  EXPECT_EQ(read.planned, written.planned);
  EXPECT_EQ(read.noise_key, written.noise_key);
  EXPECT_EQ(read.initial_weights, written.initial_weights);
  EXPECT_EQ(read.initial_model, written.initial_model);
  EXPECT_EQ(read.initial_weights_digest, written.initial_weights_digest);
  EXPECT_EQ(read.ending, written.ending);
  ASSERT_EQ(read.earlier_runs.size(), written.earlier_runs.size());
  for (std::size_t i = 0; i < read.earlier_runs.size(); ++i) {
    const EarlierRun& run = read.earlier_runs[i];
    const EarlierRun& other = written.earlier_runs[i];
    EXPECT_EQ(run.record, other.record);
    EXPECT_EQ(run.unit, other.unit);
    EXPECT_EQ(run.accountant, other.accountant);
    EXPECT_EQ(run.delta, other.delta);
    EXPECT_EQ(run.initial_weights, other.initial_weights);
    EXPECT_EQ(run.fixed_in_advance, other.fixed_in_advance);
    EXPECT_TRUE(run.charged == other.charged);
  }
  ASSERT_EQ(read.claims_of_others.size(), written.claims_of_others.size());
  for (std::size_t i = 0; i < read.claims_of_others.size(); ++i) {
    EXPECT_EQ(read.claims_of_others[i].unit, written.claims_of_others[i].unit);
    EXPECT_EQ(read.claims_of_others[i].claim.epsilon, written.claims_of_others[i].claim.epsilon);
  }
  EXPECT_EQ(read.dpml_version, written.dpml_version);
  EXPECT_TRUE(read.ledger == written.ledger);
  EXPECT_EQ(read.claim.epsilon, written.claim.epsilon);
  EXPECT_EQ(read.claim.delta, written.claim.delta);
  EXPECT_EQ(read.claim.neighbours, written.claim.neighbours);
  EXPECT_EQ(read.claim.accountant, written.claim.accountant);
  EXPECT_EQ(read.claim.order, written.claim.order);
}

TEST(ModelFile, HoldsAModelOfNothing) {
  const TemporaryFolder folder;
  const double infinity = std::numeric_limits<double>::infinity();
  const Guarantee claim{
      .epsilon = infinity, .delta = 0, .neighbours = Neighbours::zero_out, .accountant = "", .order = {}};
  const ModelFile empty{.config = "",
                        .weights = {},
                        .unit = "",
                        .initial_model = "",
                        .dpml_version = "0",
                        .ledger = Ledger(Neighbours::zero_out),
                        .claim = claim};
  write_model_file(folder / "model.h5", empty);
  const ModelFile read = read_model_file(folder / "model.h5");
  EXPECT_TRUE(read.weights.empty() && read.ledger.entries().empty());
  EXPECT_EQ(read.ledger.neighbours(), Neighbours::zero_out);
  EXPECT_EQ(read.claim.epsilon, infinity);
  EXPECT_FALSE(read.claim.order);
}

TEST(ModelFile, EqualModelsGiveEqualBytes) {
  const TemporaryFolder folder;
  write_model_file(folder / "a.h5", example_model());
  write_model_file(folder / "b.h5", read_model_file(folder / "a.h5"));
  EXPECT_EQ(read_file(folder / "a.h5"), read_file(folder / "b.h5"));
}

TEST(ModelFile, CarriesNoTimeStamps) {
  const TemporaryFolder folder;
  write_model_file(folder / "model.h5", example_model());
  const ForeignFile file = ForeignFile::open(folder / "model.h5");
  for (const char* name : {"/", "weights", "config", "weights/fc2.weight"}) {
    H5O_info_t info{};
    ASSERT_GE(H5Oget_info_by_name2(file.id(), name, &info, H5O_INFO_TIME, H5P_DEFAULT), 0);
    EXPECT_EQ(info.btime, 0) << name;
    EXPECT_EQ(info.mtime, 0) << name;
  }
}

TEST(ModelFile, EveryPartReachesTheRecordDigest) {
  const std::vector<std::pair<std::string, std::function<void(ModelFile&)>>> changes{
      {"config", [](ModelFile& model) { model.config += " "; }},
      {"weight bit",
       [](ModelFile& model) {
         model.weights[0].value = Tensor::filled({2, 3}, 1);
       }},
      {"sign of zero", [](ModelFile& model) { model.weights[1].value = Tensor::filled({4}, 0); }},
      {"weight shape",
       [](ModelFile& model) {
         model.weights[0].value = model.weights[0].value.reshaped({3, 2});
       }},
      {"weight name", [](ModelFile& model) { model.weights[0].name = "fc3.weight"; }},
      {"averaged", [](ModelFile& model) { model.averaged = false; }},
      {"steps", [](ModelFile& model) { ++model.steps; }},
      {"unit", [](ModelFile& model) { model.unit = "user"; }},
      {"planned", [](ModelFile& model) { ++model.planned; }},
      {"noise key", [](ModelFile& model) { model.noise_key = NoiseKey::chosen_seed; }},
      {"origin", [](ModelFile& model) { model.initial_weights = InitialWeights::public_data; }},
      {"initial model", [](ModelFile& model) { model.initial_model = "00"; }},
      {"initial weights", [](ModelFile& model) { model.initial_weights_digest[0] = '0'; }},
      {"ending", [](ModelFile& model) { model.ending = Ending::stopped_independently; }},
      {"no earlier run", [](ModelFile& model) { model.earlier_runs.clear(); }},
      {"order of earlier runs", [](ModelFile& model) { std::swap(model.earlier_runs[0], model.earlier_runs[1]); }},
      {"record of an earlier run", [](ModelFile& model) { model.earlier_runs[0].record = "1"; }},
      {"unit of an earlier run", [](ModelFile& model) { model.earlier_runs[0].unit = "1"; }},
      {"accountant of an earlier run", [](ModelFile& model) { model.earlier_runs[0].accountant = "1"; }},
      {"delta of an earlier run", [](ModelFile& model) { model.earlier_runs[0].delta = 1; }},
      {"origin of an earlier run",
       [](ModelFile& model) { model.earlier_runs[1].initial_weights = InitialWeights::same_people; }},
      {"plan of an earlier run", [](ModelFile& model) { model.earlier_runs[1].fixed_in_advance = true; }},
      {"ledger of an earlier run", [](ModelFile& model) { model.earlier_runs[1].charged.append(Gaussian{3}); }},
      {"no claim of others", [](ModelFile& model) { model.claims_of_others.clear(); }},
      {"unit of others", [](ModelFile& model) { model.claims_of_others[0].unit = "1"; }},
      {"claim of others", [](ModelFile& model) { model.claims_of_others[0].claim.epsilon = 1; }},
      {"version", [](ModelFile& model) { model.dpml_version = "9"; }},
      {"ledger", [](ModelFile& model) { model.ledger.append(example_event(1.1)); }},
      {"epsilon", [](ModelFile& model) { model.claim.epsilon = 2; }},
      {"delta", [](ModelFile& model) { model.claim.delta = 1e-6; }},
      {"neighbours", [](ModelFile& model) { model.claim.neighbours = Neighbours::replace_one; }},
      {"accountant", [](ModelFile& model) { model.claim.accountant = "pld"; }},
      {"order", [](ModelFile& model) { model.claim.order.reset(); }}};
  for (const auto& [part, change] : changes) {
    ModelFile model = example_of_a_chain();
    change(model);
    EXPECT_NE(digests_of(model).record, digests_of(example_of_a_chain()).record) << part;
  }
}

TEST(ModelFile, OrderOfWeightsDoesNotChangeTheirDigest) {
  std::vector<NamedTensor> tensors = example_tensors();
  std::swap(tensors[0], tensors[3]);
  EXPECT_EQ(digest_of(tensors), digest_of(example_tensors()));
}

TEST(ModelFile, CountsWeightsThatAreNotFinite) {
  EXPECT_EQ(count_non_finite(example_tensors()), 2U);
}

TEST(ModelFile, RefusesWhatIsNoModelFile) {
  const TemporaryFolder folder;
  write_bytes(folder / "text.h5", "a text, long enough to hold a signature");
  write_bytes(folder / "empty.h5", "");
  ForeignFile::create(folder / "foreign.h5").group("weights");
  write_checkpoint(folder / "checkpoint.h5", example_checkpoint());
  const auto error_of = [&](const std::string& name) {
    return file_error(folder / name, [&] { read_model_file(folder / name); });
  };
  EXPECT_NE(error_of("text.h5").find("expected a file of dpml, but it is not HDF5"), std::string::npos);
  EXPECT_NE(error_of("empty.h5").find("but it is not HDF5"), std::string::npos);
  EXPECT_NE(error_of("missing.h5").find("there is no such file"), std::string::npos);
  EXPECT_NE(error_of("foreign.h5").find("is an HDF5 file without checksums, which dpml did not write"),
            std::string::npos);
  EXPECT_NE(error_of("checkpoint.h5").find("found a file of format \"dpml checkpoint\""), std::string::npos);
  EXPECT_NE(error_of(".").find("found a folder"), std::string::npos);
}

TEST(ModelFile, RefusesNamesThatCannotBeStored) {
  const TemporaryFolder folder;
  for (const std::string name : {"", ".", "a/b", "fc1.weight", "\xff"}) {
    ModelFile model = example_model();
    model.weights[0].name = name;
    EXPECT_THROW(write_model_file(folder / "model.h5", model), FileError) << name;
  }
  EXPECT_EQ(folder.file_count(), 0U);
}

TEST(ModelFile, TruncatedAnywhereIsOneError) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "model.h5";
  write_model_file(path, example_model());
  const std::string whole = read_file(path);
  for (std::size_t size = 0; size < whole.size(); size += size < 600 ? 7 : 97) {
    write_bytes(path, whole.substr(0, size));
    EXPECT_NE(file_error(path, [&] { read_stored_model(path); }), "") << size << " of " << whole.size() << " bytes";
  }
}

TEST(ModelFile, NoByteCanBeChanged) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "model.h5";
  ModelFile model = example_model();
  model.weights.resize(10);
  write_model_file(path, model);
  const std::string whole = read_file(path);
  for (std::size_t i = 0; i < whole.size(); i += 29) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    write_bytes(path, damaged);
    EXPECT_NE(file_error(path, [&] { read_model_file(path); }), "") << "byte " << i;
  }
}

TEST(ModelFile, LeavesNothingOpen) {
  const TemporaryFolder folder;
  write_model_file(folder / "model.h5", example_model());
  read_model_file(folder / "model.h5");
  write_bytes(folder / "model.h5", read_file(folder / "model.h5") + "x");
  EXPECT_THROW(read_model_file(folder / "model.h5"), FileError);
  ModelFile impossible = example_model();
  impossible.weights[3].name = "a/b";
  EXPECT_THROW(write_model_file(folder / "model.h5", impossible), FileError);
  EXPECT_EQ(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
}

TEST(ModelFile, LeavesTheErrorPrintingOfHdf5AsItWas) {
  const TemporaryFolder folder;
  const auto print = reinterpret_cast<H5E_auto2_t>(H5Eprint2);
  const auto is_printing = [] {
    H5E_auto2_t now = nullptr;
    H5Eget_auto2(H5E_DEFAULT, &now, nullptr);
    return now != nullptr;
  };
  H5Eset_auto2(H5E_DEFAULT, print, stderr);
  write_model_file(folder / "model.h5", example_model());
  read_model_file(folder / "model.h5");
  EXPECT_TRUE(is_printing());
  write_bytes(folder / "model.h5", read_file(folder / "model.h5").substr(0, 1000));
  EXPECT_THROW(read_model_file(folder / "model.h5"), FileError);
  EXPECT_TRUE(is_printing()) << "what fails fails in another process";
}

TEST(ModelFile, AFullDiskLeavesTheOldFile) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "model.h5";
  write_model_file(path, example_model());
  const std::string before = read_file(path);
  ModelFile larger = example_model();
  larger.weights.push_back({"large", Tensor::zeros({1000, 1000})});
  for (const rlim_t bytes : {0U, 100U, 5000U, 1000000U}) {
    const FullDisk full(bytes);
    EXPECT_NE(file_error(path, [&] { write_model_file(path, larger); }), "");
  }
  EXPECT_EQ(read_file(path), before);
  EXPECT_EQ(folder.file_count(), 1U);
}

}  // namespace
}  // namespace dpml
