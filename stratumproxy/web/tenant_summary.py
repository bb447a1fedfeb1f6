"""The summary as a tenant's token opens it: what its workers do together, and nothing of others."""

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Any

import trio

from stratumproxy import __version__
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.census import Census, Place
from stratumproxy.fleet.hashrate import WINDOWS, Figure
from stratumproxy.fleet.part import Part
from stratumproxy.fleet.watch import Watch
from stratumproxy.web import conditions
from stratumproxy.web.census import census_of
from stratumproxy.web.figures import hashrates, told
from stratumproxy.web.scope import jobs
from stratumproxy.web.viewer import Viewer

LAST_JOBS = 20

COUNTED_FOR = 5.0
"""Seconds that workers and miners, once counted, are told so. Hashrates and shares are newer."""


class TenantSummaries:
    """What tenants are told of themselves.

    Args:
        fleet: which.
        watch: of the proxy's conditions.
    """

    def __init__(self, fleet: Fleet, watch: Watch) -> None:
        self._fleet = fleet
        self._watch = watch
        self._census = Census()
        self._counted = float("-inf")
        self._counting = trio.Lock()

    async def of(self, tenant: str, now: float, today: float) -> dict[str, Any]:
        """A tenant at a glance, as `Summary`; what is of the whole proxy is 0, or not there.

        Args:
            tenant: who.
            now: even time.
            today: the same moment's time of day.
        """
        fleet = self._fleet
        fleet.tend(now)
        count = await self._count(tenant, now)
        parts = [part for part in fleet.parts.values() if part.tenant == tenant]
        rejected: Counter[str] = Counter()
        sums = [part.sums for part in parts]
        for each in sums:
            rejected.update(each.reasons)
        accepted = sum(each.accepted for each in sums)
        since = min((each.since for each in sums), default=fleet.started)
        return {
            "version": __version__,
            "tenant": tenant,
            "now": today,
            "uptime": 0.0,
            "control_uptime": max(now - fleet.started, 0.0),
            "connected": count.miners,
            "mining": count.miners,
            "workers": count.workers,
            "strangers": sum(each.tenant == tenant for each in fleet.strangers),
            "hashrate": hashrates(together(parts, now)),
            "usual": told(count.usual),
            "missing": told(max(count.missing, 0.0)),
            "of_usual": count.of_usual,
            "accepted": accepted,
            "work": sum(each.work for each in sums),
            "forwarded": 0,
            "blocks": 0,
            "blocks_accepted": 0,
            "blocks_refused": 0,
            "best_difficulty": count.best,
            "jobs": 0,
            "new_blocks": 0,
            "rejected": dict(rejected),
            "shares": {
                "since": today - (now - since),
                "accepted": accepted,
                "rejected": dict(rejected),
            },
            "drops": {},
            "attention": dict(count.attention),
            "conditions": conditions.without_words(
                conditions.told(self._watch, now, today), tenant
            ),
            "pools": [],
            "last_jobs": jobs(fleet.journal, Viewer(tenant=tenant), LAST_JOBS),
            "lost_records": 0,
            "processes": [],
            "revision": 0,
        }

    async def _count(self, tenant: str, now: float) -> Place:
        async with self._counting:
            if now - self._counted >= COUNTED_FOR:
                self._census, self._counted = await census_of(self._fleet), now
        return self._census.of(tenant)


NOTHING = Figure(None, 0.0, 0, None)


def together(parts: Sequence[Part], now: float) -> list[Figure]:
    """The hashrates of some targets together, over all windows."""
    figures = [part.rates.figures(now) for part in parts]
    return [_sum([each[window] for each in figures]) for window in range(len(WINDOWS))]


def _sum(figures: Sequence[Figure]) -> Figure:
    known = [each for each in figures if each.rate is not None]
    if len(known) < 2:
        return known[0] if known else (figures[0] if figures else NOTHING)
    rate = sum(each.rate or 0.0 for each in known)
    spread = sqrt(sum(((each.rate or 0.0) * (each.error or 0.0)) ** 2 for each in known))
    return Figure(
        rate,
        max(each.window for each in known),
        sum(each.shares for each in known),
        spread / rate if rate else None,
    )
