#include "dpml/accounting/schedule.h"

#include <gtest/gtest.h>

#include "dpml/accounting/accountant.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

const Event kGaussian = Gaussian{2};

/// The one entry that the schedule makes, with noise multiplier 2.
LedgerEntry entry_of(Schedule schedule) {
  schedule.noise_multiplier = 2;
  Ledger ledger(Neighbours::zero_out);
  append_schedule(schedule, ledger);
  EXPECT_EQ(ledger.entries().size(), 1u);
  return ledger.entries().at(0);
}

std::string complaint(const Schedule& schedule, const FieldSpelling& spelling) {
  Ledger ledger(Neighbours::zero_out);
  try {
    append_schedule(schedule, ledger, spelling);
  } catch (const ConfigError& error) {
    EXPECT_EQ(ledger.releases(), 0u) << "a schedule that is refused leaves nothing behind";
    return error.what();
  }
  return "";
}

std::string complaint(const Schedule& schedule) {
  return complaint(schedule, [](std::string_view field) { return std::string(field); });
}

TEST(Schedule, OfPoissonSamplesCountsReleases) {
  const Schedule rate{.sampler = Sampling::poisson, .sampling_rate = 0.25, .steps = 10};
  EXPECT_EQ(entry_of(rate), (LedgerEntry{PoissonSampled{0.25, kGaussian}, 10}));
  const Schedule sizes{.sampler = Sampling::poisson, .batch_size = 250, .dataset_size = 1000, .epochs = 2.1};
  EXPECT_EQ(entry_of(sizes), (LedgerEntry{PoissonSampled{0.25, kGaussian}, 9})) << "8.4 releases, rounded up";
}

TEST(Schedule, TakesAQuotientThatIsWholeButForRoundingAsWhole) {
  const Schedule thirds{.sampler = Sampling::poisson, .batch_size = 100, .dataset_size = 4900, .epochs = 3};
  EXPECT_EQ(entry_of(thirds).count, 147u);
  const Schedule tenth{.sampler = Sampling::poisson, .sampling_rate = 0.1, .epochs = 3};
  EXPECT_EQ(entry_of(tenth).count, 30u);
}

TEST(Schedule, TakesNoFractionOfAReleaseForRounding) {
  const Schedule huge{.sampler = Sampling::poisson, .batch_size = 4, .dataset_size = 4e12 + 1, .epochs = 1};
  EXPECT_EQ(entry_of(huge).count, 1'000'000'000'001u) << "a quarter of a release is one more";
}

