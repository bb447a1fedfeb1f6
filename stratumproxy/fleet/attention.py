"""Which workers need a person, and why: four rules, each a function of the worker and the time.

The thresholds are documented in docs/api.md, and shown by the dashboard.
"""

from collections.abc import Callable
from math import hypot

from stratumproxy.fleet.hashrate import DAY, HASHES_PER_DIFFICULTY, HOUR, Figure
from stratumproxy.fleet.worker import Worker

GONE_SECONDS = 600
"""Seconds without a share after which a worker is gone, …"""

GONE_SHARES = 20
"""… or the time it takes for so many, if that is longer: one in e**20 stays away so long by
chance."""

SLOW_BELOW = 0.7
"""The hour's rate as a part of the usual one, below which a worker is slow, …"""

SLOW_SIGMAS = 3
"""… if chance alone does not explain it: standard deviations of both figures together."""

USUAL_SECONDS = 2 * 3600
"""What the day's rate must cover before it is called usual."""

REJECTING_ABOVE = 0.05
"""The part of a worker's newest shares that may be rejected; `Worker.newest` says how many."""

RECONNECTING_SECONDS = 3600
"""Within which a worker may connect four times; the fifth (`worker.CONNECTS`) is once too often."""


def usual(worker: Worker, now: float) -> Figure | None:
    """What a worker does on a usual day: its rate over 24 h; None until that covers enough."""
    if now - worker.rates.long_since < USUAL_SECONDS:
        return None
    day = worker.rates.figure(DAY, now)
    return day if day.shares else None


def gone(worker: Worker, now: float) -> bool:
    """It mined, and has no connection now, or had no share for too long."""
    if worker.last_share is None:
        return False
    if not worker.connections:
        return now >= worker.awaited
    quiet = now - worker.last_share
    if quiet <= GONE_SECONDS:
        return False
    day = usual(worker, now)
    pace = worker.difficulty * HASHES_PER_DIFFICULTY / day.rate if day else 0.0
    return quiet > GONE_SHARES * pace


def slow(worker: Worker, now: float) -> bool:
    """Over the last hour it did much less than it usually does, and more than chance explains."""
    rates = worker.rates
    if now - rates.long_since < USUAL_SECONDS:
        return False
    if rates.rate(HOUR, now) >= SLOW_BELOW * rates.rate(DAY, now):  # as nearly all of them
        return False
    day = usual(worker, now)
    if day is None:
        return False
    hour = rates.figure(HOUR, now)
    one_share = worker.difficulty * HASHES_PER_DIFFICULTY / hour.window
    return day.rate - hour.rate > SLOW_SIGMAS * hypot(hour.sigma or one_share, day.sigma)


def rejecting(worker: Worker, now: float) -> bool:
    """Too many of its newest shares were rejected."""
    accepted, rejected = worker.newest
    return rejected > REJECTING_ABOVE * (accepted + rejected)


def reconnecting(worker: Worker, now: float) -> bool:
    """It connected too often of late."""
    earliest = worker.earliest_connect
    return earliest is not None and earliest > now - RECONNECTING_SECONDS


RULES: dict[str, Callable[[Worker, float], bool]] = {
    "gone": gone,
    "slow": slow,
    "rejecting": rejecting,
    "reconnecting": reconnecting,
}


def attention(worker: Worker, now: float) -> tuple[str, ...]:
    """The kinds that hold. A worker that is gone is not slow as well."""
    kinds = tuple([kind for kind, rule in RULES.items() if rule(worker, now)])
    return tuple(kind for kind in kinds if kind != "slow") if "gone" in kinds else kinds
