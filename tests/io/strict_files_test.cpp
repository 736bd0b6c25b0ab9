#include <sys/stat.h>

#include <functional>

#include "base/expect_error.h"
#include "dpml/base/text.h"
#include "dpml/io/checkpoint.h"
#include "dpml/io/journal.h"
#include "dpml/io/model_file.h"
#include "edit_hdf5.h"
#include "example_files.h"

// What a stranger may do to a file of dpml with the HDF5 library in hand, digests recomputed or not touched: nothing of
// it is accepted.

namespace dpml {
namespace {

using Edit = std::function<void(ForeignFile&)>;

/// Why the model is refused after the edit; "" when it is not.
std::string refusal(const std::filesystem::path& path, const ModelFile& model, const Edit& edit) {
  write_model_file(path, model);
  {
    ForeignFile file = ForeignFile::open(path);
    edit(file);
  }
  try {
    read_stored_model(path);
  } catch (const NotAsWritten& error) {
    return error.what();
  } catch (const FileError& error) {
    ADD_FAILURE() << "refused, but as if it were damaged: " << error.what();
    return error.what();
  }
  return "";
}

ModelFile version_1() {
  ModelFile model = example_model();
  model.format_version = 1;
  model.notes = {"First caveat.", "", "Second, longer caveat: ε is an upper bound."};
  return model;
}

class StrictFile : public testing::TestWithParam<bool> {
 protected:
  ModelFile model() const { return GetParam() ? version_1() : example_model(); }
  void expect_refused(const std::string& expected, const Edit& edit) {
    const std::string found = refusal(folder_ / "model.h5", model(), edit);
    EXPECT_NE(found.find(expected), std::string::npos) << "expected: " << expected << "\ngot: " << found;
  }

  TemporaryFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(Versions, StrictFile, testing::Bool(),
                         [](const auto& info) { return info.param ? "Version1" : "Version2"; });

/// Puts a weight back in another form.
Edit weight_as(const std::function<void(ForeignFile&, const std::vector<float>&)>& write) {
  return [write](ForeignFile& file) {
    std::vector<float> values(6);
    const hid_t dataset = H5Dopen2(file.id(), "weights/fc2.weight", H5P_DEFAULT);
    H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Dclose(dataset);
    H5Ldelete(file.id(), "weights/fc2.weight", H5P_DEFAULT);
    write(file, values);
  };
}

TEST_P(StrictFile, HasNothingThatTheFormatDoesNotKnow) {
  const float number = 1;
  expect_refused("has \"/extra\", which is no part of the format",
                 [&](ForeignFile& file) { file.dataset("extra", H5T_IEEE_F32LE, {1}, H5T_NATIVE_FLOAT, &number); });
  expect_refused("is not what dpml writes for its content", [&](ForeignFile& file) {
    file.dataset("weights/extra", H5T_IEEE_F32LE, {1}, H5T_NATIVE_FLOAT, &number);
  });
  expect_refused("\"/note/\" does not keep the order of its members", [](ForeignFile& file) { file.group("note"); });
  expect_refused("\"/note/\" does not keep the order of its members", [](ForeignFile& file) {
    file.group("note");
    file.group("note/inside");
  });
  expect_refused("is of a type that dpml does not write",
                 [](ForeignFile& file) { file.text_attribute("/", "claim", "epsilon 0.1"); });
  expect_refused("has an attribute \"epsilon\" of \"/\" that is no part of the format",
                 [](ForeignFile& file) { file.number_attribute("/", "epsilon", 0.1); });
  expect_refused("attribute \"true_epsilon\" of \"/claim/\"",
                 [](ForeignFile& file) { file.number_attribute("claim", "true_epsilon", 0.1); });
  expect_refused("\"/config\" has attributes", [](ForeignFile& file) { file.number_attribute("config", "x", 1); });
  expect_refused("\"/note\" is neither a group nor a dataset", [](ForeignFile& file) {
    const hid_t type = H5Tcopy(H5T_NATIVE_INT);
    H5Tcommit2(file.id(), "note", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Tclose(type);
  });
}

TEST_P(StrictFile, LeadsNowhereElse) {
  expect_refused("\"/weights/x\" is a link into another file", [](ForeignFile& file) {
    H5Lcreate_external("/etc/passwd", "/", file.id(), "weights/x", H5P_DEFAULT, H5P_DEFAULT);
  });
  expect_refused("\"/weights/x\" is a link to another place", [](ForeignFile& file) {
    H5Lcreate_soft("/weights/fc1.bias", file.id(), "weights/x", H5P_DEFAULT, H5P_DEFAULT);
  });
  expect_refused("\"/weights/fc1.weight\" has several names", [](ForeignFile& file) {
    H5Lcreate_hard(file.id(), "weights/fc1.weight", file.id(), "weights/x", H5P_DEFAULT, H5P_DEFAULT);
  });
  expect_refused("\"/weights\" has several names", [](ForeignFile& file) {
    H5Lcreate_hard(file.id(), "weights", file.id(), "weights/x", H5P_DEFAULT, H5P_DEFAULT);
  });
  write_bytes(folder_ / "secret", std::string(24, 'x'));
  const std::string secret = (folder_ / "secret").string();
  expect_refused("\"/weights/fc2.weight\" keeps its numbers in another file",
                 weight_as([&](ForeignFile& file, const std::vector<float>&) {
                   const std::vector<hsize_t> shape{2, 3};
                   const hid_t space = H5Screate_simple(2, shape.data(), nullptr);
                   const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
                   H5Pset_external(creation, secret.c_str(), 0, 24);
                   H5Dclose(H5Dcreate2(file.id(), "weights/fc2.weight", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation,
                                       H5P_DEFAULT));
                   H5Pclose(creation);
                   H5Sclose(space);
                 }));
}

/// A dataset that has its place in the file, as holes, without ever being filled.
void unfilled(ForeignFile& file, const std::string& name, hid_t type, std::vector<hsize_t> shape) {
  H5Ldelete(file.id(), name.c_str(), H5P_DEFAULT);
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
  H5Dclose(H5Dcreate2(file.id(), name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  H5Pclose(creation);
  H5Sclose(space);
}

TEST_P(StrictFile, IsNoLongerThanWhatItDescribes) {
  expect_refused("\"/claim/\" has more attributes than any group of dpml", [](ForeignFile& file) {
    for (int i = 0; i < 100; ++i) file.number_attribute("claim", std::to_string(i), i);
  });
  expect_refused("\"/\" has more members than any group of dpml", [](ForeignFile& file) {
    for (int i = 0; i < (1 << 16); ++i) {
      H5Lcreate_soft("/config", file.id(), std::to_string(i).c_str(), H5P_DEFAULT, H5P_DEFAULT);
    }
  });
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_strpad(text, H5T_STR_NULLPAD);
  H5Tset_cset(text, H5T_CSET_UTF8);
  H5Tset_size(text, 1000);
  for (const hsize_t rows : {hsize_t{40000}, hsize_t{1} << 20}) {
    if (rows > 40000) H5Tset_size(text, 1);
    expect_refused("\"/ledger/event\" is longer than any that dpml writes",
                   [&](ForeignFile& file) { unfilled(file, "ledger/event", text, {rows}); });
  }
  H5Tclose(text);
  expect_refused("\"/ledger/count\" is longer than any that dpml writes",
                 [](ForeignFile& file) { unfilled(file, "ledger/count", H5T_STD_U64LE, {hsize_t{1} << 18}); });
}

TEST_P(StrictFile, AsksBeforeItsWeightsAreRead) {
  const auto path = folder_ / "model.h5";
  write_model_file(path, model());
  const auto refuse = [&](const std::string& config, std::uint64_t version, std::span<const NamedShape> weights) {
    EXPECT_EQ(config, model().config);
    EXPECT_EQ(version, GetParam() ? 1U : 2U);
    ASSERT_EQ(weights.size(), model().weights.size());
    EXPECT_EQ(weights[0].name, model().weights[0].name);
    EXPECT_EQ(weights[0].shape, model().weights[0].value.shape());
    throw ConfigError("are too many");
  };
  expect_error<NotAsWritten>("its weights: are too many", [&] { read_stored_model(path, refuse); });
}

TEST_P(StrictFile, KeepsItsTypesAndLayouts) {
  const auto stored_as = [&](hid_t type, std::vector<hsize_t> chunk = {}) {
    return weight_as([type, chunk](ForeignFile& file, const std::vector<float>& values) {
      file.dataset("weights/fc2.weight", type, {2, 3}, H5T_NATIVE_FLOAT, values.data(), chunk);
    });
  };
  expect_refused("\"/weights/fc2.weight\" is of a type that dpml does not write", stored_as(H5T_IEEE_F64LE));
  expect_refused("\"/weights/fc2.weight\" is of a type that dpml does not write", stored_as(H5T_IEEE_F32BE));
  expect_refused("\"/weights/fc2.weight\" is stored in chunks", stored_as(H5T_IEEE_F32LE, {1, 3}));
  expect_refused("is not what dpml writes for its content", stored_as(H5T_IEEE_F32LE));  // at another place
  expect_refused("\"/weights/fc2.weight\" was never filled", weight_as([](ForeignFile& file, const auto&) {
                   file.dataset("weights/fc2.weight", H5T_IEEE_F32LE, {2, 3}, H5T_NATIVE_FLOAT, nullptr);
                 }));
  expect_refused("\"/weights/fc2.weight\" claims more bytes", weight_as([](ForeignFile& file, const auto&) {
                   file.dataset("weights/fc2.weight", H5T_IEEE_F32LE, {1 << 30, 2}, H5T_NATIVE_FLOAT, nullptr);
                 }));
  expect_refused(
      "\"/weights/fc2.weight\" is stored in chunks", weight_as([](ForeignFile& file, const auto&) {
        file.dataset("weights/fc2.weight", H5T_IEEE_F32LE, {1 << 30, 2}, H5T_NATIVE_FLOAT, nullptr, {1 << 20, 2});
      }));
  expect_refused("expected a whole number in attribute \"format_version\"",
                 [](ForeignFile& file) { file.number_attribute("/", "format_version", GetParam() ? 1.9 : 2.9); });
  expect_refused("expected a whole number in attribute \"steps\"",
                 [](ForeignFile& file) { file.number_attribute("/", "steps", 3041.99); });
  expect_refused("expected a number in attribute \"delta\"",
                 [](ForeignFile& file) { file.count_attribute("claim", "delta", 1); });
  expect_refused("is of a type that dpml does not write", [](ForeignFile& file) { file.python_text("config", "x"); });
}

TEST_P(StrictFile, HidesNothingBehindItsTexts) {
  const auto unit = [](const std::string& bytes) {
    return [bytes](ForeignFile& file) { file.fixed_text_attribute("/", "unit", bytes); };
  };
  expect_refused("", unit(std::string("row\0\0\0", 6)));  // too long a field
  expect_refused("has zero bytes inside", unit(std::string("row\0epsilon 0.1", 15)));
  expect_refused("is no UTF-8", unit("r\xfcw"));
  write_model_file(folder_ / "model.h5", model());
  const std::string bytes = read_file(folder_ / "model.h5");
  for (const std::string& tail : {std::string("x"), std::string(1, '\0'), std::string(5000, 'x')}) {
    write_bytes(folder_ / "model.h5", bytes + tail);
    const std::string found = file_error(folder_ / "model.h5", [&] { read_stored_model(folder_ / "model.h5"); });
    EXPECT_NE(found.find("has " + counted(std::ssize(tail), "byte") + " after its end"), std::string::npos) << found;
  }
}

TEST_P(StrictFile, HasWordsOfClosedSetsOnly) {
  const std::string sentence = "trust me";
  expect_refused(GetParam() ? "its noise_key is none of the two sentences" : "noise key: \"trust me\" is not known",
                 [&](ForeignFile& file) { file.fixed_text_attribute("/", "noise_key", sentence); });
  expect_refused("its dpml_version is no version",
                 [](ForeignFile& file) { file.fixed_text_attribute("/", "dpml_version", "1\nPASSED"); });
  expect_refused("the claim's neighbours: neighbours: \"friends\\nPASSED\" is not known",
                 [](ForeignFile& file) { file.fixed_text_attribute("claim", "neighbours", "friends\nPASSED"); });
  expect_refused("attribute \"averaged\" of \"/\" is 2, expected 0 or 1",
                 [](ForeignFile& file) { file.count_attribute("/", "averaged", 2); });
  if (GetParam()) return;
  expect_refused("initial weights: \"x\" is not known",
                 [](ForeignFile& file) { file.fixed_text_attribute("/", "initial_weights", "x"); });
  expect_refused("ending: \"x\" is not known",
                 [](ForeignFile& file) { file.fixed_text_attribute("/", "ending", "x"); });
}

TEST_P(StrictFile, SaysWhatItLacks) {
  expect_refused("expected an attribute \"steps\" of \"/\"", [](ForeignFile& file) { H5Adelete(file.id(), "steps"); });
  expect_refused("expected \"/config\"", [](ForeignFile& file) { H5Ldelete(file.id(), "config", H5P_DEFAULT); });
  expect_refused("expected \"/weights\"", [](ForeignFile& file) { H5Ldelete(file.id(), "weights", H5P_DEFAULT); });
  expect_refused("row 1 of the ledger counts 0", [](ForeignFile& file) {
    file.rewrite("ledger/count", H5T_NATIVE_UINT64, std::vector<std::uint64_t>{3, 0, 1}.data());
  });
}

TEST_P(StrictFile, NamesThePartsThatWereChangedInPlace) {
  // The bytes are those of such a content; the digests are not.
  const std::filesystem::path path = folder_ / "model.h5";
  const auto mismatch = [&](const std::string& part, const Edit& edit) {
    EXPECT_EQ(refusal(path, model(), edit), "");
    const std::vector<std::string> mismatches = verify_digests(read_stored_model(path));
    ASSERT_FALSE(mismatches.empty()) << part;
    EXPECT_TRUE(mismatches.front().starts_with(part)) << mismatches.front();
    EXPECT_NE(file_error(path, [&] { read_model_file(path); }).find("changed after dpml wrote it (" + part),
              std::string::npos);
  };
  mismatch("weights", [](ForeignFile& file) {
    file.rewrite("weights/fc2.weight", H5T_NATIVE_FLOAT, std::vector<float>(6, 1).data());
  });
  mismatch("record", [](ForeignFile& file) { file.overwrite_count("/", "averaged", 0); });
}

TEST(StrictFile2, HasDigestsWhereTheyBelong) {
  TemporaryFolder folder;
  const auto expect_refused = [&](const std::function<void(ModelFile&)>& change) {
    ModelFile model = example_model();
    change(model);
    write_model_file(folder / "model.h5", model);
    expect_error<NotAsWritten>("is no digest", [&] { read_stored_model(folder / "model.h5"); });
  };
  expect_refused([](ModelFile& model) { model.initial_model = "PASSED"; });
  expect_refused([](ModelFile& model) { model.initial_model = std::string(64, 'A'); });
  expect_refused([](ModelFile& model) { model.initial_weights_digest = std::string(63, '0'); });
}

TEST(StrictFile2, HasALedgerWhoseRowsFollowFromEachOther) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& expected, const Edit& edit) {
    const std::string found = refusal(folder / "model.h5", example_model(), edit);
    EXPECT_NE(found.find(expected), std::string::npos) << found;
  };
  refused("row 1 of the ledger does not follow from the rows before it", [](ForeignFile& file) {
    file.rewrite("ledger/count", H5T_NATIVE_UINT64, std::vector<std::uint64_t>{3000, 2, 40}.data());
  });
  refused("row 3 of the ledger does not follow",
          [](ForeignFile& file) { file.fixed_text_attribute("ledger", "head", std::string(64, '0')); });
}

TEST(StrictFile2, NamesAPartThatItDoesNotKnow) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "model.h5";
  write_model_file(path, example_model());
  ForeignFile::open(path).fixed_text_attribute("/", "parts", "signature");
  EXPECT_NE(file_error(path, [&] { read_stored_model(path); })
                .find("has parts that this dpml does not know (\"signature\"): use a newer dpml"),
            std::string::npos);
  write_model_file(path, example_model());
  ForeignFile::open(path).fixed_text_attribute("/", "parts", "earlier_runs");
  EXPECT_NE(file_error(path, [&] { read_stored_model(path); }).find("expected \"/earlier_runs\""), std::string::npos);
}

TEST(StrictFile2, OfAnotherVersionOrKindIsSaidToBeOne) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "model.h5";
  for (const std::uint64_t version : {0U, 3U}) {
    write_model_file(path, example_model());
    ForeignFile::open(path).overwrite_count("/", "format_version", version);
    const std::string found = file_error(path, [&] { read_stored_model(path); });
    EXPECT_NE(found.find("is written in version " + std::to_string(version) +
                         " of the format \"dpml model\"; this dpml reads versions 1 to 2"),
              std::string::npos);
    EXPECT_EQ(found.find("use a newer dpml") != std::string::npos, version == 3);
  }
  write_model_file(path, example_model());
  ForeignFile::open(path).fixed_text_attribute("/", "format", "other\n");
  EXPECT_NE(file_error(path, [&] { read_stored_model(path); }).find("found a file of format \"other\\n\""),
            std::string::npos);
}

TEST(StrictFile2, IsARegularFile) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const std::filesystem::path& path : {folder / "pipe", std::filesystem::path("/dev/zero")}) {
    EXPECT_NE(file_error(path, [&] { read_stored_model(path); }).find("found a device or a pipe"), std::string::npos);
    EXPECT_NE(file_error(path, [&] { read_checkpoint(path); }).find("found a device or a pipe"), std::string::npos);
  }
}

