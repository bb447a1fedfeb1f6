"""What each target is owed: its part of all work that counted, less the work that was its own.

Work is the difficulty that was asked of shares that count, so there is nothing to estimate. What
all are owed together is always nothing: what one lacks, others had.
"""

from collections.abc import Mapping
from math import exp, isclose
from typing import NamedTuple

DAY = 86_400.0

CAP = 7200.0
"""Seconds of its own part that a target may lack, or have had too much. A pool that was down for
a night would otherwise be paid back for days, and others would be left with nothing meanwhile."""


class Kept(NamedTuple):
    """An account as plain values, for a process that goes on with it."""

    weights: dict[str, float]
    """By target; their sum is 1."""
    debts: dict[str, float]
    """Work that each target lacks; below 0, that it had too much. Their sum is 0."""
    delivered: dict[str, float]
    """Work that each had."""
    forgiven: dict[str, float]
    """What was struck off each debt."""
    rate: float
    """Work a second of the whole farm."""


def parts_of_1(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights as parts of 1.

    Args:
        weights: by target, each 0 or more.

    Raises:
        ValueError: a weight is below 0, or all are 0.
    """
    total = sum(weights.values())
    if not total > 0 or min(weights.values()) < 0:
        raise ValueError(f"weights must be 0 or more, and one above 0: {dict(weights)}")
    return {name: weight / total for name, weight in weights.items()}


def are_same(parts: Mapping[str, float], others: Mapping[str, float]) -> bool:
    """Whether two say the same, however it was written: 1 and 2, or 0.01 and 0.02.

    Args:
        parts: parts of 1, by target.
        others: alike.
    """
    return parts.keys() == others.keys() and all(
        isclose(others[name], part) for name, part in parts.items()
    )


class Account:
    """The work of all targets since their weights were set.

    It is what was `given`, of what was before or elsewhere, and what came since. So what is given
    may be told late, again or anew, and nothing counts twice.

    Args:
        weights: by target.
        kept: an account to go on with, if it is one of the same targets and weights. Others were
            promised something else, so the account begins with nothing then.

    Raises:
        ValueError: as `parts_of_1`.
    """

    def __init__(self, weights: Mapping[str, float], kept: Kept | None = None) -> None:
        self.weights = parts_of_1(weights)
        nothing = dict.fromkeys(self.weights, 0.0)
        self._debts = dict(nothing)
        self._fresh = dict(nothing)
        """Work that is not in the debts yet."""
        self.delivered = dict(nothing)
        """Work of each target by the last look at the debts."""
        self.forgiven = dict(nothing)
        """What of each debt was struck off at the cap."""
        self.rate = 0.0
        """Work a second of the whole farm: the highest of late, which a day makes a third of. So
        a farm that is dark for a night, or that only begins to connect, is as large as it was."""
        self.given = Kept(self.weights, dict(nothing), dict(nothing), dict(nothing), 0.0)
        """What of it is not this process's own since it began."""
        self.resumed = kept is not None and self._is_of(kept)
        """Whether it goes on with the account that was given."""
        if kept is not None and self.resumed:
            self.correct(kept)

    def is_of(self, weights: Mapping[str, float]) -> bool:
        """Whether these weights are the same as its own.

        Raises:
            ValueError: as `parts_of_1`.
        """
        return are_same(self.weights, parts_of_1(weights))

    def _is_of(self, kept: Kept) -> bool:
        return (
            self.is_of(kept.weights)
            and all(sums.keys() == self.weights.keys() for sums in kept[1:4])
            and isclose(sum(kept.debts.values()), 0.0, abs_tol=1e-6 * _size(kept.debts))
        )

    def credit(self, target: str, work: float) -> None:
        """A share counted.

        Args:
            target: whose job it was found on; one that is not in this account is not counted.
            work: the difficulty that was asked of it.
        """
        if target in self._fresh:
            self._fresh[target] += work

    def debts(self) -> dict[str, float]:
        """The work that each target lacks by now; their sum is 0."""
        if any(self._fresh.values()):
            total = sum(self._fresh.values())
            for name, work in self._fresh.items():
                self._debts[name] += self.weights[name] * total - work
                self.delivered[name] += work
                self._fresh[name] = 0.0
        return dict(self._debts)

    def correct(self, given: Kept) -> None:
        """Take something else for what is `given`.

        Args:
            given: this process's part of what was before it, and of what others owe. Debts past the
                cap are struck off by the next `bound`.

        Raises:
            ValueError: it is of other weights, or its debts do not add up to 0.
        """
        if not self._is_of(given):
            raise ValueError(f"not an account of {self.weights}: {given.weights}, {given.debts}")
        before, self.given = self.given, given
        self.debts()
        for sums, now, then in (
            (self._debts, given.debts, before.debts),
            (self.delivered, given.delivered, before.delivered),
            (self.forgiven, given.forgiven, before.forgiven),
        ):
            for name in self.weights:
                sums[name] += now[name] - then[name]
        self.rate = given.rate

    def bound(self, rate: float, shown: float, least: float, elapsed: float) -> None:
        """Strike off what is beyond the cap, of those who lack and those who had too much alike.

        Args:
            rate: work a second of all machines, as far as it can be known by now.
            shown: what of that their shares have shown: that alone is remembered, as what is only
                expected of who comes may be too much by far.
            least: work that may be owed in any case.
            elapsed: seconds since this was last called.
        """
        self.rate = max(shown, self.rate * exp(-elapsed / DAY))
        debts, usual = self.debts(), max(self.rate, rate)
        if not usual:
            return
        caps = {name: max(CAP * part * usual, least) for name, part in self.weights.items()}
        capped = {name: max(-caps[name], min(caps[name], debt)) for name, debt in debts.items()}
        if capped == debts:
            return
        lack = sum(debt for debt in capped.values() if debt > 0)
        excess = -sum(debt for debt in capped.values() if debt < 0)
        owed = min(lack, excess)
        for name, debt in capped.items():
            side = lack if debt > 0 else excess
            left = debt * owed / side if side else 0.0
            self.forgiven[name] += debts[name] - left
            self._debts[name] = left

    def export(self) -> Kept:
        """The account as plain values."""
        debts = self.debts()
        sums = debts, dict(self.delivered), dict(self.forgiven)
        return Kept(dict(self.weights), *sums, self.rate)


def _size(debts: Mapping[str, float]) -> float:
    return max((abs(debt) for debt in debts.values()), default=0.0) or 1.0
