"""Vardiff: each miner's difficulty, steered towards a rate of shares.

Shares arrive as a Poisson process, so a count of n is uncertain by the root of n. The difficulty is
moved only when the count differs from what was expected by more than three of these roots, so a
miner that runs as expected is left alone. The older half of a long count is forgotten, or hours of
calm would outvote a change.

How long a change takes follows from the shares that it takes to be sure, which are few where they
come slowly. With 12 expected a minute, after hours of calm, until the difficulty is within half of
the right one for good, as a rule and in 95 of 100 cases: a miner ten times as fast as before half
a minute and eight, twice as fast five and twelve, half as fast seven and twenty, a tenth as fast
five and eleven.
"""

from dataclasses import dataclass
from math import sqrt

SIGMAS = 3.0
ENOUGH = 8
"""Shares below which a high rate is not believed: the estimate would be off by over a third."""


LONG = 10
"""Windows that a count goes back at most: 120 shares at 12 a minute and the default window of 60 s,
which tell a factor of 1.3 from chance."""


@dataclass(frozen=True, slots=True)
class Vardiff:
    """The settings of `[difficulty]`."""

    start: float
    min: float
    max: float
    shares_per_minute: float
    window: float
    """Seconds after which a count is judged that was not striking before."""
    enabled: bool = True

    def clamp(self, difficulty: float | int) -> float | int:
        """The nearest difficulty that is allowed."""
        return max(self.min, min(self.max, difficulty))

    def expected(self, elapsed: float) -> float:
        """Shares that a miner of the right difficulty finds in so many seconds."""
        return elapsed * self.shares_per_minute / 60

    def is_long(self, elapsed: float) -> bool:
        """Whether a count over so many seconds goes back too far: forget its older half."""
        return elapsed >= LONG * self.window

    def retarget(self, difficulty: float, shares: int, elapsed: float) -> float | None:
        """A better difficulty, if the count since the last change calls for one.

        Args:
            difficulty: what the shares were asked to meet.
            shares: how many there were.
            elapsed: in so many seconds.

        Returns:
            The new difficulty with three digits, clamped; None to leave it as it is.
        """
        if not self.enabled:
            return None
        expected = self.expected(elapsed)
        margin = SIGMAS * sqrt(max(expected, 1.0))
        too_many = shares >= ENOUGH and shares > expected + margin
        too_few = shares < expected - margin
        if not (too_many or too_few) or expected <= 0:
            return None
        better = self.clamp(round_digits(difficulty * max(shares, 0.5) / expected))
        return better if better != difficulty else None


def round_digits(difficulty: float) -> float:
    """Three significant digits: what a person can read, and closer than any estimate."""
    return float(f"{difficulty:.3g}")
