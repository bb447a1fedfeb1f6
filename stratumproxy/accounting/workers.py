"""Workers, and what each did on the jobs of each pool since it was last told."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NONE: dict[str, int] = {}
"""No rejects; there is no need for one of these for each record."""

TRIES = 16
"""Workers looked at when one too many is remembered."""


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

    __slots__ = ("_difficulty", "connections", "known", "name", "others", "proven", "row")

    def __init__(self, name: str) -> None:
        self.name = name
        self.connections = 0
        """Open ones that authorized under it."""
        self._difficulty: tuple[str, float | int] = "", 0
        self.known = True
        """Not forgotten yet by `Workers`."""
        self.proven = False
        """A share of it counted, and there was room for its name: see `accounting.proof`."""
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

    @property
    def credited(self) -> bool:
        """Whether a share of it counts that was not told yet."""
        return self.row.accepted > 0 or any(row.accepted for row in (self.others or {}).values())

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
