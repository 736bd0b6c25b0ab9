"""Releases whose losses can be counted: few Laplace, and discrete outcomes."""

from mpmath import mp, mpf

from oracle.solving import NotStable


def laplace_sum_delta(largest, count, epsilon):
    """Of `count` releases. Losses: `largest` with chance 1/2, -largest with exp(-largest) / 2, else between, with
    density exp((l - largest) / 2) / 4."""
    total = mpf(0)
    for between in range(count + 1):
        for high in range(count - between + 1):
            low = count - between - high
            ways = mp.binomial(count, between) * mp.binomial(count - between, high)
            weight = ways * mp.exp(-largest * (low + mpf(between) / 2)) / (2 ** (high + low) * mpf(4) ** between)
            total += weight * between_the_ends(largest, between, epsilon - (high - low) * largest)
    return total


def between_the_ends(largest, count, epsilon):
    """Integral over l > epsilon of (1 - exp(epsilon - l)) exp(l / 2) times the `count`-fold convolution of 1 on
    [-largest, largest]."""
    if count == 0:
        return max(mpf(0), -mp.expm1(epsilon))
    total = mpf(0)
    for i in range(count + 1):
        end = (count - 2 * i) * largest
        reach = (end - epsilon) / 2
        if reach <= 0:
            break
        falling, rising, term = mpf(0), mpf(0), mpf(1)
        for j in range(count):
            falling += term
            rising += term if j % 2 == 0 else -term
            term *= reach / (j + 1)
        first = mp.exp(end / 2) * (1 - mp.exp(-reach) * falling)
        second = mp.exp(epsilon - end / 2) * (1 - mp.exp(reach) * rising) * (-1) ** count
        total += (-1) ** i * mp.binomial(count, i) * 2**count * (first - second)
    return total


def discrete_epsilon(atoms, delta):
    """Of [(loss, probability under P)]; delta(e) = sum of p (1 - exp(e - loss)) is solved where it is one formula."""
    held, lost = mpf(0), mpf(0)
    atoms = sorted(atoms, reverse=True)
    for (loss, probability), (below, _) in zip(atoms, atoms[1:] + [(mpf(0), 0)]):
        held += probability
        lost += probability * mp.exp(-loss)
        if held > delta:
            epsilon = mp.log((held - delta) / lost)
            if epsilon >= below:
                return epsilon
    raise NotStable("epsilon is 0")


def randomized_response_atoms(noise_probability, categories, count):
    other = mpf(noise_probability) / categories
    same = 1 - mpf(noise_probability) + other
    rest = 1 - same - other
    loss = mp.log(same / other)
    chances = {}
    for trues in range(count + 1):
        for others in range(count - trues + 1):
            ways = mp.binomial(count, trues) * mp.binomial(count - trues, others)
            left = count - trues - others
            chance = ways * same**trues * other**others * (rest**left if left else 1)
            chances[trues - others] = chances.get(trues - others, 0) + chance
    return [(k * loss, chance) for k, chance in chances.items()]


def pure_atoms(epsilon, count):
    """Kairouz, Oh and Viswanath 2015: randomised response is the worst of what is epsilon-private."""
    high = 1 / (1 + mp.exp(-mpf(epsilon)))
    log_odds = mp.log(high), mp.log1p(-high)
    logs = [mp.loggamma(k + 1) for k in range(count + 1)]
    chance = lambda k: mp.exp(logs[count] - logs[k] - logs[count - k] + k * log_odds[0] + (count - k) * log_odds[1])
    return [((2 * k - count) * mpf(epsilon), chance(k)) for k in range(count + 1)]
