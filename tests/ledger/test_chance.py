"""What chance allows."""

import math
from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stratumproxy.ledger.chance import EXACT_UP_TO, poisson_interval

# Percentiles of the Poisson distribution, as tables of its cumulative probabilities have them:
# for a mean of 10, P(X <= 2) = .0028, P(X <= 3) = .0103, P(X <= 18) = .9928, P(X <= 19) = .9965.
TABLE = [
    (0.001, 0.99, 0, 0),
    (0.1, 0.99, 0, 1),
    (1.0, 0.95, 0, 3),
    (1.0, 0.99, 0, 4),
    (2.0, 0.95, 0, 5),
    (5.0, 0.95, 1, 10),
    (5.0, 0.99, 0, 12),
    (10.0, 0.95, 4, 17),
    (10.0, 0.99, 3, 19),
    (20.0, 0.95, 12, 29),
]


@pytest.mark.parametrize(("mean", "confidence", "low", "high"), TABLE)
def test_known_values(mean: float, confidence: float, low: int, high: int) -> None:
    assert poisson_interval(mean, confidence) == (low, high)


def exact(mean: float, confidence: float) -> tuple[int, int]:
    """By definition, with fifty digits."""
    with localcontext() as context:
        context.prec = 50
        tail = Decimal((1 - confidence) / 2)
        term = Decimal(-mean).exp()
        below, low, k = Decimal(0), 0, 0
        while below + term <= tail:
            below += term
            k += 1
            term *= Decimal(mean) / k
            low = k
        while 1 - below - term > tail:
            below += term
            k += 1
            term *= Decimal(mean) / k
        return low, k


@example(1e-6, 1 - 1e-7)  # where the expansion leads far astray
@example(20.5, 1 - 1e-12)  # and where it is still a share and more beside
@example(150.5, 1 - 1e-12)
@given(st.floats(1e-6, 1000), st.sampled_from([0.5, 0.9, 0.99, 0.999, 1 - 1e-7]))
def test_as_the_definition_has_it(mean: float, confidence: float) -> None:
    assert poisson_interval(mean, confidence) == exact(mean, confidence)


@pytest.mark.parametrize("confidence", [0.9, 0.99, 0.99999])
def test_no_step_where_the_method_changes(confidence: float) -> None:
    below = poisson_interval(EXACT_UP_TO, confidence)
    above = poisson_interval(math.nextafter(EXACT_UP_TO, math.inf), confidence)
    assert above == below


def test_nothing_expected() -> None:
    assert poisson_interval(0, 0.99) == (0, 0)


def test_very_many() -> None:
    low, high = poisson_interval(1e12, 0.99)
    assert 1e12 - low == pytest.approx(2.5758 * 1e6, rel=1e-4)
    assert high - 1e12 == pytest.approx(2.5758 * 1e6, rel=1e-4)
