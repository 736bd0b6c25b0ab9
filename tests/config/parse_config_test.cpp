#include "dpml/config/parse_config.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "config/small_config.h"
#include "dpml/base/file.h"

namespace dpml {
namespace {

TEST(Config, ReadsWhatIsStated) {
  const Experiment e = parse(kSmallConfig);
  EXPECT_EQ(e.privacy.unit, "one image");
  EXPECT_EQ(e.privacy.neighbours, Neighbours::add_or_remove_one);
  EXPECT_EQ(e.privacy.sampler, SamplerKind::poisson);
  EXPECT_EQ(e.privacy.expected_batch_size, 100);
  EXPECT_EQ(e.privacy.sampling_rate, 100.0 / 9300);
  EXPECT_EQ(e.privacy.steps, 186U);
  EXPECT_EQ(e.privacy.clip_bound, 1);
  EXPECT_EQ(e.privacy.delta, 1e-5);
  EXPECT_EQ(e.privacy.target_epsilon, 3);
  EXPECT_FALSE(e.privacy.noise_multiplier);
  EXPECT_EQ(e.train.sample_shape, (Shape{8, 8, 1}));
  EXPECT_EQ(e.train.dataset.classes, 10);
  EXPECT_EQ(e.train.label_shape, Shape{});
  EXPECT_FALSE(e.test);
  EXPECT_EQ(e.model.layers.size(), 4U);
  EXPECT_EQ(e.model.layers[3].name, "last");
  EXPECT_EQ(e.loss, Loss::cross_entropy);
  EXPECT_EQ(e.optimizer.kind, OptimizerKind::sgd);
  EXPECT_EQ(e.optimizer.learning_rate, 0.5);
  EXPECT_TRUE(e.warnings.empty());
}

TEST(Config, GivesDefaultsToWhatIsNotPrivacy) {
  const Experiment e = parse(kSmallConfig);
  EXPECT_EQ(e.privacy.accountant, "pld");
  EXPECT_FALSE(e.privacy.seed);
  EXPECT_EQ(e.train.dataset.layout, InputLayout::as_stored);
  EXPECT_EQ(e.train.dataset.scaling.scale, 1);
  EXPECT_EQ(e.train.dataset.scaling.offset, 0);
  EXPECT_EQ(e.optimizer.momentum, 0);
  EXPECT_FALSE(e.optimizer.nesterov);
  EXPECT_EQ(e.schedule.kind, ScheduleKind::constant);
  EXPECT_EQ(e.schedule.warmup_steps, 0U);
  EXPECT_EQ(e.averaging.decay, 0);
  EXPECT_EQ(e.runtime.threads, 0);
  EXPECT_EQ(e.runtime.physical_batch, 0);
  EXPECT_TRUE(e.runtime.evaluate_every_epoch);
  EXPECT_FALSE(e.runtime.initial_model);
}

TEST(Config, FindsPathsFromTheFolderOfTheFile) {
  const IdxSource idx = std::get<IdxSource>(parse(kSmallConfig).train.source);
  EXPECT_EQ(idx.inputs, "/configs/train-images.gz");
  EXPECT_EQ(idx.labels, "/data/train-labels.gz");
}

TEST(Config, FindsPathsOfSetFromTheCurrentFolder) {
  const Experiment e = parse(kSmallConfig, {"data.train.idx.inputs=here.gz", "runtime.initial_model=../model.h5"});
  const std::filesystem::path here = std::filesystem::current_path();
  EXPECT_EQ(std::get<IdxSource>(e.train.source).inputs, here / "here.gz");
  EXPECT_EQ(e.runtime.initial_model, here.parent_path() / "model.h5");
}

TEST(Config, RoundsStepsUpButNotForRoundingErrors) {
  EXPECT_EQ(parse(with("epochs: 2", "epochs: 1")).privacy.steps, 93U);
  EXPECT_EQ(parse(with("epochs: 2", "epochs: 1.001")).privacy.steps, 94U);
  EXPECT_EQ(parse(with("epochs: 2", "steps: 7")).privacy.steps, 7U);
  for (int n = 1; n <= 2000; ++n) {  // 1 / (1/n) is not n for every n in floating point
    std::ostringstream text;
    text.precision(17);
    text << "sampling_rate: " << 1.0 / n;
    EXPECT_EQ(parse(with("epochs: 2", "epochs: 1", with("public_size: 9300", text.str()))).privacy.steps,
              static_cast<std::uint64_t>(n));
  }
}

TEST(Config, TakesAStatedSamplingRateAsItIs) {
  const Experiment e = parse(with("public_size: 9300", "sampling_rate: 0.25"));
  EXPECT_EQ(e.privacy.sampling_rate, 0.25);
  EXPECT_EQ(e.privacy.expected_batch_size, 100);
  EXPECT_EQ(e.privacy.steps, 8U);
}

TEST(Config, ReadsAFullBatch) {
  const Experiment e =
      parse(with("poisson { expected_batch_size: 100 public_size: 9300 }", "full_batch { public_size: 9300 }"));
  EXPECT_EQ(e.privacy.sampler, SamplerKind::full_batch);
  EXPECT_EQ(e.privacy.sampling_rate, 1);
  EXPECT_EQ(e.privacy.expected_batch_size, 9300);
  EXPECT_EQ(e.privacy.steps, 2U);
}

TEST(Config, AllowsABaselineWithoutPrivacy) {
  const Experiment e =
      parse(with("clip_bound: 1", "clip_bound: inf", with("target_epsilon: 3", "noise_multiplier: 0")));
  EXPECT_EQ(e.privacy.clip_bound, std::numeric_limits<double>::infinity());
  EXPECT_EQ(e.privacy.noise_multiplier, 0);
  EXPECT_NE(e.text.find("clip_bound: inf"), std::string::npos);
}

TEST(Config, ReadsTrainingOptions) {
  const Experiment e = parse(with("optimizer { sgd { learning_rate: 0.5 } }",
                                  "optimizer { adamw { learning_rate: 1e-3 beta1: 0.5 } }\n"
                                  "schedule { warmup_steps: 10 cosine { final_factor: 0.1 } }\n"
                                  "averaging { decay: 0.99 }\n"
                                  "runtime { threads: 3 physical_batch: 16 evaluate_every_epoch: false }"));
  EXPECT_EQ(e.optimizer.kind, OptimizerKind::adamw);
  EXPECT_EQ(e.optimizer.learning_rate, 1e-3);
  EXPECT_EQ(e.optimizer.beta1, 0.5);
  EXPECT_EQ(e.optimizer.beta2, 0.999);
  EXPECT_EQ(e.optimizer.weight_decay, 0.01);
  EXPECT_EQ(e.schedule.kind, ScheduleKind::cosine);
  EXPECT_EQ(e.schedule.warmup_steps, 10U);
  EXPECT_EQ(e.schedule.final_factor, 0.1);
  EXPECT_EQ(e.averaging.decay, 0.99);
  EXPECT_EQ(e.runtime.threads, 3);
  EXPECT_EQ(e.runtime.physical_batch, 16);
  EXPECT_FALSE(e.runtime.evaluate_every_epoch);
}

TEST(Config, ReadsAStepSchedule) {
  const Experiment e = parse(kSmallConfig + "schedule { step { every: 30 factor: 0.5 } }\n");
  EXPECT_EQ(e.schedule.kind, ScheduleKind::step);
  EXPECT_EQ(e.schedule.step_every, 30U);
  EXPECT_EQ(e.schedule.step_factor, 0.5);
}

TEST(Config, ReadsWhatALossIsTold) {
  const Experiment e = parse(kSmallConfig +
                             "loss_options { label_smoothing: 0.1 class_weights: [1, 2, 1, 1, 1, 1, 1, 1, 1, "
                             "0.5] ignore_index: -100 }\n");
  EXPECT_EQ(e.loss.kind, Loss::cross_entropy);
  EXPECT_EQ(e.loss.label_smoothing, 0.1);
  ASSERT_EQ(e.loss.class_weights.size(), 10U);
  EXPECT_EQ(e.loss.class_weights[9], 0.5);
  EXPECT_EQ(e.loss.ignore_index, -100);
  EXPECT_EQ(e.train.dataset.ignored_label, -100);
  EXPECT_EQ(parse(e.text).loss, e.loss);
  EXPECT_EQ(parse(kSmallConfig).text.find("loss_options"), std::string::npos);
}

TEST(Config, RefusesWhatALossCannotBeTold) {
  EXPECT_EQ(problems_of(kSmallConfig + "loss_options { class_weights: [1, 2] }\n"),
            "c.txtpb:26: loss_options.class_weights: has 2 numbers, but there are 10 classes; state one for each");
  EXPECT_EQ(problems_of(kSmallConfig + "loss_options { class_weights: [1, -2, 1, 1, 1, 1, 1, 1, 1, 1] }\n"),
            "c.txtpb:26: loss_options.class_weights[1]: is -2; state a finite number of at least 0");
  EXPECT_EQ(problems_of(kSmallConfig + "loss_options { delta: 2 }\n"),
            "c.txtpb:26: loss_options.delta: is stated, but only huber has one; leave it out");
  EXPECT_EQ(problems_of(kSmallConfig + "loss_options { label_smoothing: 2 }\n"),
            "c.txtpb:26: loss_options.label_smoothing: is 2; state a number from 0 to 1");
}

TEST(Config, WarnsOfADeltaThatAllowsPublishingARow) {
  const Experiment e = parse(with("delta: 1e-5", "delta: 0.001"));
  ASSERT_EQ(e.warnings.size(), 1U);
  EXPECT_NE(e.warnings[0].find("/configs/c.txtpb:7: privacy.delta: is 0.001, not below 1 / 9300"), std::string::npos)
      << e.warnings[0];
}

TEST(Config, WarnsOfASoftmaxBeforeALossThatTakesLogits) {
  const std::string ends = with("linear { out: 10 }\n  }", "linear { out: 10 }\n  }\n  layer { softmax {} }");
  const Experiment e = parse(ends);
  ASSERT_EQ(e.warnings.size(), 1U);
  EXPECT_NE(e.warnings[0].find("/configs/c.txtpb:23: model.layer[4]: ends the model in a softmax, but CROSS_ENTROPY "
                               "takes logits"),
            std::string::npos)
      << e.warnings[0];
  EXPECT_TRUE(
      parse(with("CROSS_ENTROPY", "MEAN_SQUARED_ERROR", with("classes: 10", "", with("out: 10", "out: 1", ends))))
          .warnings.empty());
}

TEST(Config, ReadsNeighboursAsFilesOfEventsSpellThem) {
  for (const char* spelling : {"zero_out", "\"zero_out\"", "ZERO_OUT"}) {
    const Experiment e = parse(with("neighbours: ADD_OR_REMOVE_ONE", std::string("neighbours: ") + spelling));
    EXPECT_EQ(e.privacy.neighbours, Neighbours::zero_out) << spelling;
    EXPECT_NE(e.text.find("neighbours: ZERO_OUT"), std::string::npos) << spelling;
  }
}

// The same since dpml at commit 9b42ee8, in whose files it stands, too: whoever adds a field to the schema marks it
// with (since), so that it stays.
TEST(CanonicalText, IsWhatItIs) {
  EXPECT_EQ(parse(kSmallConfig).text, R"(privacy {
  unit: "one image"
  neighbours: ADD_OR_REMOVE_ONE
  poisson {
    expected_batch_size: 100
    public_size: 9300
  }
  epochs: 2
  clip_bound: 1
  delta: 1e-05
  target_epsilon: 3
  accountant: "pld"
}
data {
  train {
    idx {
      inputs: "/configs/train-images.gz"
      labels: "/data/train-labels.gz"
    }
  }
  shape: [8, 8, 1]
  classes: 10
  layout: CHANNELS_LAST
}
model {
  layer {
    frozen: false
    conv2d {
      out_channels: 4
      kernel: [3]
      groups: 1
      bias: true
    }
  }
  layer {
    frozen: false
    tanh {
    }
  }
  layer {
    frozen: false
    flatten {
    }
  }
  layer {
    name: "last"
    frozen: false
    linear {
      out: 10
      bias: true
    }
  }
}
loss: CROSS_ENTROPY
optimizer {
  sgd {
    learning_rate: 0.5
    momentum: 0
    nesterov: false
    weight_decay: 0
  }
}
schedule {
  warmup_steps: 0
  constant {
  }
}
averaging {
  decay: 0
}
runtime {
  threads: 0
  physical_batch: 0
  checkpoint_every_seconds: 60
  evaluate_every_epoch: true
}
)");
}

TEST(CanonicalText, ReadsBackToItself) {
  for (const char* name : {"fashion_mnist/cnn", "fashion_mnist/mlp", "adult/mlp"}) {
    const std::filesystem::path file = std::filesystem::path(DPML_TEST_DATA).parent_path() / "models" / name;
    const std::string text = read_file(file.string() + ".txtpb");
    const Experiment once = parse_config(text, file.string());
    const Experiment twice = parse_config(once.text, "elsewhere/d.txtpb");
    EXPECT_EQ(once.text, twice.text);
    EXPECT_EQ(once.privacy.steps, twice.privacy.steps);
    EXPECT_EQ(once.privacy.sampling_rate, twice.privacy.sampling_rate);
    EXPECT_EQ(once.train.sample_shape, twice.train.sample_shape);
    EXPECT_EQ(once.train.source.index(), twice.train.source.index());
    EXPECT_EQ(once.model.layers.size(), twice.model.layers.size());
  }
}

TEST(CanonicalText, DoesNotDependOnHowTheConfigIsWritten) {
  const std::string other = with("target_epsilon: 3", "target_epsilon: 3.0e0 accountant: 'pld' # the default",
                                 with("shape: [8, 8, 1]", "shape: 8 shape: 0x8, shape: 1;"));
  EXPECT_EQ(parse(other).text, parse(kSmallConfig).text);
}

}  // namespace
}  // namespace dpml
