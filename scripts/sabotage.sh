#!/usr/bin/env bash
# Can the tests of privacy fail? Breaks a copy of the sources, one piece at a time, and demands that a named test goes
# red each time. Prints one line per sabotage; exits 1 when one survives, 2 when the question could not be asked.
# usage: scripts/sabotage.sh [WORD]    only the sabotages whose name holds WORD
set -euo pipefail
cd "$(dirname "$0")/.."

word=${1:-}
./scripts/install_packages.sh
# Always the same place, so that ccache answers when nothing has changed.
folder=$PWD/build/sabotage
mkdir -p "$folder"
exec {lock}> "$folder.lock"
flock --nonblock "$lock" || { echo "sabotage.sh runs already" >&2; exit 2; }
rm -rf "$folder"
mkdir -p "$folder/source"
git ls-files -z --cached --others --exclude-standard -- ':!data' | while IFS= read -r -d '' file; do
  if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar --create --null --files-from=- | tar --extract --touch --directory "$folder/source"

fail() {
  echo "sabotage.sh: $1" >&2
  exit 2
}

build() {
  ninja -C "$folder/build" "$@" > "$folder/build.log" 2>&1 && return
  tail -n 40 "$folder/build.log" >&2
  fail "the build failed"
}

# run_test PROGRAM TEST: what the test says; the exit code says nothing, a crash is no red test.
run_test() {
  timeout 120 "$folder/build/bin/$1" --gtest_filter="$2" > "$folder/test.log" 2>&1 || true
}

programs=()
names=()
survivors=0

