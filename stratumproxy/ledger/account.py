"""What the ledger has for an audit: sums of accounts by time, or by whose they are, and gaps."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple, TypeVar

from stratumproxy.errors import SinkError
from stratumproxy.ledger.accounts import PoolAccount, Which, choose, ids_of
from stratumproxy.ledger.buckets import plus, sum_of
from stratumproxy.ledger.receipts import Gap, gaps
from stratumproxy.ledger.schema import DAYS, FLEET, HOURS, Level

MAX_STEPS = 50_000
"""Hours in five years: rows by time at most."""

MAX_GAPS = 1000

WORK_SECONDS = 15.0
"""Within which work is in the ledger: told every ten seconds, then on its way for a moment."""


@dataclass(slots=True)
class Entry:
    """One row: a stretch of time, or a worker, account, tenant, target."""

    work: float
    """Sum of the difficulties asked of all shares that were good by our own check."""
    expected: float | None
    """Shares that should have reached the pool's difficulty; None if that was never known."""
    forwarded: int
    forwarded_work: float
    credited: int
    credited_work: float
    rejected: int
    timed_out: int
    lost: int
    reasons: dict[str, int] = field(default_factory=dict)
    """The pool's rejects in its own words."""
    dropped: int = 0
    """Share records, of whichever worker and pool, that never came to the ledger."""
    untold: int = 0
    """Of the forwarded ones, the newest in the ledger: work that they belong to may not be in it
    yet, for a share is told at once, and a worker's work once in `WORK_SECONDS`."""
    estimated: float = 0.0
    """Of the expected ones, those that were not counted share by share, by a version that did not,
    but are the work over the pool's mean difficulty in a step."""

    def plus(self, other: "Entry") -> "Entry":
        """Both together."""
        reasons = dict(self.reasons)
        for text, count in other.reasons.items():
            reasons[text] = reasons.get(text, 0) + count
        return Entry(
            self.work + other.work,
            plus(self.expected, other.expected),
            self.forwarded + other.forwarded,
            self.forwarded_work + other.forwarded_work,
            self.credited + other.credited,
            self.credited_work + other.credited_work,
            self.rejected + other.rejected,
            self.timed_out + other.timed_out,
            self.lost + other.lost,
            reasons,
            self.dropped + other.dropped,
            self.untold + other.untold,
            self.estimated + other.estimated,
        )


def nothing() -> Entry:
    """No work at all, and nothing sent."""
    return Entry(0.0, 0.0, 0, 0.0, 0, 0.0, 0, 0, 0)


class Subject(NamedTuple):
    """Whose a row is that is not of a time; what is None does not matter."""

    worker: str | None = None
    pool: str | None = None
    account: str | None = None
    tenant: str | None = None
    target: str | None = None


BY = {
    "worker": ("tenant", "worker"),
    "pool": ("pool",),
    "account": ("pool", "account"),
    "tenant": ("tenant",),
    "target": ("tenant", "target"),
}
"""What sums may be by beside time, and what tells one of their rows from another."""


@dataclass(frozen=True, slots=True)
class Account:
    """What accounts at pools come to in the ledger."""

    which: Which
    since: int
    until: int
    """Both moved outwards to whole steps."""
    step: int
    steps: dict[int, Entry]
    """By start; those in which there was nothing are left out."""
    rows: dict[Subject, Entry] | None
    """By whose they are; None if they weren't asked for."""
    gaps: list[Gap]


class _Part(NamedTuple):
    """A stretch that is read from one level."""

    level: Level
    since: int
    until: int


