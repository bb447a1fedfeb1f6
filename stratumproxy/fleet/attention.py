"""Which workers need a person, and why: four rules, each a function of the worker and the time.

The thresholds are documented in docs/api.md, and shown by the dashboard.
"""

from collections.abc import Callable
from math import log

from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY, HOUR
from stratumproxy.fleet.usual import LEAST_SECONDS
from stratumproxy.fleet.worker import Worker

GONE_SECONDS = 600
"""Seconds without a share after which a worker is gone, …"""

GONE_SHARES = 20
"""… or the time it takes for so many, if that is longer: one in e**20 stays away so long by
chance."""

REJECTING_ABOVE = 0.05
"""The part of a worker's newest shares that may be rejected; `Worker.newest` says how many."""

REJECTING_CHANCE = 1e-4
"""How likely it may be at most that chance alone rejects so many, if it were just that part."""

RECONNECTING_SECONDS = 3600
"""Within which a worker may connect four times; the fifth (`worker.CONNECTS`) is once too often."""


def gone(worker: Worker, now: float) -> bool:
    """It mined, and has no connection now, or had no share for too long."""
    if worker.last_share is None:
        return False
    if not worker.connections:
        return now >= worker.awaited
    quiet = now - worker.last_share
    if quiet <= GONE_SECONDS:
        return False
    usual = worker.usual.rate
    pace = worker.difficulty * HASHES_PER_DIFFICULTY / usual if usual else 0.0
    return quiet > GONE_SHARES * pace


def slow(worker: Worker, now: float) -> bool:
    """It does much less than it usually does, and was not mended since."""
    return worker.usual.slow


def rejecting(worker: Worker, now: float) -> bool:
    """Too many of its newest shares were rejected, and more than chance explains."""
    accepted, rejected = worker.newest
    return more_than(REJECTING_ABOVE, accepted + rejected, rejected, REJECTING_CHANCE)


def more_than(part: float, of: int, found: int, chance: float) -> bool:
    """Whether so many out of so many are surely more than a part.

    By Chernoff's bound, if each is found with the probability `part`, there are at least `found` of
    n with a probability of no more than exp(-n KL), KL being the divergence of found / n from it.
    """
    if found <= part * of:
        return False
    rate = found / of
    divergence = rate * log(rate / part)
    if rate < 1:
        divergence += (1 - rate) * log((1 - rate) / (1 - part))
    return of * divergence > -log(chance)


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


def of_usual(worker: Worker, now: float) -> float | None:
    """What a worker does now, as a part of what it usually does; None if one is not known."""
    usual = worker.usual
    if not usual.rate:
        return None
    if "gone" in worker.attention:
        return 0.0
    if usual.part is not None:
        return usual.part
    hour = worker.rates.figure(HOUR, now)
    if hour.rate is None or hour.window < LEAST_SECONDS:
        return None
    return hour.rate / usual.rate


def missing(worker: Worker, now: float) -> float:
    """Hashes a second that a worker lacks which needs a person for that."""
    if "gone" not in worker.attention and "slow" not in worker.attention:
        return 0.0
    part = of_usual(worker, now)
    return 0.0 if part is None else worker.usual.rate * max(1.0 - part, 0.0)