# sabotage NAME PROGRAM TEST FILE OLD NEW [OLD NEW...]: OLD must stand in FILE exactly once.
sabotage() {
  local name=$1 program=$2 test=$3 file=$4
  shift 4
  [[ $name == *"$word"* ]] || return 0
  local path=$folder/source/$file whole broken
  whole=$(< "$path")
  broken=$whole
  while [ $# -gt 0 ]; do
    local without=${broken//"$1"/}
    [ $((${#broken} - ${#without})) -eq ${#1} ] || fail "\"$name\": this must stand in $file exactly once: $1"
    broken=${broken/"$1"/"$2"}
    shift 2
  done
  if [ "$phase" = list ]; then
    programs+=("$program")
    names+=("$name")
    return
  fi
  if [ "$phase" = unbroken ]; then
    run_test "$program" "$test"
    if ! grep -q '^\[  PASSED  \] 1 test\.$' "$folder/test.log"; then
      cat "$folder/test.log" >&2
      fail "$test does not pass before anything is broken"
    fi
    return
  fi

  printf '%s\n' "$broken" > "$path"
  build "$program"
  run_test "$program" "$test"
  printf '%s\n' "$whole" > "$path"
  if grep -q '^\[  FAILED  \]' "$folder/test.log"; then
    echo "caught: $name by $test"
  else
    echo "SURVIVED: $name, $test did not go red"
    survivors=$((survivors + 1))
  fi
}

all_sabotages() {
  local mechanism=src/dpsgd/gaussian_mechanism.cpp
  local noise_test=GaussianMechanismTest.NoiseIsStandardNormalTimesItsStddevAndIndependentEverywhere
  local stddev_test=GaussianMechanismTest.NoiseStddevIsMultiplierTimesBoundOverExpectedBatchSize
  sabotage "the noise is removed" dpsgd_test "$noise_test" "$mechanism" \
    '(total[j] + stddev * normal[j]) * share' 'total[j] * share'
  sabotage "the noise is halved" dpsgd_test "$stddev_test" "$mechanism" \
    'stddev = noise_stddev_]' 'stddev = noise_stddev_ / 2]'
  sabotage "the noise is divided by the batch size once more" dpsgd_test "$stddev_test" "$mechanism" \
    'stddev = noise_stddev_]' 'stddev = noise_stddev_ * share]'
  sabotage "the noise is multiplied by the batch size" dpsgd_test "$stddev_test" "$mechanism" \
    '(total[j] + stddev * normal[j]) * share' 'total[j] * share + stddev * normal[j]'
  sabotage "every step gets the same noise" dpsgd_test "$noise_test" "$mechanism" \
    'Purpose::noise, release, piece.parameter' 'Purpose::noise, release * 0, piece.parameter'
  sabotage "every parameter gets the same noise" dpsgd_test "$noise_test" "$mechanism" \
    'Purpose::noise, release, piece.parameter' 'Purpose::noise, release, piece.parameter * 0'
  sabotage "the ledger is not written" dpsgd_test GaussianMechanismTest.EveryReleaseIsPaidThatOfAnEmptyBatchToo \
    "$mechanism" 'ledger.append(event_);' ''
  sabotage "the ledger is written after the release" dpsgd_test \
    GaussianMechanismTest.ReleasesNothingThatTheJournalDidNotTake "$mechanism" \
    'ledger.append(event_);' '' 'return noisy;' 'ledger.append(event_); return noisy;'

  local sum=src/dpsgd/clipped_sum.cpp
  local weights='for (std::size_t b = 0; b < count; ++b) own.weights[group][b] = rule.weight(own.squared_norms[group][b]);'
  local bound_test=ClippedSumTest.OneSampleMovesTheReleasedMeanByAtMostTheBoundOverTheDivisor
  local nan_test=ClippedSumTest.ASampleThatIsNotFiniteLeavesEveryBitAsItWas
  sabotage "the clip is removed" dpsgd_test "$bound_test" "$sum" "$weights" ''
  sabotage "the clip comes after averaging" dpsgd_test "$bound_test" "$sum" "$weights" '
        const std::vector<float> parts(count, 1 / static_cast<float>(samples));
        double squares = 0;
        for (const PlacedGradient& it : own.gradients) {
          std::vector<float> mean(static_cast<std::size_t>(parameters[it.place]->size()));
          it.gradient.add_weighted_sum(parts, mean.data());
          for (const float value : mean) squares += static_cast<double>(value) * static_cast<double>(value);
        }
        std::fill(own.weights[group].begin(), own.weights[group].end(), rule.weight(squares));'
  sabotage "a sample is clipped by the norm of one parameter" dpsgd_test \
    ClippedSumTest.NormsGoOverAllParameters "$sum" \
    'it.gradient.add_squared_norms(' 'if (it.place == 0) it.gradient.add_squared_norms('
  sabotage "a norm that is not a number counts as short" dpsgd_test "$nan_test" src/dpsgd/clip_rule.cpp \
    'if (!std::isfinite(squared_norm)) return 0;' 'if (!std::isfinite(squared_norm)) return 1;'
  sabotage "the second use of a weight is lost" layers_test 'Graph.TiedWeightsHaveTheSumOfBothGradients' \
    src/autograd/tape.cpp 'use.gathered.back() += std::move(gradient);' 'use.gathered.back() = std::move(gradient);'
  sabotage "rows of a tied weight lose their place" autograd_test 'PerSampleGrad.UsesOfOneParameterAddUpInEveryPairOfForms' \
    src/autograd/per_sample_grad.cpp 'i * vocabulary + static_cast<Index>(index.data()[i])' 'i * vocabulary'
  sabotage "the trial of a model hears of nothing" layers_test 'SampleMixing.NamesTheLayerThatMixes' \
    src/layers/sample_mixing.cpp 'if (!others_are_same(before.digests, digests, changed_)) tell(' 'if (false) tell('
  sabotage "a frozen weight is trained" config_test 'Trainable.PatternsSayWhichWeights' \
    src/config/size_counter.cpp 'const bool is_trained = is_meant && !place_.is_frozen;' 'const bool is_trained = is_meant;'
  sabotage "weight 0 multiplies instead of leaving out" dpsgd_test "$nan_test" src/autograd/dense_form.cpp \
    'if (weight == 0) continue;' ''

  sabotage "a product depends on the number of rows" tensor_test OwnGemm.ARowKeepsItsBitsAmongAnyOthers \
    src/tensor/gemm_kernel.h 'const Index depth = smaller(depth_at_once(p), p.k - q);' '
    const Index depth = smaller(depth_at_once(p), p.k - q);
    if (p.m >= 16 && q > 0) part_of_sum(p, s);' \
    '/// What is added to C must be whole before.' '
/// Rounds where it should not: what is there already loses its last bit.
inline void part_of_sum(const MatrixProduct& p, const Sides& s) {
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < p.n; ++j) s.c[i * s.ldc + j] *= 1 + 0x1p-23F;
  }
}
/// What is added to C must be whole before.'
  sabotage "a layer rounds a row by the number of rows" layers_test Linear.BehavesAsALayer src/layers/linear.cpp \
    'if (bias_) add_to_rows(bias_->tensor().data(), rows, out, y.mutable_data());' '
  if (bias_) add_to_rows(bias_->tensor().data(), rows, out, y.mutable_data());
  if (rows >= 16) y.mutable_data()[0] *= 1 + 0x1p-23F;'
  sabotage "the trainer multiplies by a library whose rows depend on their number" neighbours_test \
    Neighbours.OneRecordMovesTheSumByAtMostTheClipBound src/tensor/gemm.cpp 'return multiply_own(p);
    case Products::library:' '{
      multiply_own(p);
      if (p.m >= 16) {
        for (Index i = 0; i < p.m; ++i) p.c[i * p.ldc] = p.c[i * p.ldc] * (1 - 0x1p-22F) + 0x1p-20F;
      }
      return;
    }
    case Products::library:'
  sabotage "rounding is not paid in the clip weight" dpsgd_test Rounding.OfAChainOfManySamplesIsPaid \
    include/dpml/dpsgd/clip_rule.h 'kRoundingSlack = 0x1p-9' 'kRoundingSlack = 0x1p-60'
  sabotage "a sample's own positions are rounded for nothing" dpsgd_test Rounding.OfASamplesOwnPositionsIsPaid \
    src/autograd/norms.cpp 'length + of_float / (1 - of_float) * sums.lengths' 'length + 0 * of_float'
  sabotage "positions are added to what others left" dpsgd_test Rounding.OfLongPositionsNeverReachesAnotherSample \
    src/autograd/outer_form.cpp 'product.result = GemmResult::is_added;
    product.factor = weight;' 'product.result = GemmResult::goes_on;
    product.factor = weight;'
  sabotage "totals are floats" dpsgd_test ClippedSumTest.LosesNothingOverManySamples src/dpsgd/gaussian_sum.cpp \
    'total[j] = (goes_on ? total[j] : 0.0) + grid.rounded(static_cast<double>(from[j]));' \
    'total[j] = static_cast<float>((goes_on ? total[j] : 0.0) + grid.rounded(static_cast<double>(from[j])));'
  sabotage "groups are not rounded to the grid" dpsgd_test ClippedSumTest.TheOrderOfGroupsChangesNoBit \
    src/dpsgd/gaussian_sum.h \
    'return (x + shift_) - shift_;' 'return x;'
  sabotage "a group begins with what the one before left" dpsgd_test ClippedSumTest.AGroupKeepsNothingOfTheOneBefore \
    src/dpsgd/gaussian_sum.cpp 'if (lane.is_begun[place]) continue;' 'continue;'
  sabotage "groups are cut by their place in the batch" dpsgd_test SampleGroups.OneRowMoreChangesOneGroupWhichMayPartInTwo \
    src/dpsgd/sample_groups.cpp 'drawn_[i].coin * least_groups_ < middle' 'i - begin < (end - begin) / 2'

  local sampler=src/dpsgd/sampler.cpp
  sabotage "batches have a fixed size" dpsgd_test PoissonSampler.BatchSizesFollowTheBinomialDistribution "$sampler" \
    'if (!threshold || word < *threshold) batch.push_back({first + i, static_cast<std::uint32_t>(word)});' '
      // Every set of that size is equally likely.
      const double wanted = std::round((threshold ? std::ldexp(static_cast<double>(*threshold), -64) : 1) * static_cast<double>(rows));
      const double uniform = std::ldexp(static_cast<double>(word), -64);
      const auto left = static_cast<double>(rows - first - i);
      if (uniform * left < wanted - static_cast<double>(batch.size())) batch.push_back({first + i, 0});'
  sabotage "every step draws the same batch" dpsgd_test \
    PoissonSampler.RowsJoinEquallyOftenAndIndependentlyOfStepsAndNeighbours "$sampler" \
    'Purpose::sampling, step, 0' 'Purpose::sampling, step * 0, 0'
  sabotage "the event forgets the sampling rate" dpsgd_test Sampler.StatesTheEventOfItsDraw src/accounting/schedule.cpp \
    'PoissonSampled{draw.sampling_rate, gaussian}' 'PoissonSampled{1, gaussian}'
  sabotage "the event states half the sampling rate" dpsgd_test Sampler.StatesTheEventOfItsDraw src/accounting/schedule.cpp \
    'PoissonSampled{draw.sampling_rate, gaussian}' 'PoissonSampled{draw.sampling_rate / 2, gaussian}'
  sabotage "a training without noise states a sampled Gaussian" dpsgd_test Sampler.StatesTheEventOfItsDraw \
    src/dpsgd/sampler.cpp 'if (noise_multiplier == 0) return NonPrivate{};' ''
  sabotage "the plan calibrates for one step less" dpsgd_test TrainingPlan.GuaranteesWhatTheAccountantSaysOfAllSteps \
    src/dpsgd/training_plan.cpp \
    'ledger.append(make_sampler(options).event(noise_multiplier), options.steps);' \
    'ledger.append(make_sampler(options).event(noise_multiplier), options.steps - 1);'
  sabotage "a chosen seed keeps its guarantee" dpsgd_test TrainingPlan.GuaranteesNothingForAChosenSeed \
    src/dpsgd/training_plan.cpp 'if (options_.seed && ledger.releases() > 0)' \
    'if (options_.seed && ledger.releases() > options_.steps)'

  sabotage "the accountant ignores how often an event happened" accounting_test \
    RdpAccountant.CountsNReleasesAsNTimesOne src/accounting/renyi/composed_curve.cpp \
    'count_up(entry.count)' 'count_up(entry.count > 0)'
  sabotage "the accountant ignores the sampling rate outside" accounting_test \
    Renyi.OfSamplingTwiceIsSamplingOnceWithTheProduct src/accounting/renyi/sampled_cost.cpp \
    'rate = events::product_of_rates(rate, next->sampling_rate);' 'rate = next->sampling_rate;'

  sabotage "pld ignores how often an event happened" accounting_test \
    PldProperties.CompositionHasNoOrderAndCountsAreEvents src/accounting/pld/pairs_of_ledger.cpp \
    'made_.phases[found->second].count += count;' 'made_.phases[found->second].count += count > 0 ? 1 : 0;'
  sabotage "pld takes the others to fill every batch" accounting_test \
    TruncatedPoisson.ByPldIsAboveTheExactDeltaOfASmallDataset src/accounting/pld/pairs_of_ledger.cpp \
    'std::exp(log_cut.upper - log_full.lower)' 'std::exp(log_cut.upper)'

  sabotage "sums of balls and bins are merged from above and spread from below" accounting_test \
    BallsAndBinsPairs.BracketsTwoAndThreeBins src/accounting/pld/ratio_sum.cpp \
    'side == ConvexSide::above ? spread(grid, cells) : merge(grid, cells)' \
    'side == ConvexSide::below ? spread(grid, cells) : merge(grid, cells)'
  sabotage "more bins are added up than there are" accounting_test BallsAndBinsPairs.RoundsNumbersOfBinsToTheSafeSide \
    src/accounting/pld/ratio_sum.cpp 'side == ConvexSide::above || is_exact ? down : down + 1' \
    'side == ConvexSide::below || is_exact ? down : down + 1'
  sabotage "more jumps than are counted do not happen" accounting_test Jumps.SumsTakenApartHoldAllSums \
    src/accounting/pld/composed_pld.cpp 'if (is_certain) sum.add(log_remainder(epsilon));' ''
  sabotage "releases jump in one way only" accounting_test Jumps.SumsTakenApartHoldAllSums \
    src/accounting/pld/composed_pld.cpp 'const double ways = log_ways(counts, split, term.jumps);' \
    'const double ways = std::min(0.0, log_ways(counts, split, term.jumps));'
  sabotage "work needs no budget" accounting_test Jumps.WhatTheBudgetDoesNotAllowIsBoundedWithoutIt \
    src/accounting/pld/work_budget.h 'return units <= left_;' 'return units <= left_ || units > 0;' \
    'void spend(double units) { left_ = std::max(0.0, left_ - units); }' 'void spend(double) {}'
  sabotage "what is nearly free is free" accounting_test Extremes.WhatIsNearlyFreeIsAddedFromAbove \
    src/accounting/pld/privacy_profile.cpp 'free_.loss += phase.count * largest * kFreeUp;' ''
  sabotage "infinity is told without a reason" accounting_test Extremes.NoEpsilonHoldsBelowTheChanceToTellAll \
    src/accounting/pld/pld_accountant.cpp 'if (found.interval.lower == kInfinity) {' 'if (found.interval.lower > kInfinity) {'
  sabotage "close kinds of releases cost as little as the cheapest" accounting_test \
    Extremes.RoundedLedgersCostNoLess src/accounting/event_rounding.cpp \
    '(cost == Cost::more ? WithNumbers{down, up} : WithNumbers{up, down})' \
    '(cost == Cost::less ? WithNumbers{down, up} : WithNumbers{up, down})'

  sabotage "a resumed run forgets the journal" train_test \
    ResumedRun.CountsATornLineAndWhatWasReleasedAfterTheCheckpoint src/train/run.cpp \
    'trainer_.resume_ledger(std::move(reopened.contents.ledger));' 'trainer_.resume_ledger(Ledger(saved));'
  sabotage "runs without a seed all use the same key" train_test NoiseKey.IsAnotherOneInEveryTrainingWithoutASeed \
    src/train/trainer.cpp 'Key::secure()' 'Key::from_seed(0)'

  local early_test=CheckRows.EndsATrainingBeforeItsFirstRelease
  sabotage "the early check of rows is removed" train_test "$early_test" src/train/trainer.cpp \
    'const RowCounts rows = check_rows(data, schema, threads);' 'const RowCounts rows{schema.input.rank(), 0};'
  sabotage "the early check forgets labels" train_test "$early_test" src/train/check_rows.cpp \
    'if (has_labels) require(schema.label_numbers' 'if (has_labels && threads < 0) require(schema.label_numbers'
  sabotage "the early check forgets inputs" train_test "$early_test" src/train/check_rows.cpp \
    'require(schema.input_numbers, data' 'require(NumberRule(AnyNumber{}), data'
  sabotage "the early check forgets shapes of labels" train_test CheckRows.NamesTheLabelsOfAnotherShape \
    src/train/check_rows.cpp \
    'if (!problem.empty()) throw' 'if (problem == "never") throw'
  sabotage "the early check looks at its first piece alone" train_test CheckRows.TellsTheFirstBadRowForAnyNumberOfThreads \
    src/train/check_rows.cpp 'const Batch& samples) {' 'const Batch& samples) { if (first > 0) return;'
  sabotage "test data is not checked" train_test Run.ChecksTheRowsOfItsTestData src/train/run.cpp \
    'require_usable_rows(test_rows_,' 'if (test_rows_.rows < 0) require_usable_rows(test_rows_,'
  sabotage "training goes on with weights that are not finite" train_test Trainer.EndsWhenTheWeightsAreNotFinite \
    src/train/trainer.cpp 'if (parts_->weights_are_finite) return;' 'if (parts_->step > 0) return;'
  sabotage "any clip bound above 0 is taken" dpsgd_test ClipRule.RefusesABoundThatFloatGradientsCannotKeep \
    src/dpsgd/clip_rule.cpp 'length >= kSmallestBound && length <= kLargestBound' 'length > 0'

  sabotage "a file may hold what the format does not know" io_test \
    Versions/StrictFile.HasNothingThatTheFormatDoesNotKnow/Version2 src/io/model_file.cpp \
    'file.require_bytes(image_of(stored.model, stored.stored).bytes());' ''
  sabotage "weights of any size are read" io_test Versions/StrictFile.AsksBeforeItsWeightsAreRead/Version2 \
    src/io/record_parts.cpp 'if (!check) return;' 'if (!check || version > 0) return;'
  sabotage "an object of a file may have several names" io_test Versions/StrictFile.LeadsNowhereElse/Version2 \
    src/io/record_scan.cpp 'if (info.rc != 1)' 'if (info.rc < 1)'
  sabotage "a path may begin a line of its own" config_test Problems.OfAPathAreToldInOneLine src/config/canonical_text.cpp \
    "if (absolute.find('\\n') != std::string::npos) {" "if (absolute.empty()) {"
  sabotage "the audit believes the name of any initial model" audit_test \
    AuditOfAChain.FailsTheNameOfAnotherModelThanTheRunBefore src/audit/plan_checks.cpp \
    'return model.initial_model == model.earlier_runs.back().record' 'return true'
  sabotage "escape codes of a file reach the terminal" base_test Printable.SpellsOutWhatCannotBeSeen \
    src/base/printable.cpp 'if (code >= range.first && code <= range.last) return true;' \
    'if (code > 0x9f && code >= range.first && code <= range.last) return true;'
  sabotage "bytes that are no text reach the terminal" base_test Printable.SpellsOutBytesThatAreNoText \
    src/base/printable.cpp 'if (letter.bytes == 0) {' 'if (letter.bytes == 0 && text.empty()) {'
  sabotage "a config inside a file may hold a comment" config_test StoredConfig.HidesNothing \
    src/config/parse_config.cpp 'if (experiment.text == text) return experiment;' \
    'if (experiment.text.size() <= text.size()) return experiment;'
  sabotage "a config may hold bytes that are no text" config_test TextOfAConfig.IsUtf8WithoutZeroBytes \
    src/config/parse_config.cpp 'if (place == std::string::npos) return;' 'if (place != 0) return;'
  sabotage "a file of owner/ is open to others" base_test PrivateFiles.AFileHasNoRightThatItsFolderDoesNotGive \
    src/base/file.cpp 'rights | 0600U' 'rights | 0644U'
  sabotage "owner/ stays as open as it was" train_test OwnerFolder.IsClosedToOthersWhateverWasThere src/base/file.cpp \
    'if (::chmod(path.c_str(), about.st_mode & 0700U) == 0) return false;' 'return false;'
  sabotage "a claim says from below what its groups lose" accounting_test \
    Group.LosesNoMoreFromBelowThanOneUnitDoesWhereAClaimSaysWhatItLoses src/accounting/group.cpp \
    'lower = std::min(lower, lower_end(one));' 'lower = std::max(lower, lower_end(one));'
  sabotage "a converted delta is from below that of a smaller epsilon" accounting_test \
    Group.ConvertedHasTheDeltaFromBelowOfOneUnitAtTheSameEpsilon src/accounting/group.cpp \
    'bound.lower = accountant.delta_bound(ledger, epsilon).lower;' ''
  sabotage "unknown initial weights keep the claim" accounting_test ChainedRun.AloneIsWhatItsAccountantSays \
    src/accounting/chain.cpp 'if (!may_claim(options_.initial_weights)) {' 'if (own_.empty()) {'
  sabotage "a chain forgets the runs before" accounting_test ChainedRun.OnTheSamePeopleAddsUp \
    src/accounting/chain.cpp 'whole.append(run.charged);' ''
  sabotage "a run carried with another charge counts once" audit_test \
    SpentTest.CountsARunThatIsCarriedWithAnotherChargeThanItsOwn src/audit/spent.cpp \
    'charges.end()) return false;' 'charges.end() || charges.size() > 0) return false;'
  sabotage "a seeded run passes its ledger on" audit_test SpentTest.IsInfiniteWhereARunCanClaimNothing src/train/claim.cpp \
    'if (claims_nothing) ledger.append(NonPrivate{});' ''
  sabotage "a stopped run claims what it released" train_test Ending.DecidesWhatAStoppedRunClaims src/train/claim.cpp \
    'if (plan.allows_another(released)) {' 'if (plan.allows_another(released) && released.releases() == 0) {'
  sabotage "a stop for private figures keeps the claim" train_test Ending.DecidesWhatAStoppedRunClaims \
    src/train/claim.cpp 'if (!may_claim(ending)) claim.epsilon' 'if (false) claim.epsilon'
  sabotage "the audit believes a cut ledger" audit_test Audit.FailsACutLedgerWithTheFinalWeights \
    src/audit/owner_checks.cpp 'journal.version > 1 && !knows_model(findings, journal)' 'journal.version > 2 && !knows_model(findings, journal)'
  sabotage "the audit believes any weights" audit_test Audit.ComparesWeightsWhateverAveragedAndStepsSay \
    src/audit/owner_checks.cpp 'return "the weights are not those that the run ended with";' 'return "";'
  sabotage "the audit passes a claim of infinity" audit_test Audit.FailsAChosenSeedThatClaimsAnything \
    src/audit/account_checks.cpp 'if (std::isinf(model.claim.epsilon)) {' 'if (std::isnan(model.claim.epsilon)) {'
}

phase=list
all_sabotages
[ "${#names[@]}" -gt 0 ] || fail "no sabotage is named like \"$word\""
mapfile -t programs < <(printf '%s\n' "${programs[@]}" | sort -u)
cmake -S "$folder/source" -B "$folder/build" -G Ninja -DDPML_TOOLS=OFF > "$folder/build.log" 2>&1 ||
  { cat "$folder/build.log" >&2; fail "the configuration failed"; }
build "${programs[@]}"
phase=unbroken
all_sabotages
phase=broken
all_sabotages
echo "${#names[@]} sabotages, $survivors not caught"
[ "$survivors" -eq 0 ]
