"""One release, in closed form; two of a sampled Gaussian, by quadrature."""

from mpmath import mp, mpf

from oracle.solving import log_or_none, require_agreement, secants, solve, solve_twice


def gaussian_delta(mu, epsilon):
    root = mp.sqrt(2)
    return (
        mp.erfc((epsilon / mu - mu / 2) / root) - mp.exp(epsilon) * mp.erfc((epsilon / mu + mu / 2) / root)
    ) / 2


def laplace_delta(largest, epsilon):
    """Of any epsilon; the loss lies in [-largest, largest]."""
    if epsilon >= largest:
        return mpf(0)
    if epsilon <= -largest:
        return -mp.expm1(epsilon)
    return -mp.expm1((epsilon - largest) / 2) if epsilon >= 0 else 1 - mp.exp(epsilon / 2 - largest / 2)


def sampled_delta(delta, rate, direction, epsilon):
    """delta(), a function of any epsilon, of a mechanism that sees the unit with probability rate only."""
    if rate == 1:
        return delta(epsilon)
    if direction == "remove":  # P = (1 - rate) Q + rate P'
        inner = 1 + mp.expm1(epsilon) / rate
        return rate * delta(mp.log(inner)) if inner > 0 else -mp.expm1(epsilon)
    inner = 1 + mp.expm1(-epsilon) / rate  # Q = (1 - rate) P + rate Q'
    if inner <= 0:
        return mpf(0)
    return rate * mp.exp(epsilon) * inner * delta(-mp.log(inner))


def one_release(delta, rate, direction, target):
    return solve_twice(lambda: lambda epsilon: log_or_none(sampled_delta(delta, rate, direction, epsilon)), target)


def two_releases(rate, noise, direction, target):
    rate, noise = mpf(rate), mpf(noise)
    edge = -mp.log1p(-rate)  # the end of the losses
    sign = 1 if direction == "remove" else -1

    def log_delta(epsilon, degree):
        def integrand(x):  # over the output of one release
            ratio = mp.log1p(rate * mp.expm1((2 * x - 1) / (2 * noise**2)))
            density = mp.exp(-(x**2) / (2 * noise**2)) * (mp.exp(ratio) if sign == 1 else 1)
            other = sampled_delta(lambda e: gaussian_delta(1 / noise, e), rate, direction, epsilon - sign * ratio)
            return density * other

        # Where the other release's delta turns into 0 or into 1 - exp: smooth but not analytic.
        bend = 1 + mp.expm1(epsilon + edge if sign == 1 else edge - epsilon) / rate
        reach = noise * mp.sqrt(2 * (100 - target))
        ends = [-reach, reach + 1]
        points = {*ends}
        if bend > 0:
            points.add(noise**2 * mp.log(bend) + mpf(1) / 2)
        points = sorted(p for p in points if ends[0] <= p <= ends[1])
        panels = points[:1]  # short against the strip in which the logarithm is analytic
        for a, b in zip(points, points[1:]):
            parts = int((b - a) / (6 * min(noise, 2 * noise**2))) + 1
            panels += [a + (b - a) * i / parts for i in range(1, parts + 1)]
        total = mp.quad(integrand, panels, maxdegree=degree) / (noise * mp.sqrt(2 * mp.pi))
        return log_or_none(total)

    with mp.workdps(15):
        guess = solve(lambda e: log_delta(e, 4), target, digits=3)
    found = []
    for digits, degree in ((60, 7), (80, 8)):
        with mp.workdps(digits):
            found.append(secants(lambda e: log_delta(e, degree), target, guess, guess * (1 + mpf("1e-4"))))
            guess = found[-1] * (1 - mpf("1e-20"))
    require_agreement("precision and nodes", *found)
    return found[1]
