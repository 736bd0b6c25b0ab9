"""What the oracle is asked, and who answers: CASES."""

from mpmath import mp, mpf

from oracle.contour import OneLaplace, SampledGaussian, many_releases
from oracle.few_releases import gaussian_delta, laplace_delta, one_release, two_releases
from oracle.solving import DIGITS, log_or_none, require_agreement, solve_twice
from oracle.sums import discrete_epsilon, laplace_sum_delta, pure_atoms, randomized_response_atoms


def gaussian(noise, count=1):
    mu = lambda: mp.sqrt(count) / mpf(noise)
    solve_it = lambda direction, delta: solve_twice(lambda: lambda e: log_or_none(gaussian_delta(mu(), e)), delta)
    return "closed_form", {"type": "Gaussian", "noise_multiplier": noise}, count, solve_it, True


def sampled_gaussian(rate, noise, count):
    if count == 1:
        method = "closed_form"
        solve_it = lambda direction, delta: one_release(
            lambda e: gaussian_delta(1 / mpf(noise), e), mpf(rate), direction, delta
        )
    elif count == 2:
        method = "quadrature"
        solve_it = lambda direction, delta: two_releases(rate, noise, direction, mp.log(mpf(delta)))
    else:
        method = "contour"
        solve_it = lambda direction, delta: many_releases(SampledGaussian(rate, noise, direction), count, delta)
    inner = {"type": "Gaussian", "noise_multiplier": noise}
    return method, {"type": "PoissonSampled", "sampling_probability": rate, "event": inner}, count, solve_it, False


def laplace(noise, count):
    largest = lambda: 1 / mpf(noise)
    if count == 1:
        method = "closed_form"
        solve_it = lambda direction, delta: solve_twice(
            lambda: lambda e: log_or_none(laplace_delta(largest(), e)), delta
        )
    elif count <= 20:
        method = "sum"
        solve_it = lambda direction, delta: solve_twice(
            lambda: lambda e: log_or_none(laplace_sum_delta(largest(), count, e)), delta
        )
    else:
        method = "contour"
        solve_it = lambda direction, delta: many_releases(OneLaplace(noise, direction), count, delta)
    return method, {"type": "Laplace", "noise_multiplier": noise}, count, solve_it, True


def sampled_laplace(rate, noise):
    solve_it = lambda direction, delta: one_release(
        lambda e: laplace_delta(1 / mpf(noise), e), mpf(rate), direction, delta
    )
    inner = {"type": "Laplace", "noise_multiplier": noise}
    return "closed_form", {"type": "PoissonSampled", "sampling_probability": rate, "event": inner}, 1, solve_it, False


def discrete(event, count, atoms):
    def solve_it(direction, delta):
        found = []
        for digits in (DIGITS, DIGITS + 20):
            with mp.workdps(digits):
                found.append(discrete_epsilon(atoms(), mpf(delta)))
        require_agreement("precision", *found)
        return found[1]

    return "sum", event, count, solve_it, True


def randomized_response(noise_probability, categories, count):
    event = {"type": "RandomizedResponse", "noise_parameter": noise_probability, "num_buckets": categories}
    return discrete(event, count, lambda: randomized_response_atoms(noise_probability, categories, count))


def pure(epsilon, count):
    event = {"type": "EpsilonDelta", "epsilon": epsilon, "delta": 0.0}
    return discrete(event, count, lambda: pure_atoms(epsilon, count))


