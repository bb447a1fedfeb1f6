"""The regular look at every miner: hashrate, vardiff, conduct, silence."""

from typing import TYPE_CHECKING

from stratumproxy.proxy.drops import HANDSHAKE, IDLE

if TYPE_CHECKING:
    from stratumproxy.config import Limits
    from stratumproxy.proxy.miner import MinerSession
    from stratumproxy.proxy.proxy import Proxy

ROUND = 5.0
"""Seconds in which every miner is looked at once."""


class Rounds:
    """Looks at all miners, again and again.

    Args:
        proxy: whose miners they are.
        now: seconds.
    """

    def __init__(self, proxy: "Proxy", now: float) -> None:
        self._proxy = proxy
        self._left: list[MinerSession] = []
        self._began = now
        self._period = ROUND
        """Seconds from the beginning of the last round to that of this one."""

    def look(self, count: int, now: float) -> None:
        """Look at the next `count` miners.

        Called with such a count that a round takes no more than `ROUND` seconds; the next begins
        when they are over, and makes the order of the fan-out anew, most hashrate first.
        """
        proxy = self._proxy
        if not self._left:
            if now - self._began < ROUND:
                return
            self._period, self._began = now - self._began, now
            for lane in proxy.lanes:
                order = sorted(lane.miners, key=lambda miner: miner.hashrate, reverse=True)
                lane.miners = dict.fromkeys(order)
            self._left = list(proxy.miners)
        limits = proxy.conduct.limits
        for miner in self._left[-count:]:
            if miner in proxy.miners:
                self._look_at(miner, limits, now)
        del self._left[-count:]

    def _look_at(self, miner: "MinerSession", limits: "Limits", now: float) -> None:
        proxy = self._proxy
        if reason := miner.misconduct(now):
            proxy.offence(miner, now)
            miner.link.close(reason)
        elif not miner.mining and proxy.open and not miner.parked:
            if now - max(miner.connected_at, proxy.opened_at) >= limits.handshake_seconds:
                miner.link.close(HANDSHAKE)
        elif now - miner.heard >= limits.idle_seconds:
            miner.link.close(IDLE)
        elif data := miner.judge(now, self._period):
            miner.link.send(data)  # the last, since it may be the end of the connection
