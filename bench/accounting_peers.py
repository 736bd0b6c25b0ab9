#!/usr/bin/env python3
"""Times epsilon and calibration by dpml beside dp_accounting and prv_accountant, in turns, one thread.

usage: bench/accounting_peers.py PATH/TO/accounting_bench [--turns N]

The peers are used where they can be imported: pip install dp-accounting==0.6.0 prv-accountant==0.2.0.
Prints a table of medians, the spread over the turns (from the smallest to the largest), and the ratio to dpml.
"""

import argparse
import json
import os
import statistics
import subprocess
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

DELTA = 1e-5
CASES = {"A": (0.01, 1.0, 10_000), "B": (1e-4, 0.6, 1_000_000)}


def dpml_times(binary):
    """Seconds and results of one run of accounting_bench, by (job, case)."""
    output = subprocess.run([binary, "--benchmark_format=json", "--benchmark_min_time=0.1"],
                            check=True, capture_output=True, text=True).stdout
    times = {}
    for run in json.loads(output)["benchmarks"]:
        job, _, method = run["name"].partition("/")
        case, _, accountant = method.partition("_")
        result = run.get("epsilon", run.get("noise_multiplier"))
        times[(f"{job} {case}", f"dpml {accountant}")] = (run["real_time"] / 1e3, result)
    return times


def peer_jobs():
    jobs = {}
    try:
        import dp_accounting
        from dp_accounting import pld, rdp

        def event(case, noise=None):
            rate, own_noise, steps = CASES[case]
            return dp_accounting.SelfComposedDpEvent(
                dp_accounting.PoissonSampledDpEvent(rate, dp_accounting.GaussianDpEvent(noise or own_noise)), steps)

        for case in CASES:
            for interval in (1e-3, 1e-4):
                jobs[(f"epsilon {case}", f"dp_accounting PLD, interval {interval:g}")] = (
                    lambda case=case, interval=interval: pld.PLDAccountant(
                        value_discretization_interval=interval).compose(event(case)).get_epsilon(DELTA))
            jobs[(f"epsilon {case}", "dp_accounting RDP")] = (
                lambda case=case: rdp.RdpAccountant().compose(event(case)).get_epsilon(DELTA))
            jobs[(f"calibrate {case}", "dp_accounting PLD, interval 1e-4")] = (
                lambda case=case: dp_accounting.calibrate_dp_mechanism(
                    pld.PLDAccountant, lambda noise: event(case, noise), 1.0, DELTA, tol=1e-4))
    except ImportError:
        print("dp_accounting cannot be imported; it is left out")
    try:
        from prv_accountant import PRVAccountant, PoissonSubsampledGaussianMechanism

        def prv(case, error):
            rate, noise, steps = CASES[case]
            mechanism = PoissonSubsampledGaussianMechanism(noise_multiplier=noise, sampling_probability=rate)
            accountant = PRVAccountant(prvs=mechanism, max_self_compositions=steps, eps_error=error, delta_error=1e-8)
            return accountant.compute_epsilon(delta=DELTA, num_self_compositions=[steps])[2]

        for case in CASES:
            jobs[(f"epsilon {case}", "prv_accountant, error 0.1, upper")] = lambda case=case: prv(case, 0.1)
    except ImportError:
        print("prv_accountant cannot be imported; it is left out")
    return jobs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    seconds, results = {}, {}
    jobs = peer_jobs()
    for _ in range(arguments.turns):
        for key, (time_taken, result) in dpml_times(arguments.binary).items():
            seconds.setdefault(key, []).append(time_taken)
            results[key] = result
        for key, job in jobs.items():
            start = time.perf_counter()
            results[key] = job()
            seconds.setdefault(key, []).append(time.perf_counter() - start)
    print("| job | method | result | median | spread | times dpml pld |")
    print("|---|---|---|---|---|---|")
    for key in sorted(seconds):
        job, method = key
        median = statistics.median(seconds[key])
        ratio = median / statistics.median(seconds[(job, "dpml pld")])
        print(f"| {job} | {method} | {results[key]:.6f} | {median * 1e3:.2f} ms | "
              f"{min(seconds[key]) * 1e3:.2f} to {max(seconds[key]) * 1e3:.2f} ms | {ratio:.3g} |")


if __name__ == "__main__":
    main()
