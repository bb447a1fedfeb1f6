"""The state of the whole proxy at one moment, as plain values."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stratumproxy.telemetry.histogram import Histogram, merge_histograms
from stratumproxy.telemetry.splits import SplitSnapshot, merge_splits
from stratumproxy.telemetry.targets import TargetSnapshot, merge_targets


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """One configured pool."""

    name: str
    url: str
    state: str
    """``connecting``, ``ready`` (subscribed, authorized, has a job), ``waiting`` (backing off);
    empty for one that is not configured any more."""
    sessions: int
    miners: int
    difficulty: float
    """The pool's difficulty on its newest job; 0 before the first."""
    extranonce2_size: int
    version_mask: int
    accepted: int
    rejected: int
    pending: int
    """Forwarded shares without a verdict yet."""
    lost: int
    """Forwarded shares whose verdict will never come: timed out, or lost with a connection."""
    detail: str = ""
    """Why it is not ready, in the pool's own words where it gave any."""
    round_trip: Histogram = field(default_factory=Histogram)
    """From sending a share to the pool's verdict on it."""
    mined_for: float | None = None
    """Seconds since it is mined on, without a break; None if it is not."""
    why: str = ""
    """Why it is mined on; empty if it is not."""
    names: str = ""
    """How workers' names get to it: ``shared`` (several on a session), ``own`` (one a session),
    ``asking`` (it is being found out); empty if all is sent as the account anyhow."""
    names_why: str = ""
    """What that rests on."""
    named: int = 0
    """Names that it has authorized on sessions that it has with us, beside the accounts."""
    unnamed: int = 0
    """Shares sent as the account, whose workers have names of their own."""

    @classmethod
    def parse(cls, values: dict[str, Any]) -> "PoolSnapshot":
        """From its own JSON."""
        return cls(**_with_histograms(values, "round_trip"))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole proxy. Counts are since start; rates say their window."""

    uptime: float
    """Seconds since start."""
    connected: int
    """Open miner connections."""
    mining: int
    """Of these, subscribed and authorized."""
    hashrate: float
    """Hashes a second over the last minute (or since start, if that is shorter)."""
    accepted: int
    """Shares that count: they met the miner's difficulty and were not rejected by the pool."""
    work: float
    """Sum of the difficulties of the accepted shares."""
    forwarded: int
    """Shares sent upstream."""
    rejected: dict[str, int] = field(default_factory=dict)
    """Rejected shares by reason: stale, duplicate, low-difficulty, bad-ntime, … , pool."""
    drops: dict[str, int] = field(default_factory=dict)
    """Miners disconnected or turned away, by reason: not-stratum, idle, flood, too-many, …"""
    connects: int = 0
    """Connections of miners so far, the open ones included."""
    jobs: int = 0
    """Jobs the pools sent."""
    new_blocks: int = 0
    """Blocks of the network's that pools had miners build on. Every process sees each."""
    blocks: int = 0
    """Shares that met the network's target."""
    blocks_accepted: int = 0
    """Of these, those that the pool accepted."""
    blocks_refused: int = 0
    best_difficulty: float = 0.0
    """Difficulty of the best share so far."""
    pools: tuple[PoolSnapshot, ...] = ()
    """In the configured order."""
    preferred: str = ""
    """Name of the pool that an operator put before all others; empty for none."""
    reply: Histogram = field(default_factory=Histogram)
    """From when the pump saw that miners had said something to the end of that batch: no answer in
    it took longer. Not measured without a control plane, like the other times."""
    fan_out: Histogram = field(default_factory=Histogram)
    """From a job's arrival, or the decision to switch to it, until its last miner was sent it."""
    stale_age: Histogram = field(default_factory=Histogram)
    """From when a job was retired to when a share on it came nevertheless."""
    cpu_seconds: float = 0.0
    """CPU time of the process so far."""
    resident_bytes: int = 0
    """Memory of the process; 0 where the system does not say."""
    log_lines_lost: int = 0
    """Lines of its log that nobody read in time, or that could not be written."""
    limited: dict[str, int] = field(default_factory=dict)
    """Miners of each tenant that may have so many, and no more."""
    splits: tuple[SplitSnapshot, ...] = ()
    """Targets of tenants that have several."""
    targets: tuple[TargetSnapshot, ...] = ()
    """Targets of all tenants, as configured."""

    @classmethod
    def parse(cls, values: dict[str, Any]) -> "Snapshot":
        """A snapshot from its own JSON, as it comes from another process."""
        values = _with_histograms(values, "reply", "fan_out", "stale_age")
        pools = tuple(PoolSnapshot.parse(pool) for pool in values.pop("pools"))
        splits = tuple(SplitSnapshot(**split) for split in values.pop("splits", ()))
        targets = tuple(TargetSnapshot(**target) for target in values.pop("targets", ()))
        return cls(**values, pools=pools, splits=splits, targets=targets)

    def past(self) -> "Snapshot":
        """What stays of a process that is gone: its counts, not its miners."""
        pools = tuple(
            replace(
                pool,
                state="",
                sessions=0,
                miners=0,
                lost=pool.lost + pool.pending,
                pending=0,
                mined_for=None,
                why="",
                named=0,
            )
            for pool in self.pools
        )
        return replace(
            self,
            connected=0,
            mining=0,
            hashrate=0.0,
            resident_bytes=0,
            pools=pools,
            preferred="",
            limited={},
            splits=(),
            targets=(),
        )


