#include "dpml/io/model_file.h"

#include <cstring>
#include <functional>

#include "edit_hdf5.h"
#include "example_files.h"

namespace dpml {
namespace {

TEST(ModelFile, ReadsBackEveryBitThatWasWritten) {
  const TemporaryFolder folder;
  const ModelFile written = example_model();
  write_model_file(folder / "model.h5", written);
  const ModelFile read = read_model_file(folder / "model.h5");
  EXPECT_EQ(read.config, written.config);
  EXPECT_TRUE(same_bits(read.weights, written.weights));
  EXPECT_EQ(read.averaged, written.averaged);
  EXPECT_EQ(read.steps, written.steps);
  EXPECT_EQ(read.unit, written.unit);
  EXPECT_EQ(read.noise_key, written.noise_key);
  EXPECT_EQ(read.initial_model, written.initial_model);
  EXPECT_EQ(read.notes, written.notes);
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
                        .noise_key = "",
                        .initial_model = "",
                        .notes = {},
                        .dpml_version = "",
                        .ledger = Ledger(Neighbours::zero_out),
                        .claim = claim};
  write_model_file(folder / "model.h5", empty);
  const ModelFile read = read_model_file(folder / "model.h5");
  EXPECT_TRUE(read.weights.empty() && read.notes.empty() && read.ledger.entries().empty());
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
      {"noise key", [](ModelFile& model) { model.noise_key = "chosen seed: not private"; }},
      {"initial model", [](ModelFile& model) { model.initial_model = "00"; }},
      {"notes", [](ModelFile& model) { model.notes.pop_back(); }},
      {"version", [](ModelFile& model) { model.dpml_version = "9"; }},
      {"ledger", [](ModelFile& model) { model.ledger.append(example_event(1.1)); }},
      {"epsilon", [](ModelFile& model) { model.claim.epsilon = 2; }},
      {"delta", [](ModelFile& model) { model.claim.delta = 1e-6; }},
      {"neighbours", [](ModelFile& model) { model.claim.neighbours = Neighbours::replace_one; }},
      {"accountant", [](ModelFile& model) { model.claim.accountant = "pld"; }},
      {"order", [](ModelFile& model) { model.claim.order.reset(); }}};
  for (const auto& [part, change] : changes) {
    ModelFile model = example_model();
    change(model);
    EXPECT_NE(digests_of(model).record, digests_of(example_model()).record) << part;
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

TEST(ModelFile, NamesThePartsThatWereChangedAfterwards) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "model.h5";
  const std::vector<std::pair<std::string, std::function<void(ForeignFile&)>>> changes{
      {"config", [](ForeignFile& file) { file.python_text("config", "privacy { unit: \"none\" }"); }},
      {"weights",
       [](ForeignFile& file) {
         file.rewrite("weights/fc2.weight", H5T_NATIVE_FLOAT, std::vector<float>(6, 1).data());
       }},
      {"weights", [](ForeignFile& file) { H5Ldelete(file.id(), "weights/fc1.bias", H5P_DEFAULT); }},
      {"ledger",
       [](ForeignFile& file) {
         file.rewrite("ledger/count", H5T_NATIVE_UINT64, std::vector<std::uint64_t>{1, 1, 1}.data());
       }},
      {"record", [](ForeignFile& file) { file.number_attribute("claim", "epsilon", 0.5); }},
      {"record", [](ForeignFile& file) { file.number_attribute("/", "steps", 3040); }},
      {"record", [](ForeignFile& file) { file.text_attribute("/", "noise_key", "chosen"); }}};
  for (const auto& [part, change] : changes) {
    write_model_file(path, example_model());
    EXPECT_TRUE(verify_digests(read_stored_model(path)).empty());
    {
      ForeignFile file = ForeignFile::open(path);
      change(file);
    }
    const std::vector<std::string> mismatches = verify_digests(read_stored_model(path));
    ASSERT_FALSE(mismatches.empty()) << part;
    EXPECT_TRUE(mismatches.front().starts_with(part)) << mismatches.front();
    EXPECT_NE(file_error(path, [&] { read_model_file(path); }).find("changed after dpml wrote it (" + part),
              std::string::npos);
  }
}

TEST(ModelFile, SaysWhatIsWrongWithItsStructure) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "model.h5";
  const std::vector<std::pair<std::string, std::function<void(ForeignFile&)>>> cases{
      {"written in version 2 of the format \"dpml model\"; this dpml reads version 1: use a newer dpml",
       [](ForeignFile& file) { file.number_attribute("/", "format_version", 2); }},
      {"found a file of format \"other\"", [](ForeignFile& file) { file.text_attribute("/", "format", "other"); }},
      {"found an HDF5 file of another kind", [](ForeignFile& file) { H5Adelete(file.id(), "format"); }},
      {"expected an attribute \"steps\" of \"/\"", [](ForeignFile& file) { H5Adelete(file.id(), "steps"); }},
      {"expected a dataset \"/config\", but there is none; \"/\" holds notes, ledger, claim, weights and digests",
       [](ForeignFile& file) { H5Ldelete(file.id(), "config", H5P_DEFAULT); }},
      {"expected a group \"/weights\"", [](ForeignFile& file) { H5Ldelete(file.id(), "weights", H5P_DEFAULT); }},
      {"row 1 of the ledger counts 0",
       [](ForeignFile& file) {
         file.rewrite("ledger/count", H5T_NATIVE_UINT64, std::vector<std::uint64_t>{3, 0, 1}.data());
       }},
      {"the claim's neighbours", [](ForeignFile& file) { file.text_attribute("claim", "neighbours", "friends"); }}};
  for (const auto& [expected, change] : cases) {
    write_model_file(path, example_model());
    {
      ForeignFile file = ForeignFile::open(path);
      change(file);
    }
    const std::string error = file_error(path, [&] { read_stored_model(path); });
    EXPECT_NE(error.find(expected), std::string::npos) << "expected: " << expected << "\ngot: " << error;
  }
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
  EXPECT_NE(error_of("text.h5").find("expected a dpml model file, but it is not HDF5"), std::string::npos);
  EXPECT_NE(error_of("empty.h5").find("but it is not HDF5"), std::string::npos);
  EXPECT_NE(error_of("missing.h5").find("there is no such file"), std::string::npos);
  EXPECT_NE(error_of("foreign.h5").find("which dpml did not write"), std::string::npos);
  EXPECT_NE(error_of("checkpoint.h5").find("found a file of format \"dpml checkpoint\""), std::string::npos);
  EXPECT_NE(error_of(".").find("found a folder"), std::string::npos);
}

