"""How long pools take to judge a share."""

from collections import OrderedDict, deque

from stratumproxy.telemetry.records import ACCEPTED, REJECTED, ShareRecord

SHARES = 1000
SECONDS = 3600.0
POOLS = 64


class RoundTrips:
    """The newest latencies of each pool: of the last hour, and so many at most."""

    def __init__(self) -> None:
        self._by_pool: OrderedDict[str, deque[tuple[float, float]]] = OrderedDict()

    def add(self, share: ShareRecord, at: float) -> None:
        """Take in a share's, told of at that time, if the pool judged it."""
        if share.verdict not in (ACCEPTED, REJECTED):
            return
        latencies = self._by_pool.get(share.pool)
        if latencies is None:
            latencies = self._by_pool[share.pool] = deque(maxlen=SHARES)
            if len(self._by_pool) > POOLS:
                self._by_pool.popitem(last=False)
        latencies.append((at, share.latency))

    def percentiles(self, pool: str, now: float) -> tuple[float, float] | None:
        """Seconds that half of them, and 99 of a hundred, took at most; None without any."""
        latencies = sorted(
            latency for at, latency in self._by_pool.get(pool, ()) if at > now - SECONDS
        )
        if not latencies:
            return None
        last = len(latencies) - 1
        return latencies[last // 2], latencies[round(last * 0.99)]
