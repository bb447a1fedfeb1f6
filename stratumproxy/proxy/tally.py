"""Counting shares: for the whole proxy, for a pool, for a worker."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from stratumproxy.telemetry.histogram import Histogram, merge_histograms

NONE: dict[str, int] = {}
"""No rejects; there is no need for one of these for each record."""

TRIES = 16
"""Workers looked at when one too many is remembered."""


@dataclass(slots=True)
class Tally:
    """Shares of the whole proxy since start. Only rises."""

    accepted: int = 0
    """Shares that count: met the miner's difficulty, and not refused by the pool if it saw them."""
    work: float = 0.0
    """Sum of what the accepted shares were asked to meet."""
    forwarded: int = 0
    jobs: int = 0
    new_blocks: int = 0
    """Blocks of the network that a pool had us build on."""
    blocks: int = 0
    """Shares that met the network's target."""
    blocks_accepted: int = 0
    """Of these, what the pool took."""
    blocks_refused: int = 0
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
    round_trip: Histogram = field(default_factory=Histogram)
    """From sending a share to the verdict on it."""

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
        self.round_trip = merge_histograms([self.round_trip, other.round_trip])
        for reason, count in other.reasons.items():
            self._count(reason, count)

    def reject(self, reason: str) -> None:
        """Count a reject under the pool's words, which are untrusted: their number is bounded."""
        self.rejected += 1
        self._count(reason, 1)

    def _count(self, reason: str, count: int) -> None:
        if reason not in self.reasons and len(self.reasons) >= self.MAX_REASONS:
            reason = "other"
        self.reasons[reason] = self.reasons.get(reason, 0) + count


@dataclass(slots=True)
class Row:
    """What one worker did on one pool's jobs since it was last told."""

    pool: str
    accepted: int = 0
    work: float = 0.0
    """Sum of what the accepted shares were asked to meet."""
    best: float = 0.0
    rejected: dict[str, int] | None = None
    """By reason; most never have any."""
    refused_work: float = 0.0
    """Sum of what shares were asked to meet that were good, and that the pool did not credit."""

    def refuse(self, reason: str, work: float) -> None:
        """Count one share that does not count; `work` if it was good by our own check."""
        if self.rejected is None:
            self.rejected = {}
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
        self.refused_work += work

    def take(self, worker: str) -> tuple[Any, ...]:
        """As a `WorkRecord`, and begin anew."""
        record = (
            worker,
            self.pool,
            self.accepted,
            self.work,
            self.rejected or NONE,
            self.refused_work,
            self.best,
        )
        self.accepted, self.work, self.best = 0, 0.0, 0.0
        self.rejected, self.refused_work = None, 0.0
        return record


class Worker:
    """One worker name, over all its connections.

    Args:
        name: what miners authorize as.
    """

    __slots__ = ("_difficulty", "connections", "known", "name", "others", "row")

    def __init__(self, name: str) -> None:
        self.name = name
        self.connections = 0
        """Open ones that authorized under it."""
        self._difficulty: tuple[str, float | int] = "", 0
        self.known = True
        """Not forgotten yet by `Workers`."""
        self.row = Row("")
        """On the pool that it had a share for last."""
        self.others: dict[str, Row] | None = None
        """On other pools, until they are told."""

    def remember_difficulty(self, difficulty: float | int, host: str) -> None:
        """It found enough shares of a difficulty at an address, and is gone."""
        self._difficulty = host, difficulty

    def difficulty_at(self, host: str) -> float | int:
        """Where to start when it comes back to that address; 0 if that is not known.

        Anybody may use a name: what was found elsewhere says nothing of the machine here.
        """
        return self._difficulty[1] if self._difficulty[0] == host else 0

    def on(self, pool: str) -> Row:
        """Its row for another pool than that of `row`, whose place it takes."""
        if not self.row.pool:
            self.row.pool = pool
            return self.row
        if self.others is None:
            self.others = {}
        self.others[self.row.pool] = self.row
        self.row = self.others.pop(pool) if pool in self.others else Row(pool)
        return self.row

    def take(self) -> list[tuple[Any, ...]]:
        """What it did since this was last asked, as `WorkRecord`s."""
        rows = [self.row, *(self.others or {}).values()]
        self.others = None
        return [row.take(self.name) for row in rows if row.accepted or row.rejected]


class Workers:
    """Workers by name, a bounded number of them: names come from the network.

    Args:
        limit: how many are remembered; past it the one that authorized longest ago, of those that
            are not connected, is forgotten.
        forgotten: called with it.
    """

    def __init__(
        self, limit: int = 100_000, forgotten: Callable[[Worker], None] = lambda worker: None
    ) -> None:
        self._limit = limit
        self._forgotten = forgotten
        self._by_name: OrderedDict[str, Worker] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def all(self) -> list[Worker]:
        """All that are remembered."""
        return list(self._by_name.values())

    def get(self, name: str) -> Worker:
        """The worker of that name, new if it was not known."""
        worker = self._by_name.get(name)
        if worker is None:
            if len(self._by_name) >= self._limit:
                self._forget()
            worker = self._by_name[name] = Worker(name)
        else:
            self._by_name.move_to_end(name)
        return worker

    def _forget(self) -> None:
        """Forget one, or a few where connected ones are in the way; they stay."""
        for _ in range(min(TRIES, len(self._by_name))):
            name, worker = next(iter(self._by_name.items()))
            if worker.connections:
                self._by_name.move_to_end(name)
                continue
            del self._by_name[name]
            worker.known = False
            self._forgotten(worker)
            if len(self._by_name) < self._limit:
                return