def _with_histograms(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """A copy, in which those that are there are objects."""
    values = dict(values)
    for name in names:
        if name in values:
            values[name] = Histogram(**values[name])
    return values


STATES = ("ready", "connecting", "waiting")
"""States of a pool, the best first: a pool is as well as its best session."""


NAMES = ("own", "asking", "shared", "")
"""Of a pool that several processes ask, the answer that costs most is told."""


def merge(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Several processes' snapshots as one; at least one."""
    rejected: Counter[str] = Counter()
    drops: Counter[str] = Counter()
    limited: Counter[str] = Counter()
    for snapshot in snapshots:
        limited.update(snapshot.limited)
        rejected.update(snapshot.rejected)
        drops.update(snapshot.drops)
    return Snapshot(
        uptime=max(snapshot.uptime for snapshot in snapshots),
        connected=sum(snapshot.connected for snapshot in snapshots),
        mining=sum(snapshot.mining for snapshot in snapshots),
        hashrate=sum(snapshot.hashrate for snapshot in snapshots),
        accepted=sum(snapshot.accepted for snapshot in snapshots),
        work=sum(snapshot.work for snapshot in snapshots),
        forwarded=sum(snapshot.forwarded for snapshot in snapshots),
        rejected=dict(rejected),
        drops=dict(drops),
        connects=sum(snapshot.connects for snapshot in snapshots),
        jobs=sum(snapshot.jobs for snapshot in snapshots),
        new_blocks=max(snapshot.new_blocks for snapshot in snapshots),
        blocks=sum(snapshot.blocks for snapshot in snapshots),
        blocks_accepted=sum(snapshot.blocks_accepted for snapshot in snapshots),
        blocks_refused=sum(snapshot.blocks_refused for snapshot in snapshots),
        best_difficulty=max(snapshot.best_difficulty for snapshot in snapshots),
        pools=merge_pools(pool for snapshot in snapshots for pool in snapshot.pools),
        preferred=max(snapshot.preferred for snapshot in snapshots),
        reply=merge_histograms(snapshot.reply for snapshot in snapshots),
        fan_out=merge_histograms(snapshot.fan_out for snapshot in snapshots),
        stale_age=merge_histograms(snapshot.stale_age for snapshot in snapshots),
        cpu_seconds=sum(snapshot.cpu_seconds for snapshot in snapshots),
        resident_bytes=sum(snapshot.resident_bytes for snapshot in snapshots),
        log_lines_lost=sum(snapshot.log_lines_lost for snapshot in snapshots),
        limited=dict(limited),
        splits=merge_splits(split for snapshot in snapshots for split in snapshot.splits),
        targets=merge_targets(target for snapshot in snapshots for target in snapshot.targets),
    )


def merge_pools(pools: Iterable[PoolSnapshot]) -> tuple[PoolSnapshot, ...]:
    """Those of one name as one, in the order in which names are first met."""
    by_name: dict[str, list[PoolSnapshot]] = {}
    for pool in pools:
        by_name.setdefault(pool.name, []).append(pool)
    return tuple(map(_merge_pool, by_name.values()))


def _merge_pool(pools: Sequence[PoolSnapshot]) -> PoolSnapshot:
    best = min(pools, key=lambda pool: STATES.index(pool.state) if pool.state else len(STATES))
    mined_on = max(pools, key=lambda pool: -1.0 if pool.mined_for is None else pool.mined_for)
    asked = min(pools, key=lambda pool: NAMES.index(pool.names))
    return replace(
        best,
        sessions=sum(pool.sessions for pool in pools),
        miners=sum(pool.miners for pool in pools),
        accepted=sum(pool.accepted for pool in pools),
        rejected=sum(pool.rejected for pool in pools),
        pending=sum(pool.pending for pool in pools),
        lost=sum(pool.lost for pool in pools),
        round_trip=merge_histograms(pool.round_trip for pool in pools),
        mined_for=mined_on.mined_for,
        why=mined_on.why,
        names=asked.names,
        names_why=asked.names_why,
        named=sum(pool.named for pool in pools),
        unnamed=sum(pool.unnamed for pool in pools),
    )
