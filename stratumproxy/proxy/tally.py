"""Counting shares: for the whole proxy, for a pool, for a worker."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(slots=True)
class Tally:
    """Shares of the whole proxy since start. Only rises."""

    accepted: int = 0
    """Shares that count: met the miner's difficulty, and not refused by the pool if it saw them."""
    work: float = 0.0
    """Sum of what the accepted shares were asked to meet."""
    forwarded: int = 0
    jobs: int = 0
    clean_jobs: int = 0
    blocks: int = 0
    best: float = 0.0
    """Difficulty of the best share."""
    rejected: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str) -> None:
        """Count one share that does not count."""
        self.rejected[reason] = self.rejected.get(reason, 0) + 1


@dataclass(slots=True)
class PoolTally:
    """What one pool said of the shares it was sent."""

    accepted: int = 0
    rejected: int = 0
    lost: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Rejects by the pool's own words, for the first `MAX_REASONS` different ones."""

    MAX_REASONS: ClassVar[int] = 32

    @property
    def any(self) -> bool:
        """Whether there is anything in it."""
        return bool(self.accepted or self.rejected or self.lost)

    def add(self, other: "PoolTally") -> None:
        """Take in what another counted."""
        self.accepted += other.accepted
        self.lost += other.lost
        self.rejected += other.rejected
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count

    def reject(self, reason: str) -> None:
        """Count a reject under the pool's words, which are untrusted: their number is bounded."""
        self.rejected += 1
        if reason not in self.reasons and len(self.reasons) >= self.MAX_REASONS:
            reason = "other"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


@dataclass(slots=True)
class Worker:
    """One worker name, over all its connections."""

    name: str
    accepted: int = 0
    work: float = 0.0
    rejected: int = 0
    connections: int = 0
    """Open ones that authorized under it."""
    difficulty: float | int = 0
    """What vardiff had come to when a connection of it last closed; 0 before that."""


class Workers:
    """Workers by name, a bounded number of them: names come from the network.

    Args:
        limit: how many are remembered; past it the one that authorized longest ago is forgotten.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._by_name: OrderedDict[str, Worker] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_name)

    def get(self, name: str) -> Worker:
        """The worker of that name, new if it was not known."""
        worker = self._by_name.get(name)
        if worker is None:
            worker = self._by_name[name] = Worker(name)
            if len(self._by_name) > self._limit:
                self._by_name.popitem(last=False)
        else:
            self._by_name.move_to_end(name)
        return worker