CASES = [
    # name, what, deltas
    ("gaussian", gaussian(0.05), [0.3, 1e-30, 1e-250]),
    ("gaussian", gaussian(0.1), [1e-5]),
    ("gaussian", gaussian(0.3, 30), [1e-12, 1e-100]),
    ("gaussian", gaussian(5.0, 1000), [1e-2, 1e-250]),
    ("gaussian", gaussian(1000.0), [1e-5, 3.9e-4, 1e-30]),
    ("gaussian", gaussian(1000.0, 10**8), [1e-5, 1e-100]),
    ("sampled-gaussian", sampled_gaussian(1e-8, 0.1, 1), [1e-9, 1e-30]),
    ("sampled-gaussian", sampled_gaussian(1e-8, 1.0, 1), [1e-9, 1e-100]),
    ("sampled-gaussian", sampled_gaussian(1e-6, 0.3, 1), [1e-12, 1e-250]),
    ("sampled-gaussian", sampled_gaussian(1e-4, 0.5, 1), [1e-5, 1e-30]),
    ("sampled-gaussian", sampled_gaussian(0.01, 0.1, 1), [1e-5]),
    ("sampled-gaussian", sampled_gaussian(0.01, 100.0, 1), [1e-5, 1e-12]),
    ("sampled-gaussian", sampled_gaussian(0.3, 1.0, 1), [1e-2, 1e-100]),
    ("sampled-gaussian", sampled_gaussian(0.9, 0.3, 1), [0.3, 1e-12]),
    ("sampled-gaussian", sampled_gaussian(0.9, 1000.0, 1), [1e-5]),
    ("sampled-gaussian", sampled_gaussian(1e-4, 1.0, 2), [1e-5]),
    ("sampled-gaussian", sampled_gaussian(0.01, 0.5, 2), [1e-5]),
    ("sampled-gaussian", sampled_gaussian(0.3, 1.0, 2), [1e-2, 1e-12]),
    ("sampled-gaussian", sampled_gaussian(0.9, 0.5, 2), [1e-5]),
    ("laplace", laplace(0.1, 1), [1e-5]),
    ("laplace", laplace(1000.0, 1), [1e-5]),
    ("laplace", laplace(1.0, 5), [1e-5, 1e-12]),
    ("laplace", laplace(3.0, 12), [1e-2, 1e-30]),
    ("laplace", laplace(100.0, 10000), [1e-5, 1e-30]),
    ("laplace", laplace(1000.0, 10**6), [1e-2, 1e-100]),
    ("sampled-laplace", sampled_laplace(1e-4, 0.2), [1e-5, 1e-12]),
    ("sampled-laplace", sampled_laplace(0.3, 1.0), [1e-2]),
    ("randomized-response", randomized_response(0.1, 2, 30), [1e-5, 1e-30]),
    ("randomized-response", randomized_response(0.9, 100, 30), [1e-2, 1e-12]),
    ("pure", pure(0.01, 1000), [1e-2, 1e-12, 1e-100]),
    ("pure", pure(3.0, 30), [1e-5, 1e-12]),
    ("pure", pure(1e-3, 20000), [1e-5]),
    ("sampled-gaussian", sampled_gaussian(0.9, 0.5, 30), [0.3, 1e-12, 1e-100]),
    ("sampled-gaussian", sampled_gaussian(0.01, 100.0, 30), [1e-5, 1e-12]),
    ("sampled-gaussian", sampled_gaussian(0.3, 1000.0, 30), [1e-5, 1e-30]),
    ("sampled-gaussian", sampled_gaussian(0.3, 5.0, 1000), [0.3, 1e-12, 1e-250]),
    ("sampled-gaussian", sampled_gaussian(0.9, 1000.0, 1000), [1e-2, 1e-5]),
    ("sampled-gaussian", sampled_gaussian(0.9, 1.0, 1000), [1e-5, 1e-100]),
    ("sampled-gaussian", sampled_gaussian(1e-4, 100.0, 10**6), [3e-4, 1e-5, 1e-30]),
    ("sampled-gaussian", sampled_gaussian(0.01, 5.0, 10**6), [1e-5, 1e-250]),
    ("sampled-gaussian", sampled_gaussian(0.3, 100.0, 10**6), [1e-5, 1e-30]),
    ("sampled-gaussian", sampled_gaussian(0.01, 1.0, 10**6), [1e-5]),
    ("sampled-gaussian", sampled_gaussian(1e-4, 5.0, 10**8), [1e-5, 1e-30]),
    ("sampled-gaussian", sampled_gaussian(0.01, 100.0, 10**8), [1e-2, 1e-250]),
    ("sampled-gaussian", sampled_gaussian(0.3, 1000.0, 10**8), [1e-12]),
    ("sampled-gaussian", sampled_gaussian(0.001, 0.5, 10**5), [1e-5]),
    ("sampled-gaussian", sampled_gaussian(1e-4, 0.5, 10**6), [1e-5]),
    ("sampled-gaussian", sampled_gaussian(0.01, 0.5, 1000), [1e-5, 1e-30]),
    ("sampled-gaussian", sampled_gaussian(1e-4, 1.0, 10**6), [1e-2, 1e-12]),
    ("sampled-gaussian", sampled_gaussian(0.001, 1.0, 10**4), [1e-5]),
]
