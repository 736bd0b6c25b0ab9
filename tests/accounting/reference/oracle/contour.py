"""Many releases: the contour integral."""

import cmath
import math

from mpmath import mp, mpc, mpf
from mpmath.libmp import MPZ  # gmpy2's integers where that is installed

from oracle.solving import DIGITS, NotStable, log_or_none, require_agreement, secants

FADED = 110.0  # exp(-110) is below 1e-47
MOST_NODES = 25000  # of the integral over z
MOST_TERMS = 1e7  # of both together


class SampledGaussian:
    """E_P[exp(z L)] of one release, by trapezoids over its output x, which is N(0, noise^2) without the unit."""

    def __init__(self, rate, noise, direction):
        self.rate, self.noise = rate, noise
        self.sign = 1 if direction == "remove" else -1  # the loss grows with x, or falls
        self.power = 1 if direction == "remove" else 0  # the density of P is N(0) (P / Q)^power

    def log_ratio(self, x):
        """log of (with the unit) / (without)."""
        t = (2 * x - 1) / (2 * self.noise**2)
        if t > 30:
            return t + math.log(self.rate + (1 - self.rate) * math.exp(-t))
        return math.log1p(self.rate * math.expm1(t))

    def log_size(self, x, tilt):
        """log of |integrand| without constants."""
        return -x * x / (2 * self.noise**2) + (self.power + self.sign * tilt) * self.log_ratio(x)

    def nodes(self, tilt, step, faded):
        """An odd number of them; outside of them log_size is `faded` below its largest value."""
        modes = self.modes(self.power + self.sign * tilt)
        largest = max(self.log_size(x, tilt) for x in modes)
        modes = [x for x in modes if self.log_size(x, tilt) > largest - faded]

        def end(start, way):
            reach = self.noise
            while self.log_size(start + way * reach, tilt) > largest - faded:
                reach *= 1.1
            return start + way * reach

        low, high = end(min(modes), -1), end(max(modes), 1)
        return [low + step * i for i in range(2 * int((high - low) / step / 2) + 3)]

    def modes(self, power):
        """The lowest and the highest maximum of log_size: x = power * (how likely the unit was in)."""

        def likely(x):
            return math.exp((2 * x - 1) / (2 * self.noise**2) + math.log(self.rate) - self.log_ratio(x))

        if power < 0:  # there is one only
            low, high = power, 0.0
            for _ in range(100):
                x = (low + high) / 2
                low, high = (x, high) if x < power * likely(x) else (low, x)
            return [low]
        low, high = 0.0, power
        for _ in range(200):
            low, high = power * likely(low), power * likely(high)
        return [low, high]

    def lines(self, turns):
        """[(step, shift)]: trapezoids over x + i shift whose error is below exp(-FADED) for Im z up to turns."""
        # Analytic up to the strip; |exp(z L)| grows there with Im z.
        strip = min(math.pi * self.noise**2 * 0.95, math.sqrt(2 * FADED) * self.noise)
        growth = strip**2 / (2 * self.noise**2) + strip / self.noise**2 * turns / 2
        real = (2 * math.pi * strip / (FADED + 10 + growth), 0.0)
        # On this side of the real axis |exp(z L)| falls with Im z.
        strip = min(math.pi / 2 * self.noise**2, 4 * self.noise)
        shifted = (2 * math.pi * strip / (FADED + 10 + 2 * strip**2 / self.noise**2), self.sign * strip)
        return [real, shifted]

    def sizes(self, tilt):
        """Losses and log weights, good near one tilt, in floats for planning."""
        step = self.lines(0)[0][0] * 1.7
        xs = self.nodes(tilt, step, 45)
        scale = math.log(step / (self.noise * math.sqrt(2 * math.pi)))
        return [self.sign * self.log_ratio(x) for x in xs], [self.log_size(x, 0) + scale for x in xs]

    def terms(self, tilt, step):
        return len(self.nodes(tilt, step, 60 * 2.31))

    def transforms(self, contour, line, digits):
        """[E_P[exp(z L)]] of the contour's z, the same with every other x only, both in units of exp(the third)."""
        step, shift = line
        xs = self.nodes(contour.tilt, step, 60 * 2.31)
        scale = max(self.log_size(x, contour.tilt) for x in xs)
        with mp.workdps(digits + 15):
            terms = Turning(int(digits * 3.33) + 20)
            rate, noise, width = mpf(self.rate), mpf(self.noise), mpf(step)
            start = mpc(xs[0], shift) if shift else mpf(xs[0])
            constant = mp.log(width / (noise * mp.sqrt(2 * mp.pi))) - scale
            for i in range(len(xs)):
                x = start + i * width
                ratio = mp.log(1 + rate * mp.expm1((2 * x - 1) / (2 * noise**2)))
                loss = self.sign * ratio
                size = -x * x / (2 * noise**2) + self.power * ratio + contour.tilt * loss + constant
                terms.append(mp.exp(size), mp.exp(mpc(0, contour.dy) * loss))
            sums = []
            for _ in range(contour.count + 1):
                sums.append(terms.sums())
                terms.turn()
        return [a for a, _ in sums], [2 * b for _, b in sums], scale


