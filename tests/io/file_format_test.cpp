#include <cstdlib>
#include <cstring>

#include "dpml/io/journal.h"
#include "example_files.h"

// What docs/file_format.md promises to people who read our files with other tools.

namespace dpml {
namespace {

const std::filesystem::path kTests = DPML_TEST_DATA;

/// The n-th code block (from 0) of the page that is marked with `language`.
std::string code_block(const std::string& language, int n) {
  const std::string page = read_file(kTests.parent_path() / "docs" / "file_format.md");
  const std::string opening = "```" + language + "\n";
  std::size_t begin = page.find(opening);
  for (; n > 0; --n) begin = page.find(opening, begin + 1);
  begin += opening.size();
  return page.substr(begin, page.find("```", begin) - begin);
}

/// A Python that has h5py; "" when there is none.
std::string python_with_h5py() {
  for (const std::string python : {"python3", "/usr/bin/python3"}) {
    if (std::system((python + " -c 'import h5py' 2>/dev/null").c_str()) == 0) return python;
  }
  return "";
}

ModelFile linear_model() {
  ModelFile model = example_model();
  model.weights = {{"fc.weight", Tensor::zeros({2, 3})}, {"fc.bias", Tensor::zeros({2})}};
  model.claim.epsilon = 2.5;
  return model;
}

TEST(FileFormat, ThePagesPythonReadsAModel) {
  const std::string python = python_with_h5py();
  if (python.empty()) GTEST_SKIP() << "needs Python with h5py (Debian: python3-h5py)";
  const TemporaryFolder folder;
  write_model_file(folder / "model.h5", linear_model());
  write_bytes(folder / "read.py", code_block("python", 0));
  const std::string command = "cd " + (folder / "").string() + " && " + python + " read.py > output.txt";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_file(folder / "output.txt"), code_block("text", 0));
}

TEST(FileFormat, StrangersComputeTheSameDigests) {
  const std::string python = python_with_h5py();
  if (python.empty()) GTEST_SKIP() << "needs Python with h5py (Debian: python3-h5py)";
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "model.h5";
  const std::string command = python + " " + (kTests / "io" / "verify_model.py").string() + " " + path.string() +
                              " > " + (folder / "output.txt").string();
  write_model_file(path, example_of_a_chain());
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_TRUE(read_file(folder / "output.txt").starts_with("fc2.weight float32 [2, 3]\nfc1.weight float32 [4]\n"))
      << "the order of the model";
  std::string bytes = read_file(path);
  bytes[bytes.find("noise_multiplier: 1.1") + 18] = '9';
  write_bytes(path, bytes);
  EXPECT_NE(std::system(command.c_str()), 0);
  EXPECT_TRUE(read_file(folder / "output.txt").ends_with("these do not fit: /ledger, ledger, record\n"));
  std::filesystem::copy_file(kTests / "io" / "format_1" / "plain" / "model.h5", path,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(std::system(command.c_str()), 0) << "version 1";
}

TEST(FileFormat, ThePagesJournalIsWhatIsWritten) {
  const TemporaryFolder folder;
  const auto journal = JournalFile::create(folder / "ledger.journal", Neighbours::add_or_remove_one);
  journal->record(Gaussian{1.5}, 1);
  journal->record(Gaussian{1.5}, 20);
  journal->record_model("42c5898db71e154c385e850103a85e73d65556c57ab71cf99fe6c9450901dde4");
  EXPECT_EQ(read_file(folder / "ledger.journal"), code_block("text", 1));
}

}  // namespace
}  // namespace dpml
