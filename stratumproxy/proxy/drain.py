"""Miners that have to go: at a gentle pace, so that they come back at one."""

from collections.abc import Callable, Iterable

from stratumproxy.downstream.drops import DOES_NOT_FIT, NO_POOL
from stratumproxy.downstream.miner import Miner

RECONSIDERED = (NO_POOL, DOES_NOT_FIT)
"""Reasons that may be gone by the time it is a miner's turn."""


class Drain:
    """Miners on their way out, and why.

    Args:
        can_stay: whether a miner can mine where it is, after all.
    """

    def __init__(self, can_stay: Callable[[Miner], bool]) -> None:
        self._can_stay = can_stay
        self._reasons: dict[Miner, str] = {}

    def __len__(self) -> int:
        return len(self._reasons)

    def add(self, miners: Iterable[Miner], reason: str) -> None:
        """These have to go; who has to anyway keeps its place, and a reason that stays one."""
        for miner in miners:
            if self._reasons.get(miner, NO_POOL) in RECONSIDERED:
                self._reasons[miner] = reason

    def gone(self, miner: Miner) -> None:
        """This one went."""
        self._reasons.pop(miner, None)

    def let_go(self, count: int) -> None:
        """Disconnect the next of them, unless there is no need for it any more."""
        for miner in list(self._reasons)[:count]:
            reason = self._reasons.pop(miner)
            if reason not in RECONSIDERED or not self._can_stay(miner):
                miner.link.close(reason)
