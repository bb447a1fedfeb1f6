"""The regular look at every miner: hashrate, vardiff, how it behaves, silence."""

from collections.abc import Callable, Collection, Sequence

from stratumproxy.config import Limits
from stratumproxy.downstream.drops import HANDSHAKE, IDLE
from stratumproxy.downstream.miner import Miner
from stratumproxy.proxy.doors import Doors
from stratumproxy.routing.group import Group

SWEEP = 5.0
"""Seconds in which every miner is looked at once."""


class Sweep:
    """Looks at all miners, again and again.

    Args:
        miners: every open connection.
        groups: all there are.
        doors: when miners could be answered.
        offence: called with a miner that is about to be dropped for how it behaves.
        follow: called with each miner that mines.
        now: seconds.
    """

    def __init__(
        self,
        miners: Collection[Miner],
        groups: Sequence[Group],
        doors: Doors,
        offence: Callable[[Miner, float], None],
        follow: Callable[[Miner, float], None],
        now: float,
    ) -> None:
        self._miners = miners
        self._groups = groups
        self._doors = doors
        self._offence = offence
        self._follow = follow
        self._left: list[Miner] = []
        self._began = now
        self._period = SWEEP
        """Seconds from the beginning of the last sweep to that of this one."""

    def look(self, count: int, limits: Limits, now: float) -> None:
        """Look at the next `count` miners.

        Called with such a count that a sweep takes no more than `SWEEP` seconds; the next begins
        when they are over, and makes the order of the fan-out anew, most hashrate first.
        """
        if not self._left:
            if now - self._began < SWEEP:
                return
            self._period, self._began = now - self._began, now
            for group in self._groups:
                group.sort_miners()
            self._left = list(self._miners)
        for miner in self._left[-count:]:
            if miner in self._miners:
                self._look_at(miner, limits, now)
        del self._left[-count:]

    def _look_at(self, miner: Miner, limits: Limits, now: float) -> None:
        doors = self._doors
        if miner.mining:
            self._follow(miner, now)
        if reason := miner.misconduct(now):
            self._offence(miner, now)
            miner.link.close(reason)
        elif not miner.mining and doors.open and (not miner.parked or miner.route is None):
            if now - max(miner.connected_at, doors.opened_at) >= limits.handshake_seconds:
                miner.link.close(HANDSHAKE)
        elif now - miner.heard >= limits.idle_seconds:
            miner.link.close(IDLE)
        elif data := miner.judge(now, self._period):
            miner.link.send(data)  # the last, since it may be the end of the connection
