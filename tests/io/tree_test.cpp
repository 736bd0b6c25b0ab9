#include <cstring>

#include "dpml/io/arrays.h"
#include "edit_hdf5.h"
#include "example_files.h"

namespace dpml {
namespace {

TEST(Hdf5Tree, ShowsAModelFile) {
  const TemporaryFolder folder;
  ModelFile model = example_model();
  model.weights.resize(2);
  write_model_file(folder / "model.h5", model);
  const ModelDigests digests = digests_of(model);
  EXPECT_EQ(hdf5_tree(folder / "model.h5"),
            "/\n"
            "  @averaged = 1\n"
            "  @dpml_version = \"0.1.0\"\n"
            "  @ending = \"finished\"\n"
            "  @format = \"dpml model\"\n"
            "  @format_version = 2\n"
            "  @initial_model = \"\"\n"
            "  @initial_weights = \"random\"\n"
            "  @noise_key = \"operating_system\"\n"
            "  @parts = \"\"\n"
            "  @planned = 3041\n"
            "  @steps = 3041\n"
            "  @unit = \"row\"\n"
            "  config  text\n"
            "  ledger/\n"
            "    @head = \"" +
                digests.ledger +
                "\"\n"
                "    @neighbours = \"add_or_remove_one\"\n"
                "    event  text [3]\n"
                "    count  uint64 [3]\n"
                "    digest  text [3]\n"
                "  claim/\n"
                "    @accountant = \"rdp\"\n"
                "    @delta = 1e-05\n"
                "    @epsilon = 2.9999999999999996\n"
                "    @neighbours = \"add_or_remove_one\"\n"
                "    @order = 12.3\n"
                "  weights/\n"
                "    fc2.weight  float32 [2, 3]\n"
                "    fc1.weight  float32 [4]\n"
                "  digests/\n"
                "    @config = \"" +
                digests.config +
                "\"\n"
                "    @initial_weights = \"" +
                model.initial_weights_digest +
                "\"\n"
                "    @ledger = \"" +
                digests.ledger +
                "\"\n"
                "    @record = \"" +
                digests.record +
                "\"\n"
                "    @weights = \"" +
                digests.weights + "\"\n");
}

TEST(Hdf5Tree, SurvivesLinksCyclesAndControlCharacters) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "foreign.h5";
  {
    ForeignFile file = ForeignFile::create(path);
    file.group("a");
    H5Lcreate_hard(file.id(), "/a", file.id(), "/a/self", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/nowhere", file.id(), "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("other.h5", "/x", file.id(), "external", H5P_DEFAULT, H5P_DEFAULT);
    file.text_attribute("a", "color", "\x1b[31m");
    file.text_attribute("a", "long", std::string(1000, 'x'));
    file.dataset("t\tb", H5T_STD_I16BE, {3}, H5T_NATIVE_INT, nullptr);
  }
  EXPECT_EQ(hdf5_tree(path),
            "/\n"
            "  a/\n"
            "    @color = \"\\x1b[31m\"\n"
            "    @long = (text)\n"
            "    self/\n"
            "      ... (shown above, or too deep)\n"
            "  external  link into another file, not followed\n"
            "  soft  link to another place in this file\n"
            "  t\\tb  int16 [3]\n");
}

TEST(Hdf5Tree, ShowsTheFirstOfManyAttributes) {
  TemporaryFolder folder;
  const std::filesystem::path path = folder / "foreign.h5";
  {
    ForeignFile file = ForeignFile::create(path);
    for (int i = 0; i < 300; ++i) file.number_attribute("/", std::to_string(1000 + i), i);
  }
  const std::string tree = hdf5_tree(path);
  EXPECT_NE(tree.find("\n  @1099 = 99\n  @  ... (200 more, not shown)\n"), std::string::npos) << tree;
}

TEST(Hdf5Tree, NamesAFileThatIsNotHdf5) {
  const TemporaryFolder folder;
  write_bytes(folder / "text", "no");
  EXPECT_NE(file_error(folder / "text", [&] { hdf5_tree(folder / "text"); }).find("expected an HDF5 file"),
            std::string::npos);
}

}  // namespace
}  // namespace dpml
