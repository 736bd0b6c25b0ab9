#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <set>

#include "base/expect_error.h"
#include "config/small_config.h"
#include "dpml/config.pb.h"
#include "fill_message.h"

// Configs inside files of dpml: their own canonical text, in the language of the file's version.

namespace dpml {
namespace {

const std::string kWarm = with("loss: CROSS_ENTROPY", "runtime { initial_model: \"/runs/a\" }\nloss: CROSS_ENTROPY");
const std::string kSame = with("target_epsilon: 3", "target_epsilon: 3 initial_weights: SAME_PEOPLE", kWarm);

const std::string kNamed = with(
    "initial_model: \"/runs/a\"",
    "initial_model: \"/runs/a\" initial_names { rename { from: \"a.*\" to: \"*\" } fresh: [\"b\", \"c*\"] }", kWarm);

void expect_refused(const std::string& text, const std::string& piece, std::uint64_t version = 2) {
  expect_error<ConfigError>(piece, [&] { parse_stored_config(text, "model.h5: config", version); });
}

TEST(StoredConfig, IsItsOwnCanonicalText) {
  for (const std::string& text : {kSmallConfig, kWarm, kSame, kNamed}) {
    const Experiment experiment = parse(text);
    EXPECT_EQ(parse_stored_config(experiment.text, "somewhere/model.h5", 2).text, experiment.text);
    EXPECT_EQ(parse_stored_config(experiment.text, "somewhere/model.h5", 2).privacy.initial_weights,
              experiment.privacy.initial_weights);
  }
}

TEST(StoredConfig, KeepsWhatARunThatGoesOnHasInCommon) {
  EXPECT_NE(parse(kNamed).text_to_resume, parse(kWarm).text_to_resume);
  EXPECT_EQ(parse(with("\"c*\"] }", "\"c*\"] } threads: 3", kNamed)).text_to_resume, parse(kNamed).text_to_resume);
  const Experiment named = parse(kNamed);
  EXPECT_EQ(named.runtime.initial_renames, (std::vector<NameRule>{{"a.*", "*"}}));
  EXPECT_EQ(named.runtime.initial_fresh, (std::vector<std::string>{"b", "c*"}));
}

TEST(StoredConfig, HidesNothing) {
  const std::string good = parse(kSmallConfig).text;
  expect_refused("# epsilon 0.3, checked by an expert\n" + good, "model.h5: config:1: is not in the canonical form");
  expect_refused(good + "\n", "canonical form");
  expect_refused(with("  delta: 1e-05\n", "  delta: 0.00001\n", good), "config:10: is not in the canonical form");
  expect_refused(with("  delta: 1e-05\n", "", good) + "privacy { }", "privacy");
  expect_refused(with("  accountant: \"pld\"\n", "", good), "canonical form");
  expect_refused(with("/data/train-labels.gz", "/data/../data/train-labels.gz", good), "canonical form");
  expect_refused(kSmallConfig, "canonical form");
  expect_refused("", "privacy");
}

TEST(StoredConfig, OfVersion1KnowsNoLaterField) {
  const std::string old = parse(kWarm).text;
  EXPECT_EQ(parse_stored_config(old, "model.h5", 1).privacy.initial_weights, InitialWeights::unknown);
  expect_refused(parse(kSame).text, "initial_weights: is no field of configs in files of version 1", 1);
  expect_refused(parse(kNamed).text, "initial_names: is no field of configs in files of version 1", 1);
  expect_refused(with("CROSS_ENTROPY", "HUBER", parse(kSmallConfig).text),
                 "loss: is HUBER, no word of configs in files of version 1", 1);
  const PrivacyOptions privacy = parse(kSmallConfig).privacy;
  expect_refused(describe_program("p", privacy, Loss::cross_entropy, {.learning_rate = 1}, {}, {}), "program", 1);
}

/// Names that have no version of their own, which are those of version 1.
struct Unmarked {
  std::set<std::string> fields;
  std::set<std::string> words;  ///< of enums
};

void collect_unmarked(const google::protobuf::Descriptor& block, Unmarked& into, std::set<std::string>& seen) {
  if (!seen.insert(block.full_name()).second) return;
  for (int i = 0; i < block.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *block.field(i);
    if (config::version_of(field) > 1) continue;
    into.fields.insert(block.name() + "." + field.name());
    if (field.message_type() != nullptr) collect_unmarked(*field.message_type(), into, seen);
    for (int j = 0; field.enum_type() != nullptr && j < field.enum_type()->value_count(); ++j) {
      const google::protobuf::EnumValueDescriptor& word = *field.enum_type()->value(j);
      if (config::version_of(word) == 1) into.words.insert(word.full_name());
    }
  }
}

TEST(StoredConfig, FieldsAndWordsAfterVersion1AreMarked) {
  Unmarked unmarked;
  std::set<std::string> seen;
  collect_unmarked(*schema::Experiment::descriptor(), unmarked, seen);
  EXPECT_EQ(unmarked.fields.size(), 150U) << "a field without (since) was added, or one of version 1 went: mark new "
                                             "fields, and never take one away";
  EXPECT_EQ(unmarked.words.size(), 17U) << "the same of words of enums, (word_since)";
}

TEST(StoredConfig, WritesLaterFieldsOnlyWhereTheyAreNotTheirDefault) {
  const std::string stated = with("SAME_PEOPLE", "SAME_PEOPLE plans_fixed_in_advance: false", kSame);
  EXPECT_EQ(parse(stated).text, parse(kSame).text);
  EXPECT_EQ(parse(kSmallConfig + "loss_options {}\n").text, parse(kSmallConfig).text) << "nor blocks of defaults";
  EXPECT_EQ(parse(kSmallConfig + "loss_options { delta: 1 }\n").text_to_resume, parse(kSmallConfig).text_to_resume);
  const std::string fixed = with("SAME_PEOPLE", "SAME_PEOPLE plans_fixed_in_advance: true", kSame);
  EXPECT_NE(parse(fixed).text.find("plans_fixed_in_advance: true"), std::string::npos);
  expect_refused(with("plans_fixed_in_advance: true", "plans_fixed_in_advance: false", parse(fixed).text), "canonical");
}

TEST(StoredConfig, MayBeThatOfAProgram) {
  PrivacyOptions privacy = parse(kSmallConfig).privacy;
  const OptimizerOptions adam{.kind = OptimizerKind::adam, .learning_rate = 0.1, .weight_decay = 0.01};
  const ScheduleOptions cosine{.kind = ScheduleKind::cosine, .warmup_steps = 3, .final_factor = 0.1};
  for (const InitialWeights origin : {InitialWeights::random, InitialWeights::public_data, InitialWeights::same_people,
                                      InitialWeights::disjoint_people, InitialWeights::unknown}) {
    privacy.initial_weights = origin;
    const std::string text =
        describe_program("my program 1.0", privacy, Loss::binary_cross_entropy, adam, cosine, {.decay = 0.5});
    const Experiment read = parse_stored_config(text, "model.h5", 2);
    EXPECT_EQ(read.program, "my program 1.0");
    EXPECT_EQ(read.privacy.initial_weights, origin);
    EXPECT_EQ(read.privacy.sampling_rate, privacy.sampling_rate);
    EXPECT_EQ(read.privacy.public_size, 9300U);
    EXPECT_EQ(read.privacy.steps, privacy.steps);
    EXPECT_EQ(read.privacy.target_epsilon, 3);
    EXPECT_EQ(read.loss, Loss::binary_cross_entropy);
    EXPECT_EQ(read.optimizer.kind, OptimizerKind::adam);
    EXPECT_EQ(read.schedule.kind, ScheduleKind::cosine);
    EXPECT_EQ(read.averaging.decay, 0.5);
    expect_error<ConfigError>("program: stands only in the model.h5", [&] { parse_config(text, "c.txtpb"); });
  }
  const ScheduleOptions restarts{
      .kind = ScheduleKind::cosine_warm_restarts, .final_factor = 0.1, .t_0 = 30, .t_mult = 2};
  const std::string text = describe_program("p", privacy, Loss::cross_entropy, adam, restarts, {});
  const ScheduleOptions read = parse_stored_config(text, "model.h5", 2).schedule;
  EXPECT_EQ(read.kind, restarts.kind);
  EXPECT_EQ(read.t_0, restarts.t_0);
  EXPECT_EQ(read.t_mult, restarts.t_mult);
  EXPECT_EQ(read.final_factor, restarts.final_factor);
  LossOptions weighted(Loss::cross_entropy);
  weighted.label_smoothing = 0.25;
  weighted.class_weights = {1, 0.5};
  weighted.ignore_index = -1;
  LossOptions huber(Loss::huber);
  huber.delta = 0.5;
  for (const LossOptions& loss : {weighted, huber, LossOptions(Loss::cosine)}) {
    EXPECT_EQ(parse_stored_config(describe_program("p", privacy, loss, adam, {}, {}), "model.h5", 2).loss, loss);
  }
  privacy.public_size.reset();
  privacy.sampling_rate = 0.0123;
  const std::string rated = describe_program("p", privacy, Loss::cross_entropy, {.learning_rate = 1}, {}, {});
  EXPECT_EQ(parse_stored_config(rated, "model.h5", 2).privacy.sampling_rate, 0.0123);
  privacy.sampler = SamplerKind::full_batch;
  privacy.sampling_rate = 1;
  privacy.expected_batch_size = 77;
  const std::string full = describe_program("p", privacy, Loss::cross_entropy, {.learning_rate = 1}, {}, {});
  EXPECT_EQ(parse_stored_config(full, "model.h5", 2).privacy.sampler, SamplerKind::full_batch);
  EXPECT_EQ(parse_stored_config(full, "model.h5", 2).privacy.public_size, 77U);
  expect_error<ConfigError>("learning_rate", [&] { describe_program("p", privacy, Loss::cross_entropy, {}, {}, {}); });
  expect_error<ConfigError>("name",
                            [&] { describe_program("", privacy, Loss::cross_entropy, {.learning_rate = 1}, {}, {}); });
}

TEST(InitialWeightsOfAConfig, AreRandomUnlessAModelIsNamedAndUnknownUnlessTheirOriginIs) {
  EXPECT_EQ(parse(kSmallConfig).privacy.initial_weights, InitialWeights::random);
  const Experiment unknown = parse(kWarm);
  EXPECT_EQ(unknown.privacy.initial_weights, InitialWeights::unknown);
  ASSERT_EQ(unknown.warnings.size(), 1U);
  EXPECT_NE(unknown.warnings[0].find("runtime.initial_model: whose data these weights have seen is not stated"),
            std::string::npos)
      << unknown.warnings[0];
  EXPECT_EQ(parse(kSame).privacy.initial_weights, InitialWeights::same_people);
  EXPECT_TRUE(parse(kSame).warnings.empty());
  for (const auto& [word, origin] :
       std::vector<std::pair<std::string, InitialWeights>>{{"PUBLIC", InitialWeights::public_data},
                                                           {"DISJOINT_PEOPLE", InitialWeights::disjoint_people},
                                                           {"UNKNOWN", InitialWeights::unknown}}) {
    EXPECT_EQ(parse(with("SAME_PEOPLE", word, kSame)).privacy.initial_weights, origin);
  }
  EXPECT_NE(problems_of(with("target_epsilon: 3", "target_epsilon: 3 initial_weights: PUBLIC"))
                .find("privacy.initial_weights: is stated, but no weights are"),
            std::string::npos);
  EXPECT_NE(problems_of(with("SAME_PEOPLE", "PUBLIC plans_fixed_in_advance: true", kSame))
                .find("privacy.plans_fixed_in_advance: is about runs on the same people"),
            std::string::npos);
  EXPECT_NE(problems_of(with("SAME_PEOPLE", "SAME_POEPLE", kSame)).find("did you mean SAME_PEOPLE?"),
            std::string::npos);
}

TEST(InitialWeightsOfAConfig, StayWhatTheyAreWhenARunIsResumed) {
  const auto same = [](const std::string& a, const std::string& b) {
    return parse(a).text_to_resume == parse(b).text_to_resume;
  };
  EXPECT_TRUE(same(kWarm, with("initial_model", "threads: 3 initial_model", kWarm)));
  EXPECT_FALSE(same(kWarm, kSmallConfig));
  EXPECT_FALSE(same(kWarm, with("/runs/a", "/runs/b", kWarm)));
  EXPECT_FALSE(same(kWarm, kSame));
}

TEST(TextOfAConfig, IsUtf8WithoutZeroBytes) {
  EXPECT_EQ(problems_of(with("one image", "ein Stück")), "");
  EXPECT_EQ(problems_of(with("one image",
                             "St\xfc"
                             "ck")),
            "c.txtpb:2: \\xfc is no UTF-8; save the file in that encoding");
  EXPECT_EQ(problems_of(with("one image", std::string("a\0b", 3))),
            "c.txtpb:2: \\x00 is no text; expected a config of dpml");
  EXPECT_NE(problems_of(with("one image", "one\\000row")).find("c.txtpb:2: privacy.unit: holds a NUL character"),
            std::string::npos);
  EXPECT_NE(problems_of(with("one image", "St\\374ck")).find("privacy.unit: is no UTF-8"), std::string::npos);
  EXPECT_NE(problems_of(with("one image", "\\xed\\xa0\\x80")).find("privacy.unit: is no UTF-8"), std::string::npos);
  const std::vector<std::string> overrides{
      "privacy.unit=St\xfc"
      "ck"};
  EXPECT_NE(problems_of(kSmallConfig, overrides).find("privacy.unit: is no UTF-8"), std::string::npos);
  const std::vector<std::string> quoted{"privacy.unit=\"a\\000\""};
  EXPECT_NE(problems_of(kSmallConfig, quoted).find("holds a NUL character"), std::string::npos);
  const std::vector<std::string> listed{"data.shape=[8, 8, 1]"};
  EXPECT_EQ(problems_of(kSmallConfig, listed), "");
}

}  // namespace
}  // namespace dpml
