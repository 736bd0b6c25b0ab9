#include "dpml/train/export.h"

#include <map>

#include "base/expect_error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"
#include "dpml/base/version.h"
#include "dpml/io/model_file.h"
#include "dpml/train/initial_model.h"
#include "train/plain_run.h"

namespace dpml {
namespace {

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

}  // namespace
}  // namespace dpml