TEST(ModelFile, RefusesNamesThatCannotBeStored) {
  const TemporaryFolder folder;
  for (const std::string name : {"", ".", "a/b", "fc1.weight"}) {
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

TEST(ModelFile, ADamagedByteIsAnErrorOrHarmless) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "model.h5";
  ModelFile model = example_model();
  model.weights.resize(10);
  write_model_file(path, model);
  const std::string whole = read_file(path);
  std::size_t harmless = 0;
  for (std::size_t i = 0; i < whole.size(); i += 5) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    write_bytes(path, damaged);
    file_error(path, [&] {
      EXPECT_EQ(digests_of(read_model_file(path)).record, digests_of(model).record) << "byte " << i;
      ++harmless;
    });
  }
  RecordProperty("harmless", static_cast<int>(harmless));
  EXPECT_LT(harmless, whole.size() / 10) << "unused bytes between the parts of the file";
}

TEST(ModelFile, LeavesNothingOpen) {
  const TemporaryFolder folder;
  write_model_file(folder / "model.h5", example_model());
  read_model_file(folder / "model.h5");
  ForeignFile::open(folder / "model.h5").text_attribute("/", "format", "other");
  EXPECT_THROW(read_model_file(folder / "model.h5"), FileError);
  ModelFile impossible = example_model();
  impossible.weights[3].name = "a/b";
  EXPECT_THROW(write_model_file(folder / "model.h5", impossible), FileError);
  EXPECT_EQ(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
}

TEST(ModelFile, LeavesTheErrorPrintingOfHdf5AsItWasUnlessItFails) {
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
  EXPECT_FALSE(is_printing());
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
