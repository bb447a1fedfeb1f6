"""Miners that have to go: at a gentle pace, so that they come back at one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stratumproxy.proxy.drops import DOES_NOT_FIT, NO_POOL

if TYPE_CHECKING:
    from stratumproxy.proxy.miner import MinerSession
    from stratumproxy.proxy.proxy import Proxy

RECONSIDERED = (NO_POOL, DOES_NOT_FIT)
"""Reasons that may be gone by the time it is a miner's turn."""


class Leaving:
    """Miners on their way out, and why.

    Args:
        proxy: whose miners they are.
    """

    def __init__(self, proxy: "Proxy") -> None:
        self._proxy = proxy
        self._reasons: dict[MinerSession, str] = {}

    def __len__(self) -> int:
        return len(self._reasons)

    def add(self, miners: "Iterable[MinerSession]", reason: str) -> None:
        """These have to go; who has to anyway keeps its place, and a reason that stays one."""
        for miner in miners:
            if self._reasons.get(miner, NO_POOL) in RECONSIDERED:
                self._reasons[miner] = reason

    def gone(self, miner: "MinerSession") -> None:
        """This one went."""
        self._reasons.pop(miner, None)

    def let_go(self, count: int) -> None:
        """Disconnect the next of them, unless there is no need for it any more."""
        for miner in list(self._reasons)[:count]:
            reason = self._reasons.pop(miner)
            job = miner.lane.job if miner.lane is not None else None
            if (
                reason not in RECONSIDERED
                or job is None
                or not self._proxy.seating.fits(miner, job)
            ):
                miner.link.close(reason)
