"""/api/history, and a worker's: hashrate, shares and connections over time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from stratumproxy.fleet.hashrate import (
    DAY,
    FINEST,
    HASHES_PER_DIFFICULTY,
    HOUR,
    WINDOWS,
    Bucket,
    Rates,
)
from stratumproxy.fleet.history import Point
from stratumproxy.ledger import history as ledger_history
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.telemetry.records import TENANT
from stratumproxy.web.errors import Refusal
from stratumproxy.web.figures import told
from stratumproxy.web.operation import Given, Operation
from stratumproxy.web.reading import read
from stratumproxy.web.site import Site
from stratumproxy.web.viewer import Viewer
from stratumproxy.web.workers import find

Span = Literal["1h", "24h", "7d", "60d", "5y"]

PointAnswer = Annotated[list[float | None], Field(min_length=6, max_length=6)]


class History(BaseModel):
    """A course over time."""

    step: int = Field(description="Seconds from one point to the next.")
    points: list[PointAnswer] = Field(
        description="Each is [start, hashrate in H/s or null of less than 10 s, accepted shares, "
        "rejected shares, mean difficulty asked of the accepted ones or null, open connections or "
        "null]; the oldest first. The last is of the time that is still running."
    )
    source: Literal["memory", "ledger"] = Field(
        description="memory: what this process has seen itself, and no more."
    )


class FleetHistoryGiven(Given):
    """How far back."""

    span: Span = Field("24h", description="More than 24h needs the ledger.")


class WorkerHistoryGiven(FleetHistoryGiven):
    """Whose, and how far back."""

    name: str = Field(
        min_length=1, max_length=2000, description="Its name, percent-encoded, slashes too."
    )
    tenant: str | None = Field(
        None,
        max_length=64,
        description=f"Whose worker it is; `{TENANT}`, or who the token is for, if left out.",
    )


class TenantHistoryGiven(FleetHistoryGiven):
    """How far back, and whose."""

    tenant: str | None = Field(
        None,
        max_length=64,
        description="Whose workers; the whole fleet's, or who the token is for, if left out.",
    )


async def answer_fleet(site: Site, given: TenantHistoryGiven, viewer: Viewer) -> dict[str, Any]:
    """The whole fleet over time, or all of a tenant's workers."""
    fleet, now, tenant = site.fleet, site.now(), viewer.asks_of(given.tenant)
    if tenant is not None:
        return await _tenants(site, tenant, given.span, now)
    if given.span == "1h":
        return _from_memory(site, fleet.hour.seconds, fleet.hour.points(now))
    if given.span == "24h" and site.ledger is None:
        return _from_memory(site, fleet.day.seconds, fleet.day.points(now))
    return await _from_ledger(site, None, given.span)


async def _tenants(site: Site, tenant: str, span: Span, now: float) -> dict[str, Any]:
    if span == "1h" or (span == "24h" and site.ledger is None):
        window = HOUR if span == "1h" else DAY
        parts = [part.rates for part in site.fleet.parts.values() if part.tenant == tenant]
        return _from_memory(site, WINDOWS[window].seconds, _points(parts, window, now))
    ledger = _ledger_of(site, span)
    return _found(await read(site, ledger.tenant_history, tenant, span, site.today()))


async def answer_worker(site: Site, given: WorkerHistoryGiven, viewer: Viewer) -> dict[str, Any]:
    """One worker over time; with the ledger also one that is not known any more."""
    now, tenant = site.now(), viewer.asks_of(given.tenant)
    if given.span == "1h" or (given.span == "24h" and site.ledger is None):
        worker = find(site, given.name, tenant)
        window = HOUR if given.span == "1h" else DAY
        return _from_memory(site, WINDOWS[window].seconds, _points([worker.rates], window, now))
    tenant = tenant or site.fleet.whose(given.name) or TENANT
    return await _from_ledger(site, given.name, given.span, tenant)


def _points(rates: Sequence[Rates], window: int, now: float) -> Iterator[Point]:
    """What is remembered of some, together."""
    seconds = WINDOWS[window].seconds
    since = min((each.long_since for each in rates), default=now)
    by_start: dict[float, list[Bucket]] = {}
    for each in rates:
        for bucket in each.buckets(window, now):
            by_start.setdefault(bucket.start, []).append(bucket)
    for start, buckets in sorted(by_start.items()):
        passed = min(now, start + seconds) - max(start, since)
        work = sum(bucket.work for bucket in buckets)
        accepted = sum(bucket.accepted for bucket in buckets)
        yield Point(
            start,
            work * HASHES_PER_DIFFICULTY / passed if passed >= FINEST else None,
            accepted,
            sum(bucket.rejected for bucket in buckets),
            work / accepted if accepted else None,
            None,
        )


def _from_memory(site: Site, step: int, points: Iterable[Point]) -> dict[str, Any]:
    rows = [(site.unix(start), told(rate), *rest) for start, rate, *rest in points]
    return {"step": step, "points": rows, "source": "memory"}


async def _from_ledger(
    site: Site, worker: str | None, span: Span, tenant: str = TENANT
) -> dict[str, Any]:
    ledger = _ledger_of(site, span)
    found = await read(site, ledger.history, worker, span, site.today(), tenant)
    if found is None:
        raise Refusal(404, f"the ledger has no worker {(worker or '')[:200]!r}")
    return _found(found)


def _ledger_of(site: Site, span: Span) -> LedgerReader:
    if site.ledger is None:
        raise Refusal(
            404,
            f"{span} needs the ledger, and there is none: see [ledger] path in the configuration; "
            "1h and 24h are kept in memory",
        )
    return site.ledger


def _found(found: ledger_history.History) -> dict[str, Any]:
    return {
        "step": found.step,
        "points": [_ledger_point(point) for point in found.points],
        "source": "ledger",
    }


def _ledger_point(point: ledger_history.Point) -> tuple[Any, ...]:
    sums = point.sums
    rate = sums.work * HASHES_PER_DIFFICULTY / point.seconds if point.seconds >= FINEST else None
    difficulty = sums.work / sums.accepted if sums.accepted else None
    return (point.start, told(rate), sums.accepted, sums.rejected, difficulty, point.connections)


OPERATIONS = [
    Operation(
        "GET",
        "/api/history",
        answer_fleet,
        TenantHistoryGiven,
        History,
        reach="own",
        errors=(403, 404, 503),
    ),
    Operation(
        "GET",
        "/api/workers/{name}/history",
        answer_worker,
        WorkerHistoryGiven,
        History,
        tag="workers",
        reach="own",
        errors=(403, 404, 503),
    ),
]
