"""Which workers have proved themselves: a name is anybody's to make up, a share that counts is not.

Whoever is told keeps nothing of a new name that is not proven yet, and what was done under it only
in the sum. A share may be as cheap as the least difficulty makes it, so that names that are proven
are bounded as well: so many in a minute, beyond as many as miners may be connected.
"""

from collections.abc import Hashable
from math import inf
from typing import Generic, TypeVar

from stratumproxy.accounting.workers import Worker

Miner = TypeVar("Miner", bound=Hashable)


class Proof(Generic[Miner]):
    """Proves workers, and knows the names that are told of without.

    Args:
        again: where miners are put that are to be told of again, since their worker is proven.
    """

    def __init__(self, again: dict[Miner, None]) -> None:
        self._again = again
        self._miners: dict[Worker, dict[Miner, None]] = {}
        self._names: dict[str, None] = {}
        self._level = 0.0
        self._most = inf
        self._leaked = 0.0

    def pace(self, per_minute: float, most: int, now: float) -> None:
        """Say how many may be proven, and how far time has come.

        Args:
            per_minute: so many new ones in a minute.
            most: so many may be ahead of that; before it is said, any number.
            now: seconds.
        """
        self._level = max(0.0, self._level - (now - self._leaked) * per_minute / 60)
        self._leaked, self._most = now, most

    def proven(self, worker: Worker) -> bool:
        """Whether a worker is proven; it is from now on, if a share of it counts that was not told.

        Without room for one more, the next share that counts may do it.
        """
        if worker.proven:
            return True
        if not worker.credited or self._level + 1 > self._most:
            return False
        self._level += 1
        worker.proven = True
        self._names.pop(worker.name, None)
        self._again.update(self._miners.pop(worker, {}))
        return True

    def told(self, worker: Worker) -> None:
        """Something is told under its name."""
        if not worker.proven:
            self._names[worker.name] = None

    def connected(self, worker: Worker, miner: Miner) -> None:
        """A miner authorized as that worker."""
        if not worker.proven:
            self._miners.setdefault(worker, {})[miner] = None

    def disconnected(self, worker: Worker, miner: Miner) -> None:
        """It is gone."""
        miners = self._miners.get(worker, {})
        miners.pop(miner, None)
        if not miners:
            self._miners.pop(worker, None)

    def names(self) -> list[str]:
        """The unproven names that something was told under since this was last asked."""
        names, self._names = list(self._names), {}
        return names