TEST(Format1, FilesOfTheLastReleaseAreReadToTheLastBit) {
  const std::filesystem::path kept = std::filesystem::path(DPML_TEST_DATA) / "io" / "format_1";
  for (const char* name : {"plain/model.h5", "averaged/model.h5", "warm.h5", "seeded.h5", "stopped.h5"}) {
    const ModelFile model = read_model_file(kept / name);
    EXPECT_EQ(model.format_version, 1U);
    EXPECT_EQ(model.dpml_version, "0.1.0");
    EXPECT_EQ(model.unit, "one row");
    EXPECT_EQ(model.weights.size(), 4U);
    EXPECT_EQ(model.notes.size(), 1U);
    const TemporaryFolder folder;
    write_model_file(folder / "again.h5", model);
    EXPECT_EQ(read_file(folder / "again.h5"), read_file(kept / name)) << name;
  }
  EXPECT_EQ(read_model_file(kept / "plain/model.h5").initial_weights, InitialWeights::random);
  EXPECT_EQ(read_model_file(kept / "warm.h5").initial_weights, InitialWeights::unknown);
  EXPECT_EQ(read_model_file(kept / "seeded.h5").noise_key, NoiseKey::chosen_seed);
  EXPECT_TRUE(read_model_file(kept / "averaged/model.h5").averaged);
  for (const char* name : {"plain", "averaged"}) {
    const Checkpoint checkpoint = read_checkpoint(kept / name / "owner" / "checkpoint.h5");
    EXPECT_EQ(checkpoint.format_version, 1U);
    EXPECT_EQ(checkpoint.steps, 30U);
    EXPECT_EQ(read_journal(kept / name / "owner" / "ledger.journal").ledger.releases(), 30U);
  }
}

