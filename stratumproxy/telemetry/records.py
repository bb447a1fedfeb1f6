"""What the data plane tells, share by share and worker by worker, and the batches it comes in.

A record is a named tuple, a JSON array on the wire. Times are Unix seconds: records outlive the
process and meet those of others. Names, job ids and reasons come from miners and pools, so they are
untrusted text of bounded length.

Fields are only ever added, at the end and with a default: what an older version told is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from stratumproxy.errors import TelemetryError

TENANT = "default"
"""Who all workers belong to, as long as there are no others. Two of them may have one name."""

TARGET = ""
"""What a tenant's workers mine for, as long as there is nothing to choose from."""

COIN = "BTC"
"""What a pool mines, unless it is configured to mine something else."""

ACCEPTED, REJECTED, TIMED_OUT, LOST = VERDICTS = ("accepted", "rejected", "timed-out", "lost")
"""What became of a share that was sent to a pool. `TIMED_OUT`: no reply within
`reply_timeout_seconds`. `LOST`: the connection ended before there was one."""


class ShareRecord(NamedTuple):
    """A share that was sent to a pool, now that it is known what became of it."""

    at: float
    """When that was known."""
    worker: str
    pool: str
    job: str
    """The pool's job id."""
    difficulty: float
    """What the miner was asked to meet."""
    pool_difficulty: float
    """What the pool asks, and credits if it accepts."""
    met: float
    """The difficulty of its hash."""
    verdict: str
    """One of `VERDICTS`."""
    reason: str
    """The pool's words for a reject; empty otherwise."""
    latency: float
    """Seconds from when it was sent to when its verdict was known."""
    tenant: str = TENANT
    account: str = ""
    """What we are called at the pool; empty if it was not told."""
    coin: str = COIN
    target: str = TARGET
    """What of the tenant's it was mined for."""


class WorkRecord(NamedTuple):
    """What a worker did on one pool's jobs since the last record of the two: to be added up."""

    worker: str
    pool: str
    accepted: int
    """Shares that count: answered here, or accepted by the pool."""
    work: float
    """Sum of the difficulties that the accepted ones were asked to meet."""
    rejected: dict[str, int]
    """Shares that don't count, by reason: stale, duplicate, low-difficulty, …, pool, lost."""
    refused_work: float
    """Sum of the difficulties of those that were good by our own check, and that the pool did not
    credit: it rejected them, or they were lost on the way."""
    best: float
    """Highest difficulty met, 0 if none was accepted."""
    squares: float = 0.0
    """Sum of the squares of the difficulties that make up `work`: how far chance moves it. 0 if it
    was not told; then all are taken to have been alike."""
    expected: float | None = None
    """How many of the accepted shares, and of those in `refused_work`, should have met what the
    pool asked for: each does with a probability of what it was asked to meet through what the pool
    asked for on its job. None if it was not told."""
    proven_seconds: float | None = None
    """Seconds that its accepted shares prove it mined: see `accounting.streak`. None if it was not
    told."""
    tenant: str = TENANT
    account: str = ""
    """What we are called at the pool; empty if it was not told."""
    coin: str = COIN
    target: str = TARGET
    """What of the tenant's it was mined for."""

    @property
    def spread(self) -> float:
        """That sum, or the least that it can be."""
        return self.squares or (self.work * self.work / self.accepted if self.accepted else 0.0)


class MinerRecord(NamedTuple):
    """One miner's connection as it stands; told when it is new, when it changes, when it ends."""

    id: int
    """Differs from that of every other connection of the run."""
    worker: str
    """The name it authorized; empty before."""
    address: str
    """host:port"""
    agent: str
    difficulty: float
    since: float
    """When it connected."""
    pool: str
    """What it mines on; empty for nothing."""
    open: bool
    reason: str
    """Why it was closed, as a key of `drops`; empty if it is open, or left by itself."""
    tenant: str = TENANT
    account: str = ""
    """What we are called at the pool; empty if it was not told."""
    coin: str = COIN
    target: str = TARGET
    """What of the tenant's it was mined for."""


