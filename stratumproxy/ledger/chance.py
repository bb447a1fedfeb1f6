"""What chance allows: how many shares may be found where so many are expected."""

import math
from statistics import NormalDist

EXACT_UP_TO = 10_000.0
"""Expected counts up to which probabilities are summed up. Past it the Cornish-Fisher expansion is
within a tenth of a share, and sums would take long."""

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
    low, high = _expansion(mean, tail)
    if mean <= EXACT_UP_TO:
        while low and _below(mean, low) > tail:
            low -= 1
        while _below(mean, low + 1) <= tail:
            low += 1
        while _above(mean, high) > tail:
            high += 1
        while high and _above(mean, high - 1) <= tail:
            high -= 1
    return low, high


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


def _expansion(mean: float, tail: float) -> tuple[int, int]:
    """Both bounds from the normal distribution, corrected for skewness and kurtosis.

    Cornish and Fisher, "Moments and cumulants in the specification of distributions" (1938), with
    the cumulants of the Poisson distribution, and half a count for its steps.
    """
    z = -NormalDist().inv_cdf(tail)
    root = math.sqrt(mean)
    middle = mean + (z * z - 1) / 6
    wide = z * root + (z - z**3) / (72 * root)
    return max(0, math.ceil(middle - wide - 0.5)), max(0, math.ceil(middle + wide - 0.5))


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