TEST(StrictCheckpoint, HasNothingThatTheFormatDoesNotKnow) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "checkpoint.h5";
  write_checkpoint(path, example_checkpoint());
  ForeignFile::open(path).number_attribute("/", "epsilon", 0.1);
  EXPECT_THROW(read_checkpoint(path), NotAsWritten);
  write_checkpoint(path, example_checkpoint());
  ForeignFile::open(path).overwrite_count("/", "steps", 7);
  EXPECT_NE(file_error(path, [&] { read_checkpoint(path); }).find("was damaged or changed after dpml wrote it"),
            std::string::npos);
}

TEST(StrictCheckpoint, HasNoMoreNumbersThanBelongToItsWeights) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "checkpoint.h5";
  Checkpoint longer = example_checkpoint();
  longer.optimizer[0].value = Tensor::zeros({100, 100});
  write_checkpoint(path, longer);
  expect_error<NotAsWritten>("has more numbers of the optimizer", [&] { read_checkpoint(path); });
  longer = example_checkpoint();
  longer.averages.push_back({"fc1.weight", Tensor::zeros({100000})});
  write_checkpoint(path, longer);
  expect_error<NotAsWritten>("has more averages than weights", [&] { read_checkpoint(path); });
  const auto refuse = [](const std::string&, std::uint64_t, std::span<const NamedShape>) {
    throw ConfigError("are too many");
  };
  write_checkpoint(path, example_checkpoint());
  expect_error<NotAsWritten>("its weights: are too many", [&] { read_checkpoint(path, refuse); });
}

}  // namespace
}  // namespace dpml
