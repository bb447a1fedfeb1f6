"""What the data plane tells, share by share and worker by worker, and the batches it comes in.

A record is a named tuple, a JSON array on the wire. Times are Unix seconds: records outlive the
process and meet those of others. Names, job ids and reasons come from miners and pools, so they are
untrusted text of bounded length. Each field is described here, and nowhere else.

Fields are only ever added, at the end and with a default: what an older version told is read. Who
adds one raises `VERSION`, and keeps what the one before wrote (tests/vectors/outbox).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

import orjson

from stratumproxy.errors import TelemetryError, TooNew
from stratumproxy.telemetry.described import DIFFICULTY, SECONDS, SHARES, UNIX, About

VERSION = 1
"""Of a batch as JSON. The first ones named none: that is 0."""

TENANT = "default"
"""Who all workers belong to, as long as there are no others. Two of them may have one name."""

WorkerKey = tuple[str, str]
"""A worker: whose it is, and its name."""

TARGET = ""
"""What a tenant's workers mine for, as long as there is nothing to choose from."""

COIN = "BTC"
"""What a pool mines, unless it is configured to mine something else."""

ACCEPTED, REJECTED, TIMED_OUT, LOST = VERDICTS = ("accepted", "rejected", "timed-out", "lost")
"""What became of a share that was sent to a pool. `TIMED_OUT`: no reply within
`reply_timeout_seconds`. `LOST`: the connection ended before there was one."""


Tenant = Annotated[str, About("Whose worker it is; a worker is known by tenant and name together.")]
Account = Annotated[str, About("What we are called at the pool; empty if it was not told.")]
Coin = Annotated[str, About("What the pool mines, as it is configured.")]
Target = Annotated[str, About("What of the tenant's it was mined for.")]


class ShareRecord(NamedTuple):
    """A share that was sent to a pool, now that it is known what became of it."""

    at: Annotated[float, About("When that was known.", UNIX)]
    worker: str
    pool: str
    job: Annotated[str, About("The pool's job id.")]
    difficulty: Annotated[float, About("What the miner was asked to meet.", DIFFICULTY)]
    pool_difficulty: Annotated[
        float, About("What the pool asks, and credits if it accepts.", DIFFICULTY)
    ]
    met: Annotated[float, About("The difficulty of its hash.", DIFFICULTY)]
    verdict: Annotated[
        str,
        About(
            "timed-out: no reply in time. lost: the connection ended before there was one.",
            one_of=VERDICTS,
        ),
    ]
    reason: Annotated[str, About("The pool's words for a reject: untrusted text. Empty otherwise.")]
    latency: Annotated[
        float, About("Seconds from when it was sent to when its verdict was known.", SECONDS)
    ]
    tenant: Tenant = TENANT
    account: Account = ""
    coin: Coin = COIN
    target: Target = TARGET


class WorkRecord(NamedTuple):
    """What a worker did on one pool's jobs since the last record of the two: to be added up."""

    worker: str
    pool: str
    accepted: Annotated[
        int, About("Shares that count: answered here, or accepted by the pool.", SHARES)
    ]
    work: Annotated[
        float,
        About(
            "Sum of the difficulties that the accepted ones were asked to meet. Times 2^32 it is "
            "hashes.",
            DIFFICULTY,
        ),
    ]
    rejected: Annotated[
        dict[str, int],
        About(
            "Shares that don't count, by reason: stale, duplicate, low-difficulty, …, pool, lost.",
            SHARES,
        ),
    ]
    refused_work: Annotated[
        float,
        About(
            "Sum of the difficulties of those that were good by our own check, and that the pool "
            "did not credit: it rejected them, or they were lost on the way.",
            DIFFICULTY,
        ),
    ]
    best: Annotated[float, About("Highest difficulty met, 0 if none was accepted.", DIFFICULTY)]
    squares: Annotated[
        float,
        About(
            "Sum of the squares of the difficulties that make up work: how far chance moves it. 0 "
            "if it was not told; then all are taken to have been alike.",
            DIFFICULTY,
        ),
    ] = 0.0
    expected: Annotated[
        float | None,
        About(
            "How many of the accepted shares, and of those in refused_work, should have met what "
            "the pool asked for: each does with a probability of what it was asked to meet through "
            "what the pool asked for on its job. None if it was not told.",
            SHARES,
        ),
    ] = None
    proven_seconds: Annotated[
        float | None,
        About(
            "Seconds that its accepted shares prove it mined (see docs). None if it was not told.",
            SECONDS,
        ),
    ] = None
    tenant: Tenant = TENANT
    account: Account = ""
    coin: Coin = COIN
    target: Target = TARGET

    @property
    def key(self) -> WorkerKey:
        """Whose work it is."""
        return self.tenant, self.worker

    @property
    def spread(self) -> float:
        """`squares`, or the least that it can be."""
        return self.squares or (self.work * self.work / self.accepted if self.accepted else 0.0)