class JobRecord(NamedTuple):
    """A job, once the last miner was sent it. Delays count from its arrival."""

    at: float
    pool: str
    group: int
    job: str
    """The pool's job id."""
    height: int
    """Of the block it would be; 0 if the coinbase does not say."""
    clean: bool
    difficulty: float
    miners: int
    first: float
    median: float
    last: float
    """Seconds until the first, the middle and the last miner was sent it."""
    tenant: str = TENANT
    account: str = ""
    """What we are called at the pool; empty if it was not told."""
    coin: str = COIN
    target: str = TARGET
    """What of the tenant's it was mined for."""


class EventRecord(NamedTuple):
    """Something that an operator may want to know."""

    at: float
    level: str
    """``info`` or ``warning``"""
    event: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one process of the data plane tells at once.

    Batches of a run are numbered without gaps, and told again until they are acknowledged: whoever
    keeps them keeps the number with them, and so counts nothing twice.
    """

    run: str
    """Differs from one start of a process to the next."""
    process: int
    """The process, as the supervisor counts them."""
    seq: int
    """From 1."""
    at: float
    shares: Sequence[ShareRecord] = ()
    work: Sequence[WorkRecord] = ()
    miners: Sequence[MinerRecord] = ()
    jobs: Sequence[JobRecord] = ()
    events: Sequence[EventRecord] = ()
    dropped: dict[str, int] = field(default_factory=dict)
    """Records since the last batch that there was no room for, by kind: ``shares``, ``events``, …
    Work is never dropped: what can't be told now is told later."""
    unproven: Sequence[str] = ()
    """Names in this batch of which no share counted yet, or which there was no room for: whoever
    keeps records keeps none of these names, unless it has it already."""

    def encode(self) -> bytes:
        """As JSON, without a line feed."""
        return encode_batch(
            self.run,
            self.process,
            self.seq,
            self.at,
            shares=self.shares,
            work=self.work,
            miners=self.miners,
            jobs=self.jobs,
            events=self.events,
            dropped=self.dropped,
            unproven=self.unproven,
        )

    @classmethod
    def decode(cls, values: dict[str, Any]) -> "Batch":
        """The batch that `encode` made a JSON object of.

        Raises:
            TelemetryError: it is something else.
        """
        try:
            return cls(
                run=values["run"],
                process=values["process"] if "process" in values else values["worker"],
                seq=values["seq"],
                at=values["at"],
                shares=[ShareRecord(*row) for row in values["shares"]],
                work=[WorkRecord(*row) for row in values["work"]],
                miners=[MinerRecord(*row) for row in values["miners"]],
                jobs=[JobRecord(*row) for row in values["jobs"]],
                events=[EventRecord(*row) for row in values["events"]],
                dropped=values["dropped"],
                unproven=tuple(values["unproven"]),
            )
        except (TypeError, LookupError) as error:
            raise TelemetryError(f"this is not a batch of records: {error}") from None


def encode_batch(
    run: str,
    process: int,
    seq: int,
    at: float,
    *,
    shares: Sequence[tuple[Any, ...]],
    work: Sequence[tuple[Any, ...]],
    miners: Sequence[tuple[Any, ...]],
    jobs: Sequence[tuple[Any, ...]],
    events: Sequence[tuple[Any, ...]],
    dropped: dict[str, int],
    unproven: Sequence[str] = (),
) -> bytes:
    """A batch as JSON, without a line feed.

    Records may be plain tuples: orjson takes those three times as fast as named ones, and where
    thousands a second are told nobody needs the names.
    """
    return orjson.dumps(
        {
            "run": run,
            "process": process,
            "seq": seq,
            "at": at,
            "shares": shares,
            "work": work,
            "miners": miners,
            "jobs": jobs,
            "events": events,
            "dropped": dropped,
            "unproven": unproven,
        },
        default=_plain,
    )


def _plain(value: object) -> object:
    """What orjson can't encode by itself: named tuples, and what an event holds."""
    return tuple(value) if isinstance(value, tuple) else str(value)
