"""The course of a worker, or of the fleet: work, rejects and connections over time."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

from stratumproxy.ledger.buckets import Sums, summed
from stratumproxy.ledger.names import NAMELESS
from stratumproxy.ledger.schema import DAYS, FIVE_MINUTES, FLEET, HOURS, Level
from stratumproxy.telemetry.records import TENANT, WorkerKey


class Span(NamedTuple):
    """How far back to look, and how finely."""

    seconds: int
    level: Level


SPANS = {
    "1h": Span(3600, FIVE_MINUTES),
    "24h": Span(86_400, FIVE_MINUTES),
    "7d": Span(7 * 86_400, HOURS),
    "60d": Span(60 * 86_400, HOURS),
    "5y": Span(1826 * 86_400, DAYS),
}
"""By the name that the API gives them; at most 1827 points each."""


@dataclass(frozen=True, slots=True)
class Point:
    """One bucket."""

    start: int
    seconds: float
    """How much of it has passed: its length, but for the one that is open."""
    sums: Sums
    connections: int | None
    """Open at its end; None if that is not known."""


@dataclass(frozen=True, slots=True)
class History:
    """Buckets without a hole, the oldest first; none from before the ledger's oldest row."""

    step: int
    points: list[Point]


def history(
    connection: sqlite3.Connection, worker: str | None, span: str, now: float, tenant: str = TENANT
) -> History | None:
    """The course of a worker on all pools together, or of the fleet.

    Args:
        connection: of the ledger.
        worker: its name; None for the fleet.
        span: one of `SPANS`.
        now: Unix seconds; the bucket it is in comes last.
        tenant: whose worker it is.

    Returns:
        The course; None if there is no such worker.
    """
    id = id_of(connection, worker, tenant)
    if id is None:
        return None
    return _course(connection, span, now, "b.worker = :worker", {"worker": id}, id)


def of_tenant(connection: sqlite3.Connection, tenant: str, span: str, now: float) -> History:
    """The course of all that a tenant's workers did; how many are connected is not known of it.

    Args:
        connection: of the ledger.
        tenant: whose; nobody's is a course of nothing.
        span: one of `SPANS`.
        now: Unix seconds; the bucket it is in comes last.
    """
    # The fleet's rows are by account, and an account is a tenant's.
    which = f"b.worker = {FLEET} AND b.pool IN (SELECT id FROM pools WHERE tenant = :tenant)"
    return _course(connection, span, now, which, {"tenant": tenant}, None)


def _course(
    connection: sqlite3.Connection,
    span: str,
    now: float,
    which: str,
    values: dict[str, object],
    connected: int | None,
) -> History:
    """Buckets of some rows, with the connections of a worker, the fleet, or nobody."""
    level = SPANS[span].level
    first, end = _window(connection, SPANS[span], now)
    columns = summed()
    # Bucket by bucket: each is one look-up, while an index by worker would have to be kept up.
    rows = connection.execute(
        f"{STARTS} SELECT starts.start, {columns} FROM starts "
        f"JOIN {level.table} AS b ON b.start = starts.start AND {which} GROUP BY starts.start",
        {"first": first, "end": end, "step": level.step, **values},
    )
    found = {start: Sums(*sums) for start, *sums in rows}
    points = []
    connections = None if connected is None else _open_now(connection, connected)
    for start in range(end - level.step, first - 1, -level.step):
        sums = found.get(start) or Sums()
        points.append(Point(start, min(level.step, max(now - start, 0.0)), sums, connections))
        if connections is not None:
            connections = max(0, connections - sums.connects + sums.disconnects)
    points.reverse()
    return History(level.step, points)


def rejects(
    connection: sqlite3.Connection, worker: str | None, span: str, now: float, tenant: str = TENANT
) -> dict[int, dict[str, int]]:
    """Rejects by our own reasons, by the start of each bucket that has any; as `history`."""
    id = id_of(connection, worker, tenant)
    level = SPANS[span].level
    first, end = _window(connection, SPANS[span], now)
    rows = connection.execute(
        f"{STARTS} SELECT starts.start, text, sum(count) FROM starts "
        f"JOIN {level.table}_rejects AS b ON b.start = starts.start AND b.worker = :worker "
        "JOIN reasons ON reasons.id = b.reason WHERE NOT by_pool GROUP BY starts.start, text",
        {"first": first, "end": end, "step": level.step, "worker": id},
    )
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for start, text, count in rows:
        found[start][text] = count
    return dict(found)


