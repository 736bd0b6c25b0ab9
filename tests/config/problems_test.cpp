#include <gtest/gtest.h>

#include <sstream>

#include "config/small_config.h"
#include "dpml/base/text.h"

namespace dpml {
namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) found.push_back(line);
  return found;
}

/// The config is refused with exactly one problem, and it begins so.
void expect_problem(const std::string& config, const std::string& beginning) {
  const std::vector<std::string> found = lines(problems_of(config));
  ASSERT_EQ(found.size(), 1U) << beginning << "\ngot:\n" << problems_of(config);
  EXPECT_TRUE(found[0].starts_with(beginning)) << "expected: " << beginning << "\ngot:      " << found[0];
}

TEST(Problems, NameTheNearestField) {
  expect_problem(with("classes: 10", "classes: 10 layuot: GREY"),
                 "c.txtpb:13: data.layuot: no such field; did you mean layout?");
  expect_problem(with("tanh {}", "tanh {} freezen: true"),
                 "c.txtpb:17: model.layer[1].freezen: no such field; did you mean frozen?");
}

TEST(Problems, OfNamesInTheFileOfTheInitialModel) {
  const auto names = [](const std::string& block) {
    return kSmallConfig + "runtime { initial_model: \"m.h5\" initial_names { " + block + " } }";
  };
  const std::string at = "c.txtpb:26: runtime.initial_names";
  expect_problem(names(""), at + ": is empty; state rename");
  expect_problem(names("fresh: [\"a\", \"*.*\"]"), at + ".fresh[1]: has more than one *");
  expect_problem(names("fresh: \"\""), at + ".fresh[0]: is empty");
  expect_problem(names("rename { from: \"a*b*\" to: \"a\" }"), at + ".rename[0].from: has more than one *");
  expect_problem(names("rename { from: \"a\" to: \"*\" }"), at + ".rename[0].to: has a *, and from has none");
  expect_problem(names("rename { from: \"a\" }"), at + ".rename[0].to: is missing");
  expect_problem(kSmallConfig + "runtime { initial_names { fresh: \"a\" } }",
                 at + ": is about the file of initial_model");
}

TEST(Problems, DoNotTellWhereAModelWithoutLayersEnds) {
  std::string config = kSmallConfig;
  for (std::size_t at = 0; (at = config.find(" layer {", at)) != std::string::npos;) config.replace(at, 7, " layers ");
  const std::string found = problems_of(config);
  EXPECT_NE(found.find("model.layers: no such field; did you mean layer?"), std::string::npos) << found;
  EXPECT_NE(found.find("model.layer: is missing"), std::string::npos) << found;
  EXPECT_EQ(found.find("the model ends in"), std::string::npos) << found;
}

TEST(Problems, OfAPathAreToldInOneLine) {
  expect_problem(with("train-images.gz", "a\\nPASSED"),
                 "c.txtpb:11: data.train.idx.inputs: is a path with a line break in it (");
}

TEST(Problems, ListTheFieldsWhenNoneIsNear) {
  expect_problem(with("shape: [8", "qqqqqqq: 1 shape: [8"),
                 "c.txtpb:12: data.qqqqqqq: no such field; this block knows train, test, shape, classes");
  expect_problem(with("tanh {}", "tanh { slope: 1 }"),
                 "c.txtpb:17: model.layer[1].tanh.slope: no such field; this block has none, leave it empty");
}

TEST(Problems, TellTheEndThatANumberIsBeyond) {
  expect_problem(
      with("out: 10", "out: 1099511627776"),
      "c.txtpb:21: model.layer[3].linear.out: is 1099511627776; state a whole number from 1 to 2,147,483,648");
  expect_problem(with("shape: [8, 8, 1]", "shape: [8, 8, 1099511627776]"),
                 "c.txtpb:12: data.shape[2]: is 1099511627776; state a whole number from 1 to 2,147,483,648");
  expect_problem(with("epochs: 2", "steps: 1125899906842625"),
                 "c.txtpb:5: privacy.steps: is 1125899906842625; state a whole number from 1 to 1,125,899,906,842,624");
  expect_problem(with("epochs: 2", "steps: 99999999999999999999"),
                 "c.txtpb:5: privacy.steps: is `99999999999999999999`; expected a whole number in digits alone, up to "
                 "9,223,372,036,854,775,807");
  expect_problem(with("epochs: 2", "steps: 1e3"),
                 "c.txtpb:5: privacy.steps: is `1e3`; expected a whole number in digits");
}

