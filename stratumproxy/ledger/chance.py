"""What chance allows: how many shares may be found where so many are expected."""

import math
from statistics import NormalDist

EXACT_UP_TO = 10_000.0
"""Expected counts up to which probabilities are summed up where the expansion leaves a doubt. Past
it none is left but one time in ten thousand, and sums would take long."""

SMALL = 20.0


def poisson_interval(mean: float, confidence: float) -> tuple[int, int]:
    """The counts that chance allows: outside lies no more than 1 - confidence, half at either end.

    Shares come independently of each other, so of `mean` expected ones the number that is found is
    Poisson distributed. Fewer than the lower bound are found with a probability of at most
    (1 - confidence) / 2, and so are more than the upper one.

    Args:
        mean: the expected count, 0 or more.
        confidence: such as 0.99.

    Returns:
        The lowest and the highest count within.
    """
    tail = (1 - confidence) / 2
    if mean <= 0:
        return 0, 0
    if mean < SMALL:
        return _summed(mean, tail)
    z = -NormalDist().inv_cdf(tail)
    low, high = _expansion(mean, -z), _expansion(mean, z)
    # What the expansion leaves out is half of this at most, by comparison with the sums.
    doubt = (1 + z**5 / 100) / mean**1.5
    if mean <= EXACT_UP_TO and math.floor(low - doubt) != math.floor(low + doubt):
        low = _lowest(mean, max(0, math.floor(low)), tail)
    if mean <= EXACT_UP_TO and math.floor(high - doubt) != math.floor(high + doubt):
        high = _highest(mean, math.floor(high), tail)
    return max(0, math.floor(low)), math.floor(high)


def _summed(mean: float, tail: float) -> tuple[int, int]:
    """Both bounds from all probabilities from 0 on; the expansion leads astray here."""
    term = total = math.exp(-mean)
    k = low = 0
    while total <= tail:
        k += 1
        term *= mean / k
        total += term
        low = k
    while 1 - total > tail:
        k += 1
        term *= mean / k
        total += term
    return low, k


def _expansion(mean: float, z: float) -> float:
    """The count, before it is rounded down, that is reached with the probability of z.

    Giles, "Algorithm 955: Approximation of the Inverse Poisson Cumulative Distribution Function",
    ACM Transactions on Mathematical Software 42 (2016): Cornish and Fisher's expansion, with the
    steps of the distribution in it.
    """
    root = math.sqrt(mean)
    return (
        mean
        + z * root
        + 1 / 3
        + z**2 / 6
        - (z / 36 + z**3 / 72) / root
        + (z**4 / 270 + 7 * z**2 / 810 - 8 / 405) / mean
    )


def _lowest(mean: float, near: int, tail: float) -> int:
    """The highest count of which fewer are found with a probability of `tail` at most."""
    low, below, term = near, _below(mean, near), _probability(mean, near)
    while below > tail:
        low -= 1
        term *= (low + 1) / mean
        below -= term
    while below + term <= tail:
        below += term
        low += 1
        term *= mean / low
    return low


def _highest(mean: float, near: int, tail: float) -> int:
    """The lowest count of which more are found with a probability of `tail` at most."""
    high, above, term = near, _above(mean, near), _probability(mean, near)
    while above > tail:
        high += 1
        term *= mean / high
        above -= term
    while above + term <= tail:
        above += term
        term *= high / mean
        high -= 1
    return high


def _below(mean: float, count: int) -> float:
    """The probability of fewer than `count`, summed from the largest term down."""
    term = total = _probability(mean, count - 1) if count else 0.0
    for k in range(count - 1, 0, -1):
        term *= k / mean
        total += term
        if term < total * 1e-17:
            break
    return total


def _above(mean: float, count: int) -> float:
    """The probability of more than `count`, summed from the first term up."""
    k = count + 1
    term = total = _probability(mean, k)
    # Terms rise as long as k < mean.
    while k < mean or term > total * 1e-17:
        k += 1
        term *= mean / k
        total += term
    return total


def _probability(mean: float, count: int) -> float:
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
