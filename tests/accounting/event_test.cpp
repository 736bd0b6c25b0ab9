#include "dpml/accounting/event.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <random>

#include "dpml/accounting/ledger.h"
#include "dpml/base/error.h"
#include "short_names.h"

namespace dpml {
namespace {

/// What the ConfigError says that `action` throws; "" when it throws none.
template <class Action>
std::string complaint(const Action& action) {
  try {
    action();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

Event nested(int depth) {
  Event event = Gaussian{1};
  for (int i = 1; i < depth; ++i) event = PoissonSampled{0.5, event};
  return event;
}

TEST(Event, HasTheDocumentedText) {
  EXPECT_EQ(to_text(PoissonSampled{0.01, Gaussian{1}}),
            "poisson_sampled { sampling_rate: 0.01 event { gaussian { noise_multiplier: 1 } } }");
  EXPECT_EQ(to_text(NonPrivate{}), "non_private { }");
}

TEST(Event, ReadsBackBitByBit) {
  std::mt19937_64 draw(1);
  for (int i = 0; i < 2000; ++i) {
    const double noise = std::fabs(std::bit_cast<double>(draw()));
    if (!std::isfinite(noise)) continue;
    const double rate = std::ldexp(static_cast<double>(draw() | 1), -64);
    const Event event = PoissonSampled{rate, Gaussian{noise}};
    EXPECT_EQ(parse_event(to_text(event)), event) << to_text(event);
  }
  for (double noise : {0.0, std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max()}) {
    EXPECT_EQ(parse_event(to_text(Gaussian{noise})), Event(Gaussian{noise}));
  }
}

TEST(Event, ReadsTextWithLineBreaksAndComments) {
  EXPECT_EQ(parse_event("# a step\npoisson_sampled {\n  sampling_rate: 1e-2  # of the public size\n"
                        "  event { gaussian { noise_multiplier: 1.0 } }\n}\n"),
            Event(PoissonSampled{0.01, Gaussian{1}}));
}

TEST(Event, ComparesByContent) {
  EXPECT_EQ(Event(PoissonSampled{0.01, Gaussian{1}}), Event(PoissonSampled{0.01, Gaussian{1}}));
  EXPECT_NE(Event(PoissonSampled{0.01, Gaussian{1}}), Event(PoissonSampled{0.01, Gaussian{2}}));
  EXPECT_NE(Event(PoissonSampled{0.01, Gaussian{1}}), Event(PoissonSampled{0.02, Gaussian{1}}));
  EXPECT_NE(Event(PoissonSampled{1, Gaussian{1}}), Event(Gaussian{1}));
  EXPECT_NE(Event(Gaussian{1}), Event(NonPrivate{}));
}

TEST(Event, TellsItsKind) {
  const Event event = PoissonSampled{0.25, Gaussian{3}};
  ASSERT_NE(event.get_if<PoissonSampled>(), nullptr);
  EXPECT_EQ(event.get_if<Gaussian>(), nullptr);
  EXPECT_EQ(event.get_if<PoissonSampled>()->inner.get_if<Gaussian>()->noise_multiplier, 3);
}

TEST(Event, KeepsItsKindWhenMovedFrom) {
  Event event = Gaussian{3};
  const Event other = std::move(event);
  EXPECT_EQ(event, other);  // NOLINT(bugprone-use-after-move): that is the point
}

TEST(Event, NamesLineAndColumnOfWhatItCannotRead) {
  EXPECT_NE(complaint([] { parse_event("poisson_sampled {\n  rate: 1\n}"); }).find("2:7"), std::string::npos);
  for (const char* text :
       {"gausian { noise_multiplier: 1 }", "gaussian { noise_multiplier: one }", "gaussian { noise_multiplier: 1",
        "gaussian { noise_multiplier: 1 noise_multiplier: 2 }", "gaussian { noise_multiplier: 1 } non_private { }"}) {
    EXPECT_NE(complaint([&] { parse_event(text); }).find("1:"), std::string::npos) << text;
  }
}

TEST(LedgerText, NamesTheLineOfABadEntry) {
  const auto told = [](const std::string& text, std::optional<Neighbours> neighbours = Neighbours::zero_out) {
    return complaint([&] { parse_ledger(text, neighbours, "file.txtpb"); });
  };
  const std::string good = "entry {\n  event { gaussian { noise_multiplier: 1 } }\n}\n";  // three lines
  const std::string negative = "entry {\n  event { gaussian { noise_multiplier: -1 } }\n}\n";
  EXPECT_EQ(told(good + negative + good),
            "file.txtpb:6: gaussian event: noise_multiplier is -1, expected a finite number, at least 0");
  EXPECT_EQ(told(good + "entry { count: 1 }"),
            "file.txtpb:4: event: entry.event is missing; nothing that decides privacy has a default");
  EXPECT_EQ(told(good + "entry { event { non_private {} } count: 0 }"),
            "file.txtpb:4: entry.count is 0, expected 1 or more");
  EXPECT_EQ(told("entry: [\n{ event { non_private {} } },\n{ event { non_private {} } count: 0 }]\n" + good),
            "file.txtpb:3: entry.count is 0, expected 1 or more");
  const std::string most = "entry { event { non_private {} } count: 18446744073709551615 }\n";
  EXPECT_EQ(told(most + good).substr(0, 13), "file.txtpb:4:");
  EXPECT_EQ(told(good + "# neighbours\nneighbours: \"replace_one\""),
            "file.txtpb:5: the text states neighbours replace_one, but zero_out was asked for");
  EXPECT_EQ(told(good + "entyr {}").substr(0, 15), "file.txtpb:4:7:");
  EXPECT_THROW(parse_ledger(good), NeighboursNotStated);
}

TEST(Event, NamesWhatIsMissing) {
  EXPECT_EQ(complaint([] { parse_event("gaussian { }"); }),
            "event: gaussian.noise_multiplier is missing; nothing that decides privacy has a default");
  const std::string inner = "event { gaussian { noise_multiplier: 1 } }";
  EXPECT_NE(complaint([&] { parse_event("poisson_sampled { " + inner + " }"); }).find("sampling_rate is missing"),
            std::string::npos);
  EXPECT_NE(complaint([] { parse_event("poisson_sampled { sampling_rate: 1 }"); }).find("event is missing"),
            std::string::npos);
  EXPECT_NE(complaint([] { parse_event("poisson_sampled { sampling_rate: 1 event { } }"); }).find("no kind is set"),
            std::string::npos);
  EXPECT_NE(complaint([] { parse_event(""); }).find("no kind is set"), std::string::npos);
}

TEST(Event, RefusesNumbersOutOfRange) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (double noise : {-1.0, kInfinity, kNan}) EXPECT_THROW(validate(Gaussian{noise}), ConfigError) << noise;
  for (double rate : {-0.1, 0.0, 1.0000001, kInfinity, kNan}) {
    EXPECT_THROW(validate(PoissonSampled{rate, Gaussian{1}}), ConfigError) << rate;
  }
  EXPECT_THROW(validate(PoissonSampled{0.5, Gaussian{-1}}), ConfigError);
  EXPECT_THROW(parse_event("gaussian { noise_multiplier: nan }"), ConfigError);
  EXPECT_NO_THROW(validate(PoissonSampled{1, Gaussian{0}}));
}

TEST(Event, MayLieThirtyTwoDeepAndNoDeeper) {
  const Event deepest = nested(kMaximumEventDepth);
  EXPECT_EQ(parse_event(to_text(deepest)), deepest);
  EXPECT_THROW(validate(nested(kMaximumEventDepth + 1)), ConfigError);
  EXPECT_THROW(parse_event(to_text(nested(kMaximumEventDepth + 1))), ConfigError);
  std::string bottomless;
  for (int i = 0; i < 100000; ++i) bottomless += "poisson_sampled { sampling_rate: 1 event { ";
  EXPECT_NE(complaint([&] { parse_event(bottomless); }).find("too deep"), std::string::npos);
}

TEST(Neighbours, ReadBackFromTheirNames) {
  for (Neighbours neighbours : {Neighbours::add_or_remove_one, Neighbours::replace_one, Neighbours::zero_out}) {
    EXPECT_EQ(parse_neighbours(to_text(neighbours)), neighbours);
  }
  EXPECT_EQ(complaint([] { parse_neighbours("replace"); }),
            "neighbours: \"replace\" is not known; expected add_or_remove_one, replace_one or zero_out");
}

TEST(Neighbours, AreReadAsConfigsSpellThem) {
  EXPECT_EQ(parse_neighbours("ADD_OR_REMOVE_ONE"), Neighbours::add_or_remove_one);
  EXPECT_EQ(parse_neighbours("ZERO_OUT"), Neighbours::zero_out);
  EXPECT_EQ(parse_neighbours("Zero_Out"), Neighbours::zero_out);
  const std::string entry = " entry { event { gaussian { noise_multiplier: 1 } } }";
  for (const char* spelling : {"REPLACE_ONE", "replace_one", "\"replace_one\"", "'REPLACE_ONE'"}) {
    const std::string field = std::string("neighbours: ") + spelling;
    EXPECT_EQ(parse_ledger(field + entry).neighbours(), Neighbours::replace_one) << spelling;
    EXPECT_EQ(parse_ledger("# neighbours: ZERO_OUT\n" + entry + field).neighbours(), Neighbours::replace_one)
        << spelling;
  }
  EXPECT_THROW(parse_ledger("neighbours: neighbours" + entry), ConfigError);
  EXPECT_THROW(parse_ledger("neighbours: ZERO_OUT ZERO_OUT" + entry), ConfigError);
}

}  // namespace
}  // namespace dpml
