"""One worker: a name that miners authorize with, and what they do under it."""

from stratumproxy.fleet.hashrate import Rates
from stratumproxy.telemetry.records import MinerRecord, WorkRecord

SHARES = 50
"""Newest shares that rejects are judged by, at least; up to twice as many are remembered."""

CONNECTS = 5
"""Newest connects whose times are remembered."""

MAX_REASONS = 32
"""Different reasons of rejects that are counted; some come from pools, in their own words."""


class Worker:
    """One worker, over all its connections.

    Args:
        name: what miners authorized with; untrusted text.
        now: Unix seconds.
        since: when it was first seen.
        counted_since: from when its shares were counted here, which may be later.
    """

    __slots__ = (
        "_accepted",
        "_before",
        "_connects",
        "_rejected",
        "accepted",
        "address",
        "agent",
        "attention",
        "awaited",
        "best",
        "connections",
        "connects",
        "difficulty",
        "last_share",
        "name",
        "pool",
        "rates",
        "reasons",
        "rejected",
        "revision",
        "seen",
        "since",
        "work",
    )

    def __init__(self, name: str, now: float, since: float, counted_since: float) -> None:
        self.name = name
        self.since = since
        self.seen = now
        """When anything was last heard of it."""
        self.rates = Rates(now, counted_since)
        self.pool = ""
        self.difficulty = 0.0
        self.accepted = 0
        self.rejected = 0
        self.reasons: dict[str, int] = {}
        self.work = 0.0
        self.best = 0.0
        self.connections = 0
        self.connects = 0
        self.awaited = 0.0
        """Until when it may be connected without our knowing."""
        self.last_share: float | None = None
        self.agent = ""
        self.address = ""
        self.attention: tuple[str, ...] = ()
        self.revision = 0
        self._accepted = self._rejected = 0
        self._before = (0, 0)
        self._connects: tuple[float, ...] = ()

    def count(self, record: WorkRecord, now: float) -> None:
        """Add up what it did."""
        _, self.pool, accepted, work, reasons, _, best = record
        rejected = self._reject(reasons) if reasons else 0
        self.rates.add(now, work, accepted, rejected)
        self.work += work
        self.accepted += accepted
        self.rejected += rejected
        self._accepted += accepted
        self._rejected += rejected
        if self._accepted + self._rejected >= SHARES:
            self._before = (self._accepted, self._rejected)
            self._accepted = self._rejected = 0
        if accepted:
            self.last_share = now
            self.best = max(self.best, best)

    def _reject(self, reasons: dict[str, int]) -> int:
        for reason, count in reasons.items():
            if reason not in self.reasons and len(self.reasons) >= MAX_REASONS:
                reason = "other"
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        return sum(reasons.values())

    @property
    def newest(self) -> tuple[int, int]:
        """Of the newest shares, `SHARES` of them at least: accepted, rejected. Zeros before."""
        accepted, rejected = self._before
        if not accepted + rejected:
            return 0, 0
        return accepted + self._accepted, rejected + self._rejected

    def connected(self, miner: MinerRecord) -> None:
        """A miner has come."""
        self.awaited = 0.0
        self.connections += 1
        self.connects += 1
        self._connects = (*self._connects, miner.since)[-CONNECTS:]
        self.told(miner)

    def told(self, miner: MinerRecord) -> None:
        """One of its miners has changed."""
        self.agent, self.address = miner.agent, miner.address
        self.difficulty = miner.difficulty
        if miner.pool:
            self.pool = miner.pool

    def left(self) -> None:
        """A miner has gone."""
        self.connections -= 1

    @property
    def earliest_connect(self) -> float | None:
        """When the first of its `CONNECTS` newest connects was; None if there weren't so many."""
        return self._connects[0] if len(self._connects) == CONNECTS else None
