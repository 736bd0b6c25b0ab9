#include "dpml/io/checkpoint.h"

#include <cstring>

#include "edit_hdf5.h"
#include "example_files.h"

namespace dpml {
namespace {

TEST(Checkpoint, ReadsBackEveryBitThatWasWritten) {
  const TemporaryFolder folder;
  const Checkpoint written = example_checkpoint();
  write_checkpoint(folder / "checkpoint.h5", written);
  const Checkpoint read = read_checkpoint(folder / "checkpoint.h5");
  EXPECT_EQ(read.config, written.config);
  EXPECT_EQ(read.steps, written.steps);
  EXPECT_TRUE(same_bits(read.weights, written.weights));
  EXPECT_TRUE(same_bits(read.optimizer, written.optimizer));
  EXPECT_TRUE(read.averages.empty());
  EXPECT_EQ(read.initial_model, written.initial_model);
  EXPECT_EQ(read.dpml_version, written.dpml_version);
  EXPECT_TRUE(read.ledger == written.ledger);
  EXPECT_EQ(read.claim.epsilon, written.claim.epsilon);
  EXPECT_EQ(read.claim.order, written.claim.order);
}

TEST(Checkpoint, EqualCheckpointsGiveEqualBytes) {
  const TemporaryFolder folder;
  write_checkpoint(folder / "a.h5", example_checkpoint());
  write_checkpoint(folder / "b.h5", example_checkpoint());
  EXPECT_EQ(read_file(folder / "a.h5"), read_file(folder / "b.h5"));
}

TEST(Checkpoint, RefusesAnyChange) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "checkpoint.h5";
  const float changed = 9;
  const auto expect_refused = [&](auto change) {
    write_checkpoint(path, example_checkpoint());
    {
      ForeignFile file = ForeignFile::open(path);
      change(file);
    }
    EXPECT_NE(file_error(path, [&] { read_checkpoint(path); }), "");
  };
  expect_refused([](ForeignFile& file) { file.number_attribute("/", "steps", 1499); });
  expect_refused([](ForeignFile& file) { file.number_attribute("claim", "delta", 1e-4); });
  expect_refused([](ForeignFile& file) { file.python_text("config", ""); });
  expect_refused([](ForeignFile& file) { file.text_attribute("/", "initial_model", ""); });
  expect_refused([&](ForeignFile& file) { file.rewrite("weights/block.1", H5T_NATIVE_FLOAT, &changed); });
  expect_refused([](ForeignFile& file) { H5Ldelete(file.id(), "optimizer/momentum.fc2.weight", H5P_DEFAULT); });
  expect_refused(
      [&](ForeignFile& file) { file.dataset("averages/x", H5T_IEEE_F32LE, {1}, H5T_NATIVE_FLOAT, &changed); });
}

TEST(Checkpoint, ADamagedOrTruncatedFileIsOneError) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "checkpoint.h5";
  write_checkpoint(path, example_checkpoint());
  const std::string whole = read_file(path);
  for (std::size_t i = 0; i < whole.size(); i += 37) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(~damaged[i]);
    write_bytes(path, damaged);
    file_error(path, [&] { EXPECT_EQ(read_checkpoint(path).steps, 1500U); });
    write_bytes(path, whole.substr(0, i));
    EXPECT_NE(file_error(path, [&] { read_checkpoint(path); }), "");
  }
}

TEST(Checkpoint, AFullDiskLeavesTheOldFile) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "checkpoint.h5";
  write_checkpoint(path, example_checkpoint());
  {
    const FullDisk full(3000);
    EXPECT_NE(file_error(path, [&] { write_checkpoint(path, example_checkpoint()); }), "");
  }
  EXPECT_EQ(read_checkpoint(path).steps, 1500U);
  EXPECT_EQ(folder.file_count(), 1U);
}

}  // namespace
}  // namespace dpml
