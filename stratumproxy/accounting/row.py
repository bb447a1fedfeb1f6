"""What one worker did for one account since it was last told."""

from dataclasses import dataclass
from typing import Any

from stratumproxy.accounting.account import Account

NONE: dict[str, int] = {}
"""No rejects; there is no need for one of these for each record."""


@dataclass(slots=True)
class Row:
    """Sums of shares on one account's jobs, since they were last told."""

    account: Account
    accepted: int = 0
    work: float = 0.0
    """Sum of what the accepted shares were asked to meet."""
    squares: float = 0.0
    """Sum of the squares of that."""
    expected: float = 0.0
    """How many of the shares that were good by our own check should have met what the pool asked
    for: each does with a probability of what it was asked to meet through what the pool asked."""
    seconds: float = 0.0
    """How long the worker proved to mine: see `accounting.streak`."""
    best: float = 0.0
    rejected: dict[str, int] | None = None
    """By reason; most never have any."""
    refused_work: float = 0.0
    """Sum of what shares were asked to meet that were good, and that the pool did not credit."""

    @property
    def told(self) -> bool:
        """There is nothing in it that was not told yet."""
        return not self.accepted and not self.rejected

    def refuse(self, reason: str, work: float = 0.0, expected: float = 0.0) -> None:
        """Count one share that does not; `work` and `expected` if it was good by our own check."""
        if self.rejected is None:
            self.rejected = {}
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
        self.refused_work += work
        self.expected += expected

    def add(self, other: "Row") -> None:
        """Take in what another one has."""
        self.accepted += other.accepted
        self.work += other.work
        self.squares += other.squares
        self.expected += other.expected
        self.seconds += other.seconds
        self.best = max(self.best, other.best)
        self.refused_work += other.refused_work
        if other.rejected:
            rejected = self.rejected = self.rejected or {}
            for reason, count in other.rejected.items():
                rejected[reason] = rejected.get(reason, 0) + count

    def take(self, tenant: str, worker: str) -> tuple[Any, ...]:
        """As a `WorkRecord`, and begin anew."""
        pool, user, coin, _, target = self.account
        record = (
            worker,
            pool,
            self.accepted,
            self.work,
            self.rejected or NONE,
            self.refused_work,
            self.best,
            self.squares,
            self.expected,
            self.seconds,
            tenant,
            user,
            coin,
            target,
        )
        self.accepted, self.work, self.squares = 0, 0.0, 0.0
        self.expected, self.seconds, self.best = 0.0, 0.0, 0.0
        self.rejected, self.refused_work = None, 0.0
        return record
