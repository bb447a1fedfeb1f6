"""The line in the log that says every few minutes how mining goes."""

from typing import Any

from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY
from stratumproxy.telemetry.snapshot import Snapshot


class Heartbeat:
    """What was done since it was last asked.

    Args:
        now: when mining begins, in seconds that pass evenly.
    """

    def __init__(self, now: float) -> None:
        self._at = now
        self._before = Snapshot(0.0, 0, 0, 0.0, 0, 0.0, 0)

    def beat(self, snapshot: Snapshot, now: float, every: float) -> dict[str, Any] | None:
        """What there is to say, if it is time.

        Args:
            snapshot: how things stand; to be told once a second.
            now: the time.
            every: seconds from one line to the next; 0 for none.

        Returns:
            None if it is not time; else how many `miners` mine now, and on which `pool`, and of the
            `seconds` since the last line the `hashrate` (hashes a second), the shares that were
            `accepted` and `refused`, and how many `connects` of miners there were, and `losses`.
        """
        seconds = now - self._at
        if not every or seconds < every:
            return None
        before, self._before, self._at = self._before, snapshot, now
        pools = sorted(snapshot.pools, key=lambda pool: -pool.miners)
        return {
            "miners": snapshot.mining,
            "pool": ", ".join(pool.name for pool in pools if pool.miners),
            "seconds": round(seconds),
            "hashrate": (snapshot.work - before.work) * HASHES_PER_DIFFICULTY / seconds,
            "accepted": snapshot.accepted - before.accepted,
            "refused": sum(snapshot.rejected.values()) - sum(before.rejected.values()),
            "connects": snapshot.connects - before.connects,
            "losses": _losses(snapshot) - _losses(before),
        }


def _losses(snapshot: Snapshot) -> int:
    """Connections that have ended so far."""
    return snapshot.connects - snapshot.connected