class Turning:
    """sum of size * turn^k for k = 0, 1, 2, ...: fixed-point integers, no exponentials."""

    def __init__(self, bits):
        self.bits = bits
        self.real, self.imaginary, self.turns = [], [], []

    def append(self, size, turn):
        fixed = lambda value: MPZ(int(mp.nint(mp.ldexp(value, self.bits))))
        self.real.append(fixed(mp.re(size)))
        self.imaginary.append(fixed(mp.im(size)))
        self.turns.append((fixed(turn.real), fixed(turn.imag)))

    def sums(self):
        """Of all, and of every other one."""
        unit = mp.ldexp(mpf(1), -self.bits)
        return [mpc(sum(self.real[::every]) * unit, sum(self.imaginary[::every]) * unit) for every in (1, 2)]

    def turn(self):
        bits = self.bits
        rows = list(zip(self.real, self.imaginary, self.turns))
        self.real = [(a * c - b * d) >> bits for a, b, (c, d) in rows]
        self.imaginary = [(a * d + b * c) >> bits for a, b, (c, d) in rows]


class OneLaplace:
    """The same for a Laplace release, in closed form; its losses lie in [-largest, largest], atoms at both ends."""

    def __init__(self, noise, direction):
        self.noise = noise  # both directions are the same

    def lines(self, turns):
        return [(1.0, 0.0)]

    def terms(self, tilt, step):
        return 1

    def sizes(self, tilt):
        a, cells = 1 / self.noise, 400
        middles = [a * (2 * (i + 0.5) / cells - 1) for i in range(cells)]
        weights = [math.log(2 * a / cells / 4) + (m - a) / 2 for m in middles]
        return [*middles, a, -a], [*weights, math.log(0.5), math.log(0.5) - a]

    def transforms(self, contour, line, digits):
        with mp.workdps(digits + 15):
            a = 1 / mpf(self.noise)
            found = []
            for k in range(contour.count + 1):
                z = mpc(contour.tilt, k * mpf(contour.dy))
                inner = (mp.exp(z * a) - mp.exp(-(z + 1) * a)) / (2 * z + 1)
                found.append((mp.exp(z * a) + mp.exp(-(z + 1) * a) + inner) / 2)
        return found, found, 0.0


class Contour:
    """z = tilt + i y at y = 0, dy, ..., count * dy; the other half mirrors it."""

    def __init__(self, tilt, dy, count):
        self.tilt, self.dy, self.count = tilt, dy, count