@dataclass(frozen=True, slots=True)
class WorkerTotals:
    """What a worker did in the last day, on all pools together."""

    since: float
    """When the ledger first heard of it."""
    last: int | None
    """Start of the newest bucket, of five minutes within the last hour or else of an hour, in which
    it had a share that counts."""
    connections: int
    """Open now."""
    accepted: int
    rejected: int
    work: float
    best: float
    connects: int
    reasons: dict[str, int]
    """Of the rejected ones, ours."""
    address: str
    agent: str
    """Of the connection that began last, whenever that was."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Every worker with a name that was heard of in the last 24 hours."""

    hour_since: int
    """Where the last hour begins: whole buckets of five minutes."""
    day_since: int
    """Where the last day begins, of which the totals are: whole hours."""
    workers: dict[WorkerKey, WorkerTotals]


NOTHING: list[Any] = [None, 0, 0, 0.0, 0.0, 0]


def totals(connection: sqlite3.Connection, now: float) -> Totals:
    """The last day of all workers at once.

    Args:
        connection: of the ledger.
        now: Unix seconds; nothing that is later counts.
    """
    hour_since = (int(now) - 3600) // FIVE_MINUTES.step * FIVE_MINUTES.step + FIVE_MINUTES.step
    day_since = (int(now) - 86_400) // HOURS.step * HOURS.step + HOURS.step
    within = f"WHERE b.start >= ? AND b.start <= ? AND b.worker <> {FLEET}"
    last = dict(
        connection.execute(
            f"SELECT worker, max(start) FROM five_minutes AS b {within} AND accepted "
            "GROUP BY worker",
            (hour_since, now),
        )
    )
    reasons: dict[int, dict[str, int]] = defaultdict(dict)
    for worker, text, count in connection.execute(
        "SELECT worker, text, sum(count) FROM hours_rejects AS b "
        f"JOIN reasons ON reasons.id = b.reason {within} AND NOT by_pool GROUP BY worker, text",
        (day_since, now),
    ):
        reasons[worker][text] = count
    day = {
        worker: values
        for worker, *values in connection.execute(
            "SELECT worker, max(CASE WHEN accepted THEN start END), sum(accepted), sum(rejected), "
            f"sum(work), max(best), sum(connects) FROM hours AS b {within} GROUP BY worker",
            (day_since, now),
        )
    }
    is_open = dict(connection.execute("SELECT worker, count(*) FROM miners GROUP BY worker"))
    workers = {}
    for id, tenant, name, since, address, agent in connection.execute(
        "SELECT id, tenant, name, since, address, agent FROM workers"
    ):
        if name != NAMELESS and (id in day or id in is_open):
            newest, accepted, rejected, work, best, connects = day.get(id, NOTHING)
            workers[tenant, name] = WorkerTotals(
                since,
                last.get(id, newest),
                is_open.get(id, 0),
                accepted,
                rejected,
                work,
                best,
                connects,
                reasons.get(id, {}),
                address,
                agent,
            )
    return Totals(hour_since, day_since, workers)


Shares = tuple[str, str, float, float, int, int]
"""A worker's name and its shares in one bucket, on all pools together: their work; the sum of the
squares of their difficulties, or the least that it can be where that was not counted; how many
count, and how many don't."""


def bucket(connection: sqlite3.Connection, level: Level, start: int) -> list[Shares]:
    """All workers' shares in the bucket that begins then."""
    return connection.execute(
        "SELECT tenant, name, sum(work), sum(coalesce(squares, work * work / accepted, 0)), "
        f"sum(accepted), sum(rejected) FROM {level.table} AS b "
        f"JOIN workers ON workers.id = b.worker WHERE start = ? AND b.worker <> {FLEET} "
        "GROUP BY b.worker",
        (start,),
    ).fetchall()


STARTS = (
    "WITH RECURSIVE starts (start) AS (SELECT :first WHERE :first < :end "
    "UNION ALL SELECT start + :step FROM starts WHERE start + :step < :end)"
)


def _window(connection: sqlite3.Connection, span: Span, now: float) -> tuple[int, int]:
    """Start of the first and end of the last bucket to show."""
    step = span.level.step
    end = int(now) // step * step + step
    (oldest,) = connection.execute(f"SELECT min(start) FROM {span.level.table}").fetchone()
    return max(end - span.seconds, end if oldest is None else oldest), end


def _open_now(connection: sqlite3.Connection, worker: int) -> int:
    if worker == FLEET:
        (count,) = connection.execute("SELECT count(*) FROM miners").fetchone()
    else:
        select = "SELECT count(*) FROM miners WHERE worker = ?"
        (count,) = connection.execute(select, (worker,)).fetchone()
    return int(count)


def id_of(connection: sqlite3.Connection, worker: str | None, tenant: str = TENANT) -> int | None:
    """Of a tenant's worker, or of the fleet for None; None if there is no such worker."""
    if worker is None:
        return FLEET
    select = "SELECT id FROM workers WHERE tenant = ? AND name = ?"
    row = connection.execute(select, (tenant, worker)).fetchone()
    return None if row is None else int(row[0])