class MinerRecord(NamedTuple):
    """One miner's connection as it stands; told when it is new, when it changes, when it ends."""

    id: Annotated[int, About("Differs from that of every other connection of the run.")]
    worker: Annotated[str, About("The name it authorized; empty before.")]
    address: Annotated[str, About("host:port")]
    agent: str
    difficulty: Annotated[float, About("What it is asked to meet.", DIFFICULTY)]
    since: Annotated[float, About("When it connected.", UNIX)]
    pool: Annotated[str, About("What it mines on; empty for nothing.")]
    open: bool
    reason: Annotated[
        str, About("Why it was closed, by its key; empty if it is open, or left by itself.")
    ]
    tenant: Tenant = TENANT
    account: Account = ""
    coin: Coin = COIN
    target: Target = TARGET

    @property
    def key(self) -> WorkerKey:
        """Whose miner it is."""
        return self.tenant, self.worker


class JobRecord(NamedTuple):
    """A job, once the last miner was sent it. Delays count from its arrival."""

    at: Annotated[float, About("When the last miner was sent it.", UNIX)]
    pool: str
    group: Annotated[int, About("The group of miners that was sent it.")]
    job: Annotated[str, About("The pool's job id.")]
    height: Annotated[int, About("Of the block it would be; 0 if the coinbase does not say.")]
    clean: Annotated[bool, About("Whether shares of older jobs are of no use any more.")]
    difficulty: Annotated[float, About("The pool's.", DIFFICULTY)]
    miners: Annotated[int, About("That were sent it.")]
    first: Annotated[float, About("Until the first miner was sent it.", SECONDS)]
    median: Annotated[float, About("Until the middle one was.", SECONDS)]
    last: Annotated[float, About("Until the last one was.", SECONDS)]
    tenant: Tenant = TENANT
    account: Account = ""
    coin: Coin = COIN
    target: Target = TARGET


class EventRecord(NamedTuple):
    """Something that an operator may want to know."""

    at: Annotated[float, About("When it happened.", UNIX)]
    level: Annotated[str, About(one_of=("info", "warning"))]
    event: Annotated[str, About("What happened, in words.")]
    values: Annotated[dict[str, Any], About("What it is about; differs by event.")]


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
    site: str = ""
    """Where that is, as it is configured; empty if it was not told."""
    ended: Sequence[str] = ()
    """Runs that are over, says the supervisor: none of their miners is connected any more."""

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
            site=self.site,
            ended=self.ended,
        )

    @classmethod
    def decode(cls, values: dict[str, Any]) -> "Batch":
        """The batch that `encode` made a JSON object of.

        Raises:
            TooNew: a later release made it.
            TelemetryError: it is something else.
        """
        version = values.get("version", 0)
        if type(version) is int and version > VERSION:
            raise TooNew(
                f"a batch of records is of version {version}, and this release reads those up to "
                f"{VERSION}: a later one wrote it; use that one"
            )
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
                unproven=tuple(values.get("unproven", ())),
                site=values.get("site", ""),
                ended=tuple(values.get("ended", ())),
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
    site: str = "",
    ended: Sequence[str] = (),
) -> bytes:
    """A batch as JSON, without a line feed.

    Records may be plain tuples: orjson takes those three times as fast as named ones, and where
    thousands a second are told nobody needs the names.
    """
    return orjson.dumps(
        {
            "version": VERSION,
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
            "site": site,
            "ended": ended,
        },
        default=_plain,
    )


def _plain(value: object) -> object:
    """What orjson can't encode by itself: named tuples, and what an event holds."""
    return tuple(value) if isinstance(value, tuple) else str(value)
