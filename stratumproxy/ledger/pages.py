"""Shares, jobs and events, the newest first, a page at a time."""

import math
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from stratumproxy.ledger.accounts import Which, matching
from stratumproxy.ledger.stored import JOBS, SHARES
from stratumproxy.telemetry.records import (
    ACCEPTED,
    TENANT,
    VERDICTS,
    EventRecord,
    JobRecord,
    ShareRecord,
)

MAX_PAGE = 1000
"""Rows a query gives at most."""


@dataclass(frozen=True, slots=True)
class SharePage:
    """Some shares, the newest first."""

    shares: list[tuple[int, ShareRecord]]
    """Each with its id in the ledger."""
    next: str | None
    """Cursor of what comes after; None if there is no more."""


@dataclass(frozen=True, slots=True)
class ShareQuery:
    """Which shares are wanted; what is None does not matter."""

    worker: str | None = None
    pool: str | None = None
    verdict: str | None = None
    """One of `stratumproxy.telemetry.records.VERDICTS`."""
    since: float | None = None
    until: float | None = None
    tenant: str | None = None
    """Whose; of a worker without it, `TENANT`'s."""
    account: str | None = None
    """The user at the pool."""


def shares(
    connection: sqlite3.Connection, query: ShareQuery, before: str | None, limit: int
) -> SharePage:
    """Shares that were sent to pools; see `LedgerReader.shares`."""
    # The one index to go by is named, lest the planner takes the rarer for the shorter one: the
    # order by time must come out of it.
    index = "shares_by_time"
    where = ["shares.at >= ?", "shares.at < ?"]
    values: list[object] = [
        -math.inf if query.since is None else query.since,
        math.inf if query.until is None else query.until,
    ]
    if query.verdict is not None:
        where.append("shares.verdict = ?")
        values.append(VERDICTS.index(query.verdict))
        if query.verdict != ACCEPTED:
            index = "shares_not_credited"
            where.append("shares.verdict > 0")
    which = Which(query.pool, query.account, query.tenant)
    if which != Which() and query.verdict in (None, ACCEPTED):
        index = "shares_by_pool"
    if query.worker is not None:
        index = "shares_by_worker"
        where.append("shares.worker = (SELECT id FROM workers WHERE tenant = ? AND name = ?)")
        values += [TENANT if query.tenant is None else query.tenant, query.worker]
    if before is not None:
        at, id = parse_cursor(before)
        where.append("shares.at <= ? AND (shares.at, shares.id) < (?, ?)")
        values += [at, at, id]
    limit = min(limit, MAX_PAGE)
    if which == Which():
        rows = _rows(connection, index, where, values, limit + 1)
    else:
        accounts = matching(connection, which)
        where.append("shares.pool = ?")
        # Only the rows of one account come in order out of an index: each has its newest looked up.
        parts = [_rows(connection, index, where, [*values, one.id], limit + 1) for one in accounts]
        rows = sorted(chain(*parts), key=lambda row: (row[1], row[0]), reverse=True)[: limit + 1]
    found = [(row[0], SHARES.read(row[1:])) for row in rows[:limit]]
    more = len(rows) > limit
    return SharePage(found, f"{found[-1][1].at!r}:{found[-1][0]}" if more and found else None)


def _rows(
    connection: sqlite3.Connection,
    index: str,
    where: Sequence[str],
    values: Sequence[object],
    limit: int,
) -> list[tuple[Any, ...]]:
    """Ids and times of shares, and all else of them, the newest first."""
    return connection.execute(
        f"SELECT shares.id, {SHARES.columns} FROM shares INDEXED BY {index} {SHARES.joins} "
        f"WHERE {' AND '.join(where)} ORDER BY shares.at DESC, shares.id DESC LIMIT ?",
        (*values, limit),
    ).fetchall()


_CURSOR = re.compile(r"(-?\d{1,20}(?:\.\d{1,20})?(?:e[+-]?\d{1,3})?):(\d{1,18})", re.ASCII)


def parse_cursor(text: str) -> tuple[float, int]:
    """Time and id of the last share that was shown.

    Raises:
        ValueError: this is not what `SharePage.next` was.
    """
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise ValueError("not a cursor; give `next` of the page before, as it was")
    return float(match[1]), int(match[2])


def jobs(connection: sqlite3.Connection, limit: int) -> list[JobRecord]:
    """Jobs of all pools, the newest first."""
    rows = connection.execute(
        f"SELECT {JOBS.columns} FROM jobs {JOBS.joins} ORDER BY at DESC, jobs.id DESC LIMIT ?",
        (min(limit, MAX_PAGE),),
    )
    return [JOBS.read(row) for row in rows]


def events(
    connection: sqlite3.Connection, since: float, until: float, limit: int
) -> list[EventRecord]:
    """Events from `since` to `until`, the newest first."""
    rows = connection.execute(
        'SELECT at, level, event, "values" FROM events WHERE at >= ? AND at < ? '
        "ORDER BY at DESC, id DESC LIMIT ?",
        (since, until, min(limit, MAX_PAGE)),
    )
    return [
        EventRecord(at, level, event, orjson.loads(values)) for at, level, event, values in rows
    ]
