"""The state of the whole proxy at one moment, as plain values."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """One configured pool."""

    name: str
    url: str
    state: str
    """``connecting``, ``ready`` (subscribed, authorized, has a job), ``waiting`` (backing off)."""
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
    jobs: int = 0
    """Jobs the pools sent."""
    clean_jobs: int = 0
    blocks: int = 0
    """Shares that met the network's target."""
    best_difficulty: float = 0.0
    """Difficulty of the best share so far."""
    pools: tuple[PoolSnapshot, ...] = ()
