// Times the accountants: epsilon with a certified interval, calibration of the noise, and epsilon by RDP, for
//   A  sampling rate 0.01, noise multiplier 1, 10,000 steps, delta 1e-5,
//   B  sampling rate 1e-4, noise multiplier 0.6, 1,000,000 steps, delta 1e-5.
// bench/accounting_peers.py runs it in turns with other libraries.

#include <benchmark/benchmark.h>

#include "dpml/accounting/calibration.h"

namespace {

using namespace dpml;

struct Case {
  double sampling_rate;
  double noise_multiplier;
  std::uint64_t steps;
};
constexpr Case kA{0.01, 1, 10000};
constexpr Case kB{1e-4, 0.6, 1000000};
constexpr double kDelta = 1e-5;

Ledger ledger_of(const Case& given, double noise_multiplier) {
  Ledger ledger(Neighbours::add_or_remove_one);
  ledger.append(PoissonSampled{given.sampling_rate, Gaussian{noise_multiplier}}, given.steps);
  return ledger;
}

void epsilon(benchmark::State& state, const Case& given, const char* name) {
  const auto accountant = make_accountant(name);
  const Ledger ledger = ledger_of(given, given.noise_multiplier);
  Bound bound;
  for (auto _ : state) benchmark::DoNotOptimize(bound = accountant->epsilon_bound(ledger, kDelta));
  state.counters["epsilon"] = bound.upper;
  state.counters["gap"] = (bound.upper - bound.lower) / bound.upper;
}

void calibrate(benchmark::State& state, const Case& given, const char* name) {
  const auto accountant = make_accountant(name);
  double noise = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(noise = calibrate_noise_multiplier(*accountant, 1, kDelta,
                                                                [&](double tried) { return ledger_of(given, tried); }));
  }
  state.counters["noise_multiplier"] = noise;
}

BENCHMARK_CAPTURE(epsilon, A_pld, kA, "pld")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(epsilon, B_pld, kB, "pld")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(epsilon, A_rdp, kA, "rdp")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(epsilon, B_rdp, kB, "rdp")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(calibrate, A_pld, kA, "pld")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(calibrate, B_pld, kB, "pld")->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
