#include "dpml/train/run_memory.h"

#include "base/expect_error.h"
#include "train/plain_run.h"

namespace dpml {
namespace {

TEST(RunMemory, IsComparedWithTheMachineBeforeAnythingIsMade) {
  const RunExample example;
  const auto huge = example.experiment({kPlain, "model.layer[0].linear.out=1000000000"});
  expect_error<ConfigError>("the model has 7,000,000,002 parameters, and training it needs",
                            [&] { run_training(huge, {.folder = example / "huge"}); });
  EXPECT_FALSE(std::filesystem::exists(example / "huge"));
}

}  // namespace
}  // namespace dpml
