"""One worker: a name that miners authorize with, and what they do under it."""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

from stratumproxy.fleet.hashrate import Done, Rates
from stratumproxy.fleet.usual import Usual
from stratumproxy.telemetry.records import MinerRecord, WorkerKey, WorkRecord

SHARES = 250
"""Newest shares that rejects are judged by, where there are so many; up to twice as many are
remembered."""

CONNECTS = 5
"""Newest connects whose times are remembered."""

MAX_REASONS = 32
"""Different reasons of rejects that are counted; some come from pools, in their own words."""


GONE_BEFORE = -inf
"""Who had no connection when this process began, and its miners have gone on since."""


class Counts(NamedTuple):
    """What a worker's shares came to in some time."""

    accepted: int
    rejected: int
    reasons: dict[str, int]
    work: float
    best: float
    connects: int


def add_reasons(reasons: dict[str, int], more: Mapping[str, int]) -> None:
    """Add rejects by reason to those there are."""
    for reason, count in more.items():
        if reason not in reasons and len(reasons) >= MAX_REASONS:
            reason = "other"
        reasons[reason] = reasons.get(reason, 0) + count


class Worker:
    """One worker, over all its connections.

    Args:
        key: whose it is, and what miners authorized with; untrusted text.
        now: seconds that pass evenly, as all other times here.
        since: when it was first seen.
        counted_since: from when its shares are counted here, which may be later. None: it mined
            before they were, so what it is first told to have done is of a time that is not known,
            and its rates begin after that.
    """

    __slots__ = (
        "_accepted",
        "_before",
        "_connects",
        "_counting",
        "_midway",
        "_rejected",
        "accepted",
        "account",
        "address",
        "agent",
        "attention",
        "awaited",
        "best",
        "connections",
        "connects",
        "counted_since",
        "difficulty",
        "key",
        "last_share",
        "missing",
        "name",
        "pool",
        "rates",
        "reasons",
        "rejected",
        "revision",
        "seen",
        "since",
        "target",
        "tenant",
        "usual",
        "work",
    )

    def __init__(
        self, key: WorkerKey, now: float, since: float, counted_since: float | None
    ) -> None:
        self.key = key
        self.tenant, self.name = key
        self.since = since
        self.seen = now
        """When anything was last heard of it."""
        self._midway = counted_since is None
        self.counted_since = self._counting = now if counted_since is None else counted_since
        """From when on `accepted` and all other counts are."""
        self.rates = Rates(now, self.counted_since)
        self.usual = Usual()
        self.missing = 0.0
        """Hashes a second that it lacks, if it needs a person for that."""
        self.pool = ""
        self.account = ""
        self.target = ""
        self.difficulty = 0.0
        self.accepted = 0
        self.rejected = 0
        self.reasons: dict[str, int] = {}
        self.work = 0.0
        self.best = 0.0
        self.connections = 0
        self.connects = 0
        self.awaited = 0.0
        """Until when it may be connected without our knowing; `GONE_BEFORE` if it surely is not."""
        self.last_share: float | None = None
        self.agent = ""
        self.address = ""
        self.attention: tuple[str, ...] = ()
        self.revision = 0
        self._accepted = self._rejected = 0
        self._before = (0, 0)
        self._connects: tuple[float, ...] = ()

    def count(self, record: WorkRecord, done: Done, at: float) -> bool:
        """Add up what it did.

        Args:
            record: what it is told to have done.
            done: the same, as it is added up.
            at: when that was so.

        Returns:
            Whether it is slow all of a sudden, or mended.
        """
        work, _, accepted, rejected = done
        self.pool, self.account, self.target = record.pool, record.account, record.target
        if rejected:
            add_reasons(self.reasons, record.rejected)
        if self._midway:
            self._midway = False
            self.rates.begin(at, done)
        else:
            self.rates.add(at, done)
        self.work += work
        self.accepted += accepted
        self.rejected += rejected
        self._accepted += accepted
        self._rejected += rejected
        if self._accepted + self._rejected >= SHARES:
            self._before = (self._accepted, self._rejected)
            self._accepted = self._rejected = 0
        if accepted:
            if self.last_share is None or at > self.last_share:
                self.last_share = at
            if record.best > self.best:
                self.best = record.best
        return self.usual.told(at, done)

    def recall(self, counts: Counts, since: float, newest: tuple[int, int]) -> None:
        """Add what it did until counting began here.

        Args:
            counts: all of it from `since` on.
            since: from when on.
            newest: of the newest shares, accepted and rejected ones.
        """
        self.accepted += counts.accepted
        self.rejected += counts.rejected
        self.work += counts.work
        self.best = max(self.best, counts.best)
        self.connects += counts.connects
        add_reasons(self.reasons, counts.reasons)
        if self._before == (0, 0):
            self._before = newest
        self.counted_since = min(self.counted_since, since)

    @property
    def newest(self) -> tuple[int, int]:
        """Of the newest shares, `SHARES` of them if there are as many: accepted, rejected."""
        accepted, rejected = self._before
        return accepted + self._accepted, rejected + self._rejected

    def connected(self, miner: MinerRecord, since: float) -> None:
        """A miner has come; it may have been there since before it was told of."""
        self.awaited = 0.0
        self.connections += 1
        self.connects += since >= self._counting  # those before are told by who counted then
        self._connects = (*self._connects, since)[-CONNECTS:]
        self.told(miner)

    def told(self, miner: MinerRecord) -> None:
        """One of its miners has changed."""
        self.agent, self.address = miner.agent, miner.address
        self.difficulty = miner.difficulty
        if miner.pool:
            self.pool, self.account, self.target = miner.pool, miner.account, miner.target

    def left(self) -> None:
        """A miner has gone."""
        self.connections -= 1

    @property
    def earliest_connect(self) -> float | None:
        """When the first of its `CONNECTS` newest connects was; None if there weren't so many."""
        return self._connects[0] if len(self._connects) == CONNECTS else None
