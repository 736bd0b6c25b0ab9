#include <gtest/gtest.h>

#include "config/small_config.h"
#include "dpml/config/model_sizes.h"

namespace dpml {
namespace {

TEST(Overrides, ReplaceWhatTheFileStates) {
  const Experiment e = parse(kSmallConfig, {"privacy.delta=1e-6", "model.layer[0].conv2d.out_channels=6",
                                            "optimizer.sgd.learning_rate=0.25", "data.shape=[9, 7, 2]"});
  EXPECT_EQ(e.privacy.delta, 1e-6);
  EXPECT_EQ(model_sizes(e.model, e.train.sample_shape).weights[0].shape[0], 6);
  EXPECT_EQ(e.optimizer.learning_rate, 0.25);
  EXPECT_EQ(e.train.sample_shape, (Shape{9, 7, 2}));
}

TEST(Overrides, StateWhatTheFileDoesNot) {
  const Experiment e = parse(kSmallConfig, {"averaging.decay=0.5", "schedule.cosine.final_factor=0.25",
                                            "runtime.threads=2", "privacy.seed=7"});
  EXPECT_EQ(e.averaging.decay, 0.5);
  EXPECT_EQ(e.schedule.kind, ScheduleKind::cosine);
  EXPECT_EQ(e.schedule.final_factor, 0.25);
  EXPECT_EQ(e.runtime.threads, 2);
  EXPECT_EQ(e.privacy.seed, 7U);
}

TEST(Overrides, TakeThePlaceOfAnAlternative) {
  const Experiment e =
      parse(kSmallConfig, {"privacy.noise_multiplier=1.5", "privacy.steps=11", "optimizer.adam.learning_rate=1e-3",
                           "privacy.full_batch.public_size=50", "schedule.cosine={}"});
  EXPECT_FALSE(e.privacy.target_epsilon);
  EXPECT_EQ(e.privacy.noise_multiplier, 1.5);
  EXPECT_EQ(e.privacy.steps, 11U);
  EXPECT_EQ(e.privacy.sampler, SamplerKind::full_batch);
  EXPECT_EQ(e.optimizer.kind, OptimizerKind::adam);
  EXPECT_EQ(e.schedule.kind, ScheduleKind::cosine);
}

TEST(Overrides, MendAFieldThatIsWrongInTheFile) {
  EXPECT_EQ(parse(with("delta: 1e-5", "delta: 7"), {"privacy.delta=1e-5"}).text, parse(kSmallConfig).text);
}

TEST(Overrides, ReplaceWholeBlocks) {
  const Experiment e = parse(kSmallConfig, {"optimizer.sgd={learning_rate: 2 momentum: 0.5}"});
  EXPECT_EQ(e.optimizer.learning_rate, 2);
  EXPECT_EQ(e.optimizer.momentum, 0.5);
  EXPECT_EQ(problems_of(kSmallConfig, {"optimizer.sgd={learning_rate: x}"}),
            "--set optimizer.sgd={learning_rate: x}: optimizer.sgd.learning_rate: is `x`; expected a number");
}

TEST(Overrides, ApplyInOrder) {
  EXPECT_EQ(parse(kSmallConfig, {"privacy.delta=1e-6", "privacy.delta=1e-7"}).privacy.delta, 1e-7);
}

TEST(Overrides, NeedNoQuotesForText) {
  EXPECT_EQ(parse(kSmallConfig, {"privacy.unit=one \"rare\" image"}).privacy.unit, "one \"rare\" image");
  EXPECT_EQ(parse(kSmallConfig, {"privacy.unit=\"one image = 5\""}).privacy.unit, "one image = 5");
}

TEST(Overrides, AreNamedByTheirProblems) {
  const auto expect = [](const std::string& override, const std::string& problem) {
    EXPECT_EQ(problems_of(kSmallConfig, {override}), "--set " + override + ": " + problem);
  };
  expect("privacy.delta=2", "privacy.delta: is 2; state a number between 0 and 1, both excluded");
  expect("privacy.delt=2", "privacy.delt: no such field; did you mean delta?");
  expect("privcay.delta=2", "privcay: no such field; did you mean privacy?");
  expect("privacy.delta=x", "privacy.delta: is `x`; expected a number");
  expect("privacy.delta=", "privacy.delta: cannot be read; expected a number");
  expect("privacy.delta=1e-5 seed: 3", "privacy.delta: cannot be read; expected a number");
  expect("privacy.delta={", "privacy.delta: cannot be read; expected a number");
  expect("privacy.delta.x=1", "privacy.delta: has no fields inside; end the path here");
  expect("privacy[0].delta=1", "privacy: is not a list; leave out [0]");
  expect("privacy=1", "privacy: is `1`; expected a block, privacy { ... }");
  expect("model.layer.linear.out=1", "model.layer: is a list of 4; say which, as in layer[0]");
  expect("model.layer[4].linear.out=1", "model.layer: is a list of 4, so the last is [3]");
  expect("model.layer=1", "model.layer: is a list of blocks; set a field of one, as in layer[0].field=value");
  expect("data.shape[0]=1", "data.shape: one element cannot be set by itself; set the whole list, as in shape=[1, 2]");
  expect("model.layer[3].linear.in=5",
         "model.layer[3].linear.in: layer \"last\": is 5, but the input is [144]; state 144 "
         "or leave it out");
  expect("loss=MSE",
         "loss: is `MSE`; expected CROSS_ENTROPY, MEAN_SQUARED_ERROR, BINARY_CROSS_ENTROPY, HUBER or COSINE");
  expect("model.layer[1].linear.out=3",
         "model.layer[1].linear: there is tanh at c.txtpb:17; edit the file to make it linear");
  for (const char* nonsense : {"privacy.delta", "", "=", "model.layer[x].frozen=true", "model.layer[1.frozen=true",
                               "model.layer[-1].frozen=true", "model.layer[99999999999999999999].frozen=true"}) {
    const std::string found = problems_of(kSmallConfig, {nonsense});
    EXPECT_TRUE(found.starts_with("--set " + std::string(nonsense) + ": ")) << found;
  }
}

TEST(Overrides, MustNotContradictEachOther) {
  EXPECT_EQ(problems_of(kSmallConfig, {"privacy.target_epsilon=1", "privacy.noise_multiplier=1"}),
            "--set privacy.noise_multiplier=1: privacy.noise_multiplier: contradicts --set privacy.target_epsilon=1; "
            "keep one of the two");
}

}  // namespace
}  // namespace dpml