def account(
    connection: sqlite3.Connection,
    which: Which,
    since: float,
    until: float,
    level: Level,
    by: str | None,
) -> Account:
    """Read what accounts come to; see `LedgerReader.account`."""
    chosen = choose(connection, which)
    level = _level_kept(connection, level, since)
    step = level.step
    first = int(since // step) * step
    last = -int(-until // step) * step
    if (last - first) // step > MAX_STEPS:
        raise SinkError(f"from {since:.0f} to {until:.0f} are more than {MAX_STEPS} rows; ask less")
    # What a pool asks for is what work without a figure of its own is reckoned by: pool by pool.
    steps: dict[int, Entry] = {}
    rows: dict[Subject, Entry] = {}
    parts = _parts(level, first, last)
    for _, of_pool in groupby(chosen, key=lambda each: each.pool):
        accounts = list(of_pool)
        found, _ = _by_time(connection, ids_of(accounts), _Part(level, first, last), None)
        for start, entry in found.items():
            _add(steps, start, entry)
        fallback = _mean_difficulty(found)
        if by == "worker":
            for subject, entry in _by_worker(connection, accounts, parts, fallback).items():
                _add(rows, subject, entry)
        elif by is not None:
            for subject, ids in _apart(accounts, by).items():
                for part in parts:
                    found, _ = _by_time(connection, ids, part, fallback)
                    for entry in found.values():
                        _add(rows, subject, entry)
    _count_dropped(connection, steps, first, last, step)
    subjects = {each.id: _subject(each, by) for each in chosen}
    ids = ids_of(chosen)
    for start, tenant, name, id, count in _untold(connection, ids, first, last, step):
        subject = Subject(worker=name, tenant=tenant) if by == "worker" else subjects[id]
        if start in steps:
            steps[start].untold += count
        if subject in rows:
            rows[subject].untold += count
    missing = list(gaps(connection, first, last, MAX_GAPS))
    ordered = dict(sorted(steps.items()))
    return Account(which, first, last, step, ordered, rows if by else None, missing)


def _apart(accounts: Sequence[PoolAccount], by: str) -> dict[Subject, str]:
    """The ids of accounts, as lists in SQL, by what tells their rows apart."""
    found: dict[Subject, list[PoolAccount]] = defaultdict(list)
    for each in accounts:
        found[_subject(each, by)].append(each)
    return {subject: ids_of(those) for subject, those in found.items()}


def _subject(account: PoolAccount, by: str | None) -> Subject:
    fields = BY.get(by or "", ())
    return Subject(**{name: getattr(account, name) for name in fields if name != "worker"})


Key = TypeVar("Key", int, Subject)


def _add(entries: dict[Key, Entry], key: Key, entry: Entry) -> None:
    """Add an entry to what there is under that key."""
    entries[key] = entries[key].plus(entry) if key in entries else entry


def _count_dropped(
    connection: sqlite3.Connection, steps: dict[int, Entry], first: int, last: int, step: int
) -> None:
    for start, count in connection.execute(
        "SELECT start / ?1 * ?1, sum(count) FROM dropped "
        "WHERE kind = 'shares' AND start >= ?2 AND start < ?3 GROUP BY 1",
        (step, first, last),
    ):
        steps.setdefault(start, nothing()).dropped = count


def _untold(
    connection: sqlite3.Connection, pools: str, first: int, last: int, step: int
) -> list[tuple[int, str, str, int, int]]:
    """The newest shares in the ledger: how many in each step, of each worker on each account."""
    return connection.execute(
        "SELECT CAST(at AS INTEGER) / ?1 * ?1, tenant, name, pool, count(*) FROM shares "
        f"JOIN workers ON workers.id = worker WHERE pool IN {pools} AND at >= max(?2, "
        "(SELECT max(last_at) FROM receipts) - ?3) AND at < ?4 GROUP BY 1, worker, pool",
        (step, first, WORK_SECONDS, last),
    ).fetchall()


def _level_kept(connection: sqlite3.Connection, level: Level, since: float) -> Level:
    """Days, if hours are not kept back to there and days are."""
    if level == HOURS:
        (hours,) = connection.execute("SELECT min(start) FROM hours").fetchone()
        (days,) = connection.execute("SELECT min(start) FROM days").fetchone()
        if hours is not None and since < hours and days + DAYS.step < hours:
            return DAYS
    return level


def _parts(level: Level, first: int, last: int) -> list[_Part]:
    """For sums over all: whole days from the days, hours only at the ends."""
    if level == DAYS:
        return [_Part(DAYS, first, last)]
    day = DAYS.step
    begin, end = -(-first // day) * day, last // day * day
    if begin >= end:
        return [_Part(HOURS, first, last)]
    return [_Part(HOURS, first, begin), _Part(DAYS, begin, end), _Part(HOURS, end, last)]


_EXPECTED = sum_of("expected")
"""What was counted share by share; NULL if some of it was not."""

_ESTIMATED = "(b.work + b.refused_work) / steps.difficulty"
"""The same where it was not counted, as well as it is known."""

_SUMS = (
    "sum(b.work + b.refused_work), sum(b.forwarded), sum(b.forwarded_work), sum(b.credited), "
    "sum(b.credited_work), sum(b.pool_rejected), sum(b.timed_out), sum(b.lost)"
)


def _by_time(
    connection: sqlite3.Connection, pools: str, part: _Part, fallback: float | None
) -> tuple[dict[int, Entry], dict[int, float]]:
    """Entries by start, and the pool's difficulty by start where it is known."""
    between = {"first": part.since, "last": part.until, "step": part.level.step}
    # Each bucket is one look-up: the fleet's row of a pool is among thousands of workers'.
    starts = (
        "WITH RECURSIVE starts (start) AS (SELECT :first WHERE :first < :last "
        "UNION ALL SELECT start + :step FROM starts WHERE start + :step < :last) "
    )
    entries = {
        start: Entry(work, expected, *rest)
        for start, expected, work, *rest in connection.execute(
            f"{starts} SELECT b.start, {_EXPECTED}, {_SUMS} "
            f"FROM starts JOIN {part.level.table} AS b ON b.start = starts.start "
            f"AND b.worker = {FLEET} AND b.pool IN {pools} GROUP BY b.start",
            between,
        )
    }
    for start, text, count in connection.execute(
        f"{starts} SELECT b.start, text, sum(count) FROM starts "
        f"JOIN {part.level.table}_rejects AS b ON b.start = starts.start AND b.worker = {FLEET} "
        f"AND b.pool IN {pools} JOIN reasons ON reasons.id = b.reason WHERE by_pool "
        "GROUP BY b.start, text",
        between,
    ):
        if start in entries:
            entries[start].reasons[text] = count
    difficulties = _difficulties(connection, pools, entries, fallback)
    for start, entry in entries.items():
        if entry.expected is None and not entry.work:
            entry.expected = 0.0
        elif entry.expected is None and start in difficulties:
            entry.expected = entry.estimated = entry.work / difficulties[start]
    return entries, difficulties


def _difficulties(
    connection: sqlite3.Connection, pools: str, entries: dict[int, Entry], fallback: float | None
) -> dict[int, float]:
    """The pool's difficulty in each step.

    If it changed within one, shares at difficulty D came in numbers proportional to work / D, so
    their plain mean over the forwarded ones is what the whole work is to be divided by. Where
    nothing was forwarded, what was before holds on, or what came first; or else the fallback, or
    what it was on the newest job.
    """
    known = {
        start: entry.forwarded_work / entry.forwarded
        for start, entry in entries.items()
        if entry.forwarded_work
    }
    if not known and fallback:
        return dict.fromkeys(entries, fallback)
    if not known:
        row = connection.execute(
            f"SELECT difficulty FROM jobs WHERE pool IN {pools} AND difficulty > 0 "
            "ORDER BY at DESC LIMIT 1"
        ).fetchone()
        return dict.fromkeys(entries, row[0]) if row else {}
    current = known[min(known)]
    found = {}
    for start in sorted(entries):
        current = found[start] = known.get(start, current)
    return found


def _mean_difficulty(entries: dict[int, Entry]) -> float | None:
    forwarded = sum(entry.forwarded for entry in entries.values())
    return (
        sum(entry.forwarded_work for entry in entries.values()) / forwarded if forwarded else None
    )


def _by_worker(
    connection: sqlite3.Connection,
    accounts: Sequence[PoolAccount],
    parts: Sequence[_Part],
    fallback: float | None,
) -> dict[Subject, Entry]:
    pools = ids_of(accounts)
    # Versions of before counted that a miner left its tenant in the accounts of the next.
    tenants = json.dumps(sorted({each.tenant for each in accounts}))
    sums: dict[Subject, list[float]] = {}
    unknown: set[Subject] = set()
    reasons: dict[Subject, dict[str, int]] = defaultdict(dict)
    for part in parts:
        entries, difficulties = _by_time(connection, pools, part, fallback)
        # The limit, which is none, has a step's JSON read once, and not for each worker's row.
        each = json.dumps([[start, difficulties.get(start)] for start in entries])
        for tenant, name, expected, estimated, work, *values, _ in connection.execute(
            "WITH steps AS (SELECT json_extract(value, '$[0]') AS start, "
            "json_extract(value, '$[1]') AS difficulty FROM json_each(?) LIMIT -1) "
            "SELECT workers.tenant, workers.name, sums.* FROM ("
            f"SELECT sum(coalesce(b.expected, {_ESTIMATED})), "
            f"sum(CASE WHEN b.expected IS NULL THEN {_ESTIMATED} END), {_SUMS}, b.worker "
            f"FROM steps CROSS JOIN {part.level.table} AS b "
            f"ON b.start = steps.start AND b.pool IN {pools} AND b.worker <> {FLEET} "
            "GROUP BY b.worker) AS sums JOIN workers ON workers.id = sums.worker "
            "WHERE workers.tenant IN (SELECT value FROM json_each(?))",
            (each, tenants),
        ):
            subject = Subject(name, tenant=tenant)
            if expected is None and work:
                unknown.add(subject)
            new = [expected or 0.0, estimated or 0.0, work, *values]
            old = sums.get(subject)
            sums[subject] = [a + b for a, b in zip(old, new, strict=True)] if old else new
        for tenant, name, text, count in connection.execute(
            f"SELECT tenant, name, text, sum(count) FROM {part.level.table}_rejects AS b "
            "JOIN reasons ON reasons.id = b.reason JOIN workers ON workers.id = b.worker "
            f"WHERE start >= ? AND start < ? AND pool IN {pools} AND by_pool "
            "GROUP BY b.worker, b.reason",
            (part.since, part.until),
        ):
            of = reasons[Subject(name, tenant=tenant)]
            of[text] = of.get(text, 0) + count
    return {
        subject: _entry(values, subject not in unknown, reasons[subject])
        for subject, values in sums.items()
    }


def _entry(values: list[float], known: bool, reasons: dict[str, int]) -> Entry:
    (
        expected,
        estimated,
        work,
        forwarded,
        forwarded_work,
        credited,
        credited_work,
        rejected,
        timed_out,
        lost,
    ) = values
    return Entry(
        work,
        expected if known else None,
        int(forwarded),
        forwarded_work,
        int(credited),
        credited_work,
        int(rejected),
        int(timed_out),
        int(lost),
        reasons,
        estimated=estimated,
    )
