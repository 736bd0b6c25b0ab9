"""Roots of delta(epsilon), and what they must agree on before they are believed."""

from mpmath import mp, mpf

AGREED = mpf(10) ** -40  # relative change of epsilon that a self-check allows
DIGITS = 90


class NotStable(Exception):
    """A self-check failed: the case is left out."""


def require_agreement(what, *values):
    if any(abs(one - values[0]) > AGREED * abs(values[0]) for one in values):
        raise NotStable(f"{what}: " + ", ".join(mp.nstr(one, 45) for one in values))


def secants(function, target, a, b):
    at_a, at_b = function(a) - target, function(b) - target
    for _ in range(60):
        if at_b == at_a or abs(b - a) < abs(b) * mpf(10) ** (12 - mp.dps):
            return b
        a, b, at_a = b, b - at_b * (b - a) / (at_b - at_a), at_b
        at_b = function(b) - target
    raise NotStable("secants do not converge")


def solve(log_delta, target, digits=None):
    """epsilon > 0 with log_delta(epsilon) = target; log_delta falls, and is -inf where delta is 0."""
    tolerance = mpf(10) ** (-digits if digits else 8 - mp.dps)
    low, high = mpf("1e-25"), mpf(1)
    at_low, at_high = log_delta(low) - target, log_delta(high) - target
    if at_low <= 0:
        raise NotStable("epsilon is 0")
    while at_high > 0:
        low, at_low, high = high, at_high, 2 * high
        at_high = log_delta(high) - target
    last = None
    for _ in range(1000):
        if high - low > low / 1000 or at_high < -20:
            x = mp.sqrt(low * high) if high > 4 * low else (low + high) / 2
        else:  # false position; an end that stays counts half (Illinois)
            x = high - at_high * (high - low) / (at_high - at_low)
        at_x = log_delta(x) - target
        if at_x == 0 or (last is not None and abs(x - last) < tolerance * x):
            return x
        if at_x > 0:
            if last is not None and last <= low:
                at_high /= 2
            low, at_low = x, at_x
        else:
            if last is not None and last >= high:
                at_low /= 2
            high, at_high = x, at_x
        last = x
    raise NotStable("no root found")


def solve_twice(make_log_delta, target):
    """solve() at two precisions; make_log_delta() is called afresh for each."""
    found = []
    for digits in (DIGITS, DIGITS + 20):
        with mp.workdps(digits):
            found.append(solve(make_log_delta(), mp.log(mpf(target))))
    require_agreement("precision", *found)
    return found[1]


def log_or_none(value):
    return mp.log(value) if value > 0 else mpf("-inf")