class Plan:
    """In floats: the saddle point for a delta, and the width and number of steps there."""

    def __init__(self, release, steps, log_delta):
        self.release, self.steps = release, steps
        low = high = 0.0  # of log(tilt)
        while self.log_delta(math.exp(high)) > log_delta:
            low, high = high, high + 1
        while self.log_delta(math.exp(low)) < log_delta:
            low, high = low - 1, low
        for _ in range(25):
            middle = (low + high) / 2
            low, high = (middle, high) if self.log_delta(math.exp(middle)) > log_delta else (low, middle)
        self.log_delta(math.exp(low))
        self.top = self.log_integrand(complex(self.tilt))

    def log_delta(self, tilt):
        """Roughly, at the epsilon for which tilt is the saddle point."""
        self.tilt = tilt
        self.losses, self.weights = self.release.sizes(tilt)
        terms = [w + tilt * loss for w, loss in zip(self.weights, self.losses)]
        top = max(terms)
        sizes = [math.exp(t - top) for t in terms]
        total = sum(sizes)
        mean = sum(s * loss for s, loss in zip(sizes, self.losses)) / total
        variance = sum(s * (loss - mean) ** 2 for s, loss in zip(sizes, self.losses)) / total
        self.epsilon = self.steps * mean - 1 / tilt - 1 / (tilt + 1)
        spread = self.steps * variance + tilt**-2 + (tilt + 1) ** -2
        cumulant = self.steps * (top + math.log(total))
        return cumulant - tilt * self.epsilon - math.log(tilt * (1 + tilt)) - math.log(2 * math.pi * spread) / 2

    def log_integrand(self, z):
        """log |exp(K - z epsilon) / (z (z + 1))|."""
        terms = [w + z.real * loss for w, loss in zip(self.weights, self.losses)]
        top = max(terms)
        sizes = [(math.exp(t - top), z.imag * loss) for t, loss in zip(terms, self.losses) if t > top - 45]
        size = abs(sum(cmath.rect(*one) for one in sizes)) + 1e-300
        return self.steps * (top + math.log(size)) - z.real * self.epsilon - math.log(abs(z) * abs(z + 1))

    def contour(self):
        def widest(shifts):  # a contour moved by `shift` costs its growth and wins 2 pi shift / dy
            widths = []
            for shift in shifts:
                self.losses, self.weights = self.release.sizes(self.tilt + shift)
                growth = self.log_integrand(complex(self.tilt + shift)) - self.top
                widths.append(2 * math.pi * abs(shift) / (FADED + growth))
            return max(widths)

        left = widest(-self.tilt * part for part in (0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95))
        right = widest(self.tilt * 10 ** (i / 4) for i in range(-8, 4))
        dy = min(left, right)
        self.losses, self.weights = self.release.sizes(self.tilt)
        y = dy
        while self.log_integrand(complex(self.tilt, y)) > self.top - FADED:
            y *= 1.1
            if y > MOST_NODES * dy:
                raise NotStable("the integrand does not fade")
        return Contour(self.tilt, dy, int(1.2 * y / dy) + 8)


class Integral:
    """log delta as a function of epsilon, from the integrand's values at every node or every other one."""

    def __init__(self, contour, transforms, scale, steps, every):
        self.factor = mp.log(every * mpf(contour.dy) / mp.pi)
        self.nodes = []
        for k in range(0, contour.count + 1, every):
            z = mpc(contour.tilt, k * mpf(contour.dy))
            half = mpf(1) / 2 if k == 0 else mpf(1)  # the other half of the line mirrors this one
            self.nodes.append((steps * (mp.log(transforms[k]) + scale) + mp.log(half / (z * (z + 1))), z))

    def __call__(self, epsilon):
        return log_or_none(sum(mp.exp(a - z * epsilon).real for a, z in self.nodes)) + self.factor

    def faded(self):
        """How many digits the last values are below the first."""
        first, *rest = [a.real for a, _ in self.nodes]
        return (first - max(rest[-(len(rest) // 20 + 1) :])) / mp.log(10)


def many_releases(release, steps, delta):
    plan = Plan(release, steps, math.log(delta))
    contour = plan.contour()
    digits = int(DIGITS + math.log10(steps))
    lines = release.lines(contour.dy * contour.count)
    for step, shift in sorted(lines, reverse=True):
        if contour.count * release.terms(contour.tilt, step) > MOST_TERMS:
            raise NotStable("too many terms")
        try:
            return by_trapezoids(release, steps, mpf(delta), contour, (step, shift), digits, mpf(plan.epsilon))
        except NotStable as error:
            reason = error
    raise reason


def by_trapezoids(release, steps, delta, contour, line, digits, guess):
    half_contour = Contour(contour.tilt, contour.dy / 2, 2 * contour.count)
    half_line = (line[0] / 2, line[1])
    with mp.workdps(digits + 20):
        every_x, other_x, scale = release.transforms(half_contour, half_line, digits + 20)
        target = mp.log(delta)
        fine = Integral(half_contour, every_x, scale, steps, 1)
        epsilon = secants(fine, target, guess, guess + mpf("0.001") / contour.tilt)
        if fine.faded() < 44:
            raise NotStable(f"faded by {mp.nstr(fine.faded(), 4)} digits only")
        near = epsilon * (1 + mpf("1e-30"))
        outer = secants(Integral(half_contour, every_x, scale, steps, 2), target, epsilon, near)
        inner = secants(Integral(half_contour, other_x, scale, steps, 1), target, epsilon, near)
        require_agreement("steps of z, of x", epsilon, outer, inner)
    with mp.workdps(digits):
        every_x, _, scale = release.transforms(contour, line, digits)
        require_agreement(
            "precision", epsilon, secants(Integral(contour, every_x, scale, steps, 1), target, epsilon, near)
        )
    return epsilon