/// protobuf reads them as infinity and 0: clip_bound: 1e999 would mean no clipping.
TEST(Problems, TellOfNumbersThatNoDoubleIsNear) {
  for (const std::string number : {"1e999", "-1e999", "1e-400"}) {
    expect_problem(
        with("clip_bound: 1", "clip_bound: " + number),
        "c.txtpb:6: privacy.clip_bound: is `" + number + "`, which no double is near; state a number between");
  }
  EXPECT_NE(problems_of(kSmallConfig, {"privacy.delta=1e-400"}).find("privacy.delta: is `1e-400`, which"),
            std::string::npos);
  for (const std::string zero : {"0", "0.0", "0e5", "-0"}) {
    expect_problem(with("delta: 1e-5", "delta: " + zero),
                   "c.txtpb:7: privacy.delta: is " + std::string(zero[0] == '-' ? "-0" : "0") + "; state");
  }
}

TEST(Problems, TellWhyAPathCannotBe) {
  expect_problem(with("\"train-images.gz\"", "\"train\\000images\""),
                 "c.txtpb:11: data.train.idx.inputs: holds a NUL character");
  expect_problem(kSmallConfig + "runtime { initial_model: \"a\\000\" }",
                 "c.txtpb:26: runtime.initial_model: holds a NUL character");
}

TEST(Problems, AreNotFoundInAByteOrderMark) {
  EXPECT_EQ(problems_of("\xEF\xBB\xBF" + kSmallConfig), "");
  EXPECT_EQ(parse("\xEF\xBB\xBF" + kSmallConfig).text, parse(kSmallConfig).text);
  expect_problem("\xEF\xBB\xBF" + with("delta: 1e-5", "delta: 0"), "c.txtpb:7: privacy.delta: is 0");
  for (const char* mark : {"\xFF\xFE", "\xFE\xFF"})
    expect_problem(mark + kSmallConfig, "c.txtpb: is UTF-16 text; save it as UTF-8");
}

TEST(Problems, TellWrongTypes) {
  expect_problem(with("delta: 1e-5", "delta: \"tiny\""), "c.txtpb:7: privacy.delta: is `\"tiny\"`; expected a number");
  expect_problem(with("classes: 10", "classes: 1.5"), "c.txtpb:13: data.classes: is `1.5`; expected a whole number");
  expect_problem(with("out: 10", "out: 10 bias: 3"),
                 "c.txtpb:21: model.layer[3].linear.bias: is `3`; expected true or false");
  expect_problem(with("unit: \"one image\"", "unit: 5"), "c.txtpb:2: privacy.unit: is `5`; expected text in quotes");
  expect_problem(with("neighbours: ADD_OR_REMOVE_ONE", "neighbours: ADD_REMOVE_ONE"),
                 "c.txtpb:3: privacy.neighbours: is `ADD_REMOVE_ONE`; expected ADD_OR_REMOVE_ONE, REPLACE_ONE or "
                 "ZERO_OUT; did you mean ADD_OR_REMOVE_ONE?");
  expect_problem(with("neighbours: ADD_OR_REMOVE_ONE", "neighbours: \"add_remove_one\""),
                 "c.txtpb:3: privacy.neighbours: is `\"add_remove_one\"`; expected ADD_OR_REMOVE_ONE, REPLACE_ONE or "
                 "ZERO_OUT; did you mean ADD_OR_REMOVE_ONE?");
  expect_problem(with("tanh {}", "tanh: 1"), "c.txtpb:17: model.layer[1].tanh: is `1`; expected a block, tanh { ... }");
  expect_problem(with("delta: 1e-5", "delta { }"), "c.txtpb:7: privacy.delta: is a block { ... }; expected a number");
  expect_problem(with("delta: 1e-5", "delta: [1e-5]"), "c.txtpb:7: privacy.delta: is a list [ ]; expected a number");
  expect_problem(with("target_epsilon: 3", "target_epsilon: 3 seed: -1"),
                 "c.txtpb:8: privacy.seed: is `-1`; expected a whole number of at least 0");
  expect_problem(with("target_epsilon: 3", "target_epsilon: three"), "c.txtpb:8: privacy.target_epsilon: is `three`");
}