TEST(Schedule, TakesNoRemainderOfWholeSizesForRounding) {
  // A billion batches of half a million samples, and one sample more or less: 2e-6 of a batch.
  const auto entry = [](Sampling sampler, double dataset) {
    return entry_of({.sampler = sampler, .batch_size = 5e5, .dataset_size = dataset, .epochs = 1});
  };
  EXPECT_EQ(entry(Sampling::poisson, 5e14 + 1).count, 1'000'000'001u);
  EXPECT_EQ(entry(Sampling::without_replacement, 5e14 + 1).count, 1'000'000'001u);
  EXPECT_EQ(entry(Sampling::shuffle, 5e14 + 1).event, Event(Shuffled{1'000'000'001, kGaussian}));
  EXPECT_EQ(entry(Sampling::balls_and_bins, 5e14 - 1).event, Event(BallsAndBins{999'999'999, kGaussian}));
}

TEST(Schedule, HasNoMoreBatchesInAnEpochThanCanBeCounted) {
  for (const Sampling sampler : {Sampling::shuffle, Sampling::balls_and_bins}) {
    for (const double rate : {1e-16, 1e-300, 1e-310}) {
      const std::string told =
          complaint({.sampler = sampler, .sampling_rate = rate, .noise_multiplier = 1, .steps = 1});
      EXPECT_NE(told.find("sampling_rate makes"), std::string::npos) << told;
    }
    const std::string told =
        complaint({.sampler = sampler, .batch_size = 1e-300, .dataset_size = 100, .noise_multiplier = 1, .epochs = 1});
    EXPECT_NE(told.find("batch_size makes"), std::string::npos) << told;
  }
}

TEST(Schedule, OfFullBatchesIsOfPlainGaussians) {
  EXPECT_EQ(entry_of({.sampler = Sampling::full_batch, .steps = 7}), (LedgerEntry{kGaussian, 7}));
  EXPECT_EQ(entry_of({.sampler = Sampling::full_batch, .epochs = 7}), (LedgerEntry{kGaussian, 7}));
}

TEST(Schedule, OfShufflesAndBinsCountsEpochsAndRoundsToTheSafeSide) {
  const Schedule shuffle{.sampler = Sampling::shuffle, .batch_size = 30, .dataset_size = 100, .epochs = 2};
  EXPECT_EQ(entry_of(shuffle), (LedgerEntry{Shuffled{4, kGaussian}, 2}));
  const Schedule bins{.sampler = Sampling::balls_and_bins, .batch_size = 30, .dataset_size = 100, .steps = 7};
  EXPECT_EQ(entry_of(bins), (LedgerEntry{BallsAndBins{3, kGaussian}, 3})) << "7 steps begin the third epoch";
  const Schedule steps{.sampler = Sampling::shuffle, .batch_size = 30, .dataset_size = 100, .steps = 10};
  EXPECT_EQ(entry_of(steps), (LedgerEntry{Shuffled{4, kGaussian}, 4}))
      << "10 steps of whole batches begin a fourth epoch";
  const Schedule rate{.sampler = Sampling::balls_and_bins, .sampling_rate = 0.2, .epochs = 1.5};
  EXPECT_EQ(entry_of(rate), (LedgerEntry{BallsAndBins{5, kGaussian}, 2}));
}

TEST(Schedule, WithoutReplacementNeedsBothSizes) {
  const Schedule schedule{.sampler = Sampling::without_replacement, .batch_size = 30, .dataset_size = 100, .epochs = 2};
  EXPECT_EQ(entry_of(schedule), (LedgerEntry{SampledWithoutReplacement{100, 30, kGaussian}, 7}));
}

TEST(Schedule, AtRateOneIsStillPoissonAndCostsWhatAFullBatchDoes) {
  const LedgerEntry poisson = entry_of({.sampler = Sampling::poisson, .sampling_rate = 1, .steps = 5});
  EXPECT_EQ(poisson, (LedgerEntry{PoissonSampled{1, kGaussian}, 5}));
  for (const Neighbours neighbours : {Neighbours::add_or_remove_one, Neighbours::replace_one, Neighbours::zero_out}) {
    Ledger sampled(neighbours);
    Ledger full(neighbours);
    sampled.append(poisson.event, 5);
    full.append(kGaussian, 5);
    for (const std::string& name : accountant_names()) {
      const auto accountant = make_accountant(name);
      EXPECT_EQ(accountant->epsilon(sampled, 1e-5), accountant->epsilon(full, 1e-5)) << name << to_text(neighbours);
    }
  }
}

TEST(Schedule, WithoutNoiseClaimsNothingButStatesHowRarelyASampleJoins) {
  Ledger ledger(Neighbours::add_or_remove_one);
  append_schedule({.sampler = Sampling::poisson, .sampling_rate = 1e-9, .noise_multiplier = 0, .steps = 1}, ledger);
  EXPECT_EQ(ledger.entries()[0].event, Event(PoissonSampled{1e-9, Gaussian{0}}));
  for (const std::string name : {"pld", "rdp", "best"}) {
    const Bound epsilon = make_accountant(name)->epsilon_bound(ledger, 1e-5);
    EXPECT_TRUE(std::isinf(epsilon.upper)) << name;
    EXPECT_EQ(epsilon.lower, 0) << name << ": at this delta the sample may as well be absent";
  }
}

TEST(Schedule, WithoutNoiseClaimsNothingWhateverTheSampler) {
  const Schedule without{.batch_size = 10, .dataset_size = 100, .noise_multiplier = 0, .epochs = 1};
  for (const std::string& name : sampling_names()) {
    Schedule schedule = without;
    schedule.sampler = parse_sampling(name);
    if (schedule.sampler == Sampling::full_batch) schedule.batch_size.reset();
    Ledger ledger(Neighbours::zero_out);
    append_schedule(schedule, ledger);
    EXPECT_NE(ledger.entries()[0].event, Event(NonPrivate{})) << name;
    EXPECT_TRUE(std::isinf(make_accountant("best")->epsilon(ledger, 1e-5))) << name;
  }
}

TEST(Schedule, WithoutNoiseIsRefusedByGdpWhereBatchesAreSampled) {
  const auto epsilon = [](const Schedule& schedule) {
    Ledger ledger(Neighbours::zero_out);
    append_schedule(schedule, ledger);
    return make_accountant("gdp")->epsilon(ledger, 1e-5);
  };
  Schedule rare{.sampler = Sampling::poisson, .sampling_rate = 0.01, .noise_multiplier = 0, .steps = 1};
  EXPECT_THROW(epsilon(rare), UnsupportedEvent);
  rare.sampler = Sampling::balls_and_bins;
  EXPECT_THROW(epsilon(rare), UnsupportedEvent);
  rare.sampler = Sampling::shuffle;
  EXPECT_TRUE(std::isinf(epsilon(rare))) << "charged without amplification, so without noise everything is told";
  EXPECT_TRUE(std::isinf(epsilon({.sampler = Sampling::full_batch, .noise_multiplier = 0, .steps = 1})));
}

TEST(Schedule, RefusesWhatIsMissingOrContradictsItself) {
  const auto begins = [](const std::string& text, const std::string& with) { return text.substr(0, with.size()); };
  const auto expect = [&](const Schedule& schedule, const std::string& message) {
    EXPECT_EQ(begins(complaint(schedule), message), message);
  };
  expect({.sampling_rate = 0.1, .noise_multiplier = 1, .steps = 1}, "sampler is not stated");
  expect({.sampler = Sampling::poisson, .sampling_rate = 0.1, .steps = 1}, "noise_multiplier is not stated");
  expect({.sampler = Sampling::poisson, .sampling_rate = 0.1, .noise_multiplier = -1, .steps = 1},
         "noise_multiplier is -1");
  expect({.sampler = Sampling::poisson, .noise_multiplier = 1, .steps = 1}, "sampling_rate is not stated");
  expect({.sampler = Sampling::poisson, .sampling_rate = 1.5, .noise_multiplier = 1, .steps = 1},
         "sampling_rate is 1.5");
  expect({.sampler = Sampling::poisson, .sampling_rate = 0.1, .batch_size = 5, .noise_multiplier = 1, .steps = 1},
         "batch_size does not fit here");
  expect({.sampler = Sampling::poisson, .batch_size = 5, .noise_multiplier = 1, .steps = 1},
         "dataset_size is not stated");
  expect({.sampler = Sampling::poisson, .batch_size = 5, .dataset_size = 2.5, .noise_multiplier = 1, .steps = 1},
         "dataset_size is 2.5");
  expect({.sampler = Sampling::poisson, .batch_size = 5, .dataset_size = 4, .noise_multiplier = 1, .steps = 1},
         "batch_size is 5");
  expect({.sampler = Sampling::poisson, .sampling_rate = 0.1, .noise_multiplier = 1}, "steps or epochs is not stated");
  expect({.sampler = Sampling::poisson, .sampling_rate = 0.1, .noise_multiplier = 1, .steps = 1, .epochs = 1},
         "steps and epochs are both stated");
  expect({.sampler = Sampling::poisson, .sampling_rate = 0.1, .noise_multiplier = 1, .steps = 1.5}, "steps is 1.5");
  expect({.sampler = Sampling::poisson, .sampling_rate = 0.1, .noise_multiplier = 1, .steps = 2e15},
         "steps makes 2e+15 releases");
  expect({.sampler = Sampling::poisson, .sampling_rate = 0.1, .noise_multiplier = 1, .epochs = -1}, "epochs is -1");
  expect({.sampler = Sampling::full_batch, .sampling_rate = 1, .noise_multiplier = 1, .steps = 1},
         "sampling_rate does not fit here");
  expect({.sampler = Sampling::shuffle, .sampling_rate = 0.3, .noise_multiplier = 1, .steps = 1},
         "sampling_rate 0.3 makes 3.33");
  expect({.sampler = Sampling::without_replacement, .sampling_rate = 0.3, .noise_multiplier = 1, .steps = 1},
         "sampling_rate does not fit here");
  expect(
      {.sampler = Sampling::without_replacement, .batch_size = 5, .dataset_size = 4, .noise_multiplier = 1, .steps = 1},
      "batch_size 5 is above dataset_size 4");
}

TEST(Schedule, IsRefusedInTheWordsOfWhoStatedIt) {
  const auto spelling = [](std::string_view field) { return "my " + std::string(field); };
  EXPECT_EQ(
      complaint({.sampler = Sampling::shuffle, .sampling_rate = 0.4, .noise_multiplier = 1, .steps = 1}, spelling),
      "my sampling_rate 0.4 makes 2.5 batches in an epoch of my sampler shuffle, expected a whole number; state "
      "my dataset_size and my batch_size");
}

TEST(Schedule, KnowsWhetherANumberIsStated) {
  EXPECT_FALSE(Schedule{.sampler = Sampling::shuffle}.is_stated());
  for (const ScheduleField& field : kScheduleFields) {
    Schedule schedule;
    schedule.*field.number = 0;
    EXPECT_TRUE(schedule.is_stated()) << field.name;
  }
}

TEST(BatchDraw, WithoutANumberThatItNeedsIsNoEventOfALedger) {
  for (const std::string& name : sampling_names()) {
    const Sampling sampling = parse_sampling(name);
    if (sampling == Sampling::full_batch) continue;
    Ledger ledger(Neighbours::zero_out);
    EXPECT_THROW(ledger.append(event_of({.sampling = sampling}, 1)), ConfigError) << name;
  }
}

TEST(Sampling, NamesAreReadBack) {
  EXPECT_EQ(sampling_names().size(), 5u);
  for (const std::string& name : sampling_names()) EXPECT_EQ(to_text(parse_sampling(name)), name);
  EXPECT_THROW(parse_sampling("poison"), ConfigError);
}

}  // namespace
}  // namespace dpml
