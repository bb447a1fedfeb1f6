"""Miners that spoke before a pool was ready: answered in slices, once one is."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stratumproxy.proxy.miner import MinerSession
    from stratumproxy.proxy.proxy import Proxy

COST = 16
"""Miners sent a job in the time that it takes to answer what one said early."""


class Early:
    """Who is still to be answered.

    Args:
        proxy: whose miners they are.
    """

    def __init__(self, proxy: "Proxy") -> None:
        self._proxy = proxy
        self._miners: list[MinerSession] = []

    def __len__(self) -> int:
        return len(self._miners)

    def begin(self) -> None:
        """A pool is ready: everybody who is here may have said something."""
        self._miners = list(self._proxy.miners)

    def answer(self, count: int, now: float) -> None:
        """Answer some, in the time that it takes to send `count` miners a job."""
        count = count // COST + 1
        answered, self._miners = self._miners[:count], self._miners[count:]
        for miner in answered:
            if miner not in self._proxy.miners:
                continue
            try:
                data = miner.receive(b"", now)
            except Exception as error:
                self._proxy.drops.end(miner.link, error)
            else:
                miner.link.send(data)