TEST(Problems, TellOfTextThatBreaksTheFormat) {
  expect_problem(with("delta: 1e-5", "delta 1e-5"), "c.txtpb:7: delta: lacks its colon; write `delta: 1e-5`");
  expect_problem(with("loss: CROSS_ENTROPY", "loss:"),
                 "c.txtpb:25: expected the name of a field, got `{`; a line reads `name: value`");
  expect_problem("privacy {\n  delta: 1\n", "c.txtpb:1: the block privacy is never closed; add `}`");
  expect_problem("\n}", "c.txtpb:2: expected the name of a field, got `}`; a block is closed that was never opened");
  expect_problem("data {\n shape: [1,\n 2",
                 "c.txtpb:3: expected `,` or `]` in the list shape, got the end of the text");
  expect_problem("privacy {\n unit: \"one\n}", "c.txtpb:2: cannot be read as text: ");
  for (const char* unit : {"\u201cone image\u201d", "\u00abone\u00bb", "\u22121", "\ufeff"}) {
    expect_problem(with("\"one image\"", unit),
                   "c.txtpb:2: a character that is not ASCII stands outside quotes; quotes are ");
  }
  expect_problem("a: \x01", "c.txtpb:1: cannot be read as text: ");
}

TEST(Problems, ListEveryMissingPrivacyField) {
  const std::string found = problems_of(kSmallConfig.substr(kSmallConfig.find("data {")));
  for (const char* expected : {
           "c.txtpb:1: privacy: is missing; state what is promised",
           "c.txtpb:1: privacy.unit: is missing; state text in quotes. It has no default: ",
           "c.txtpb:1: privacy.neighbours: is missing; state ADD_OR_REMOVE_ONE, REPLACE_ONE or ZERO_OUT. It has no "
           "default: ",
           "c.txtpb:1: privacy: lacks its sampler; state either poisson or full_batch. It has no default: ",
           "c.txtpb:1: privacy: lacks its length; state either steps or epochs. It has no default: ",
           "c.txtpb:1: privacy.clip_bound: is missing; state a number from 1e-30 to 1e30, or inf for no clipping. It "
           "has "
           "no default: ",
           "c.txtpb:1: privacy.delta: is missing; state a number between 0 and 1, both excluded. It has no default: ",
           "c.txtpb:1: privacy: lacks its noise; state either target_epsilon or noise_multiplier. It has no default: ",
       }) {
    EXPECT_NE(found.find(expected), std::string::npos) << expected << "\ngot:\n" << found;
  }
  EXPECT_EQ(lines(found).size(), 8U);
}

TEST(Problems, TellOfMissingPiecesOfTheSampler) {
  expect_problem(with("expected_batch_size: 100", "", with("epochs: 2", "steps: 2")),
                 "c.txtpb:4: privacy.poisson.expected_batch_size: is missing; state a finite number above 0");
  expect_problem(with("public_size: 9300", ""),
                 "c.txtpb:4: privacy.poisson: lacks its chance; state either sampling_rate or public_size");
  expect_problem(with("poisson { expected_batch_size: 100 public_size: 9300 }", "full_batch {}"),
                 "c.txtpb:4: privacy.full_batch.public_size: is missing; state a whole number of at least 1");
}

