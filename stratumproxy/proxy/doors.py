"""When miners are let in: once a pool is ready, and as long as one is."""

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
        self._dark_since: float | None = None
        self.turning_away = False
        """No pool was ready for so long that nobody is taken in."""

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

    def lit(self) -> None:
        """A pool sent a job."""
        self._dark_since, self.turning_away = None, False

    def dark(self, patience: float, now: float) -> bool:
        """No pool is ready.

        Args:
            patience: seconds that miners stay for, before they go to their own fallback.
            now: the time.

        Returns:
            Whether that is over just now.
        """
        if self._dark_since is None:
            self._dark_since = now
        if self.turning_away or now - self._dark_since < patience:
            return False
        self.turning_away = True
        return True
