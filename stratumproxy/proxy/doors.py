"""When miners are let in: once a pool is ready."""

from collections.abc import Collection

from stratumproxy.downstream.drops import Drops
from stratumproxy.downstream.miner import Miner

COST = 16
"""Miners sent a job in the time that it takes to answer what one said early."""


class Doors:
    """Open or closed, and who spoke before they opened: answered in slices, once they are.

    Args:
        miners: every open connection.
        drops: who is told of miners that said what ends their connection.
        now: seconds.
    """

    def __init__(self, miners: Collection[Miner], drops: Drops, now: float) -> None:
        self._miners = miners
        self._drops = drops
        self.open = False
        """A pool was ready once, so miners can be answered."""
        self.opened_at = now
        self._early: list[Miner] = []

    def __len__(self) -> int:
        return len(self._early)

    def begin(self, now: float) -> None:
        """A pool is ready: everybody who is here may have said something."""
        self.open, self.opened_at = True, now
        self._early = list(self._miners)

    def answer(self, count: int, now: float) -> None:
        """Answer some, in the time that it takes to send `count` miners a job."""
        count = count // COST + 1
        answered, self._early = self._early[:count], self._early[count:]
        for miner in answered:
            if miner not in self._miners:
                continue
            try:
                data = miner.receive(b"", now)
            except Exception as error:
                self._drops.end(miner.link, error)
            else:
                miner.link.send(data)