TEST(Problems, TellOfImpossiblePrivacy) {
  expect_problem(with("delta: 1e-5", "delta: 0"),
                 "c.txtpb:7: privacy.delta: is 0; state a number between 0 and 1, both excluded");
  expect_problem(with("delta: 1e-5", "delta: 1"), "c.txtpb:7: privacy.delta: is 1; state");
  expect_problem(with("delta: 1e-5", "delta: nan"), "c.txtpb:7: privacy.delta: is nan; state");
  expect_problem(with("clip_bound: 1", "clip_bound: 0"), "c.txtpb:6: privacy.clip_bound: is 0; state");
  for (const std::string bound : {"nan", "-inf", "-1", "1e38", "1e-42", "1e+308"}) {
    expect_problem(with("clip_bound: 1", "clip_bound: " + bound),
                   "c.txtpb:6: privacy.clip_bound: is " + (bound == "1e-42" ? bound : to_text(std::stod(bound))) +
                       "; state a number from 1e-30 to 1e30, or inf for no clipping");
  }
  expect_problem(with("target_epsilon: 3", "target_epsilon: -3"), "c.txtpb:8: privacy.target_epsilon: is -3; state");
  expect_problem(with("target_epsilon: 3", "target_epsilon: inf"), "c.txtpb:8: privacy.target_epsilon: is inf; state");
  expect_problem(with("target_epsilon: 3", "noise_multiplier: inf"), "c.txtpb:8: privacy.noise_multiplier: is inf;");
  expect_problem(with("epochs: 2", "epochs: 0"), "c.txtpb:5: privacy.epochs: is 0; state");
  expect_problem(with("epochs: 2", "epochs: 1e300"), "c.txtpb:5: privacy.epochs: is 1e+300, which makes more than");
  expect_problem(with("epochs: 2", "steps: 0"), "c.txtpb:5: privacy.steps: is 0; state a whole number of at least 1");
  expect_problem(with("public_size: 9300", "sampling_rate: 1.5"), "c.txtpb:4: privacy.poisson.sampling_rate: is 1.5;");
  expect_problem(with("public_size: 9300", "public_size: -1"), "c.txtpb:4: privacy.poisson.public_size: is -1; state");
  expect_problem(with("public_size: 9300", "public_size: 99"),
                 "c.txtpb:4: privacy.poisson.expected_batch_size: is 100, above the public_size 99");
  expect_problem(with("unit: \"one image\"", "unit: \"\""), "c.txtpb:2: privacy.unit: is empty");
  expect_problem(with("target_epsilon: 3", "target_epsilon: 3 accountant: \"rpd\""),
                 "c.txtpb:8: privacy.accountant: there is none of this name; state gdp, ");
}

TEST(Problems, TellOfContradictions) {
  expect_problem(with("target_epsilon: 3", "target_epsilon: 3\n noise_multiplier: 1"),
                 "c.txtpb:9: privacy.noise_multiplier: contradicts target_epsilon, stated at c.txtpb:8; keep one");
  expect_problem(with("target_epsilon: 3", "target_epsilon: 3\n epsilon_budget: 2"),
                 "c.txtpb:9: privacy.epsilon_budget: is stated beside target_epsilon");
  expect_problem(with("target_epsilon: 3", "noise_multiplier: 0\n epsilon_budget: 2"),
                 "c.txtpb:9: privacy.epsilon_budget: cannot be kept with noise_multiplier 0");
  expect_problem(with("target_epsilon: 3", "noise_multiplier: 1\n epsilon_budget: 0"),
                 "c.txtpb:9: privacy.epsilon_budget: is 0; state a finite number above 0");
  expect_problem(with("public_size: 9300", "public_size: 9300 sampling_rate: 0.1"),
                 "c.txtpb:4: privacy.poisson.sampling_rate: contradicts public_size");
  expect_problem(with("epochs: 2", "epochs: 2 steps: 5"), "c.txtpb:5: privacy.steps: contradicts epochs");
  expect_problem(with("epochs: 2", "epochs: 2 full_batch { public_size: 1 }"),
                 "c.txtpb:5: privacy.full_batch: contradicts poisson, stated at c.txtpb:4");
  expect_problem(with("clip_bound: 1", "clip_bound: inf"),
                 "c.txtpb:8: privacy.target_epsilon: cannot be reached without clipping: clip_bound is inf");
  expect_problem(with("clip_bound: 1", "clip_bound: inf", with("target_epsilon: 3", "noise_multiplier: 1")),
                 "c.txtpb:8: privacy.noise_multiplier: is 1 times an infinite clip_bound");
  expect_problem(with("learning_rate: 0.5", "learning_rate: 0.5 nesterov: true"),
                 "c.txtpb:25: optimizer.sgd.nesterov: needs momentum");
  expect_problem(with("delta: 1e-5", "delta: 1e-5\n delta: 1e-6"),
                 "c.txtpb:8: privacy.delta: is stated twice, first at c.txtpb:7; keep one");
  expect_problem(with("tanh {}", "tanh {} relu {}"), "c.txtpb:17: model.layer[1].relu: contradicts tanh");
  expect_problem(kSmallConfig + "schedule { warmup_steps: 187 }",
                 "c.txtpb:26: schedule.warmup_steps: is 187 of only 186 steps");
}

TEST(Problems, TellOfImpossibleTraining) {
  expect_problem(with("learning_rate: 0.5", ""), "c.txtpb:25: optimizer.sgd.learning_rate: is missing; state");
  expect_problem(with("learning_rate: 0.5", "learning_rate: inf"), "c.txtpb:25: optimizer.sgd.learning_rate: is inf");
  expect_problem(with("learning_rate: 0.5", "learning_rate: 1 momentum: 1"),
                 "c.txtpb:25: optimizer.sgd.momentum: is 1");
  expect_problem(with("sgd { learning_rate: 0.5 }", "adam { learning_rate: 1 epsilon: 0 }"),
                 "c.txtpb:25: optimizer.adam.epsilon: is 0");
  expect_problem(with("sgd { learning_rate: 0.5 }", ""),
                 "c.txtpb:25: optimizer: lacks its kind; state one of sgd, adam or adamw");
  expect_problem(kSmallConfig + "averaging { decay: 1 }", "c.txtpb:26: averaging.decay: is 1");
  expect_problem(kSmallConfig + "runtime { threads: -1 }", "c.txtpb:26: runtime.threads: is -1; state a whole number");
  expect_problem(kSmallConfig + "schedule { step {} }", "c.txtpb:26: schedule.step.every: is missing");
}

TEST(Problems, ComeAllAtOnceInTheOrderOfTheFile) {
  std::string config = with("delta: 1e-5", "delta: 2 dellta: 3", with("epochs: 2", "epochs: \"many\""));
  config = with("out: 10", "outt: 10", with("kernel: 3", "kernel: 9", config));
  config = with("learning_rate: 0.5", "learning_rate: -1", with("CROSS_ENTROPY", "CROSS_ENTORPY", config));
  const std::vector<std::string> found = lines(problems_of(config, {"runtime.threads=x"}));
  ASSERT_EQ(found.size(), 9U) << problems_of(config, {"runtime.threads=x"});
  EXPECT_TRUE(found[0].starts_with("c.txtpb:5: privacy.epochs: is `\"many\"`")) << found[0];
  EXPECT_TRUE(found[1].starts_with("c.txtpb:7: privacy.dellta: no such field; did you mean delta?")) << found[1];
  EXPECT_TRUE(found[2].starts_with("c.txtpb:7: privacy.delta: is 2")) << found[2];
  EXPECT_TRUE(found[3].starts_with("c.txtpb:16: model.layer[0].conv2d.kernel: the sizes do not fit: ")) << found[3];
  EXPECT_TRUE(found[4].starts_with("c.txtpb:21: model.layer[3].linear.outt: no such field; did you mean out?"));
  EXPECT_TRUE(found[5].starts_with("c.txtpb:21: model.layer[3].linear.out: is missing")) << found[5];
  EXPECT_TRUE(found[6].starts_with("c.txtpb:24: loss: is `CROSS_ENTORPY`")) << found[6];
  EXPECT_TRUE(found[7].starts_with("c.txtpb:25: optimizer.sgd.learning_rate: is -1")) << found[7];
  EXPECT_TRUE(found[8].starts_with("--set runtime.threads=x: runtime.threads: is `x`")) << found[8];
}

TEST(Problems, TellOfAnEmptyConfig) {
  const std::string found = problems_of("");
  for (const char* block : {"privacy", "data", "model", "loss", "optimizer"}) {
    EXPECT_NE(found.find(std::string("c.txtpb:1: ") + block + ": is missing"), std::string::npos) << found;
  }
}

}  // namespace
}  // namespace dpml
