"""A statement, made of what the ledger has of a tenant and of what was agreed with it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from stratumproxy.ledger.account import Entry
from stratumproxy.ledger.accounts import PoolAccount
from stratumproxy.ledger.audit import CONFIDENCE, TOLERATED, judge_entry
from stratumproxy.ledger.buckets import Sums
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.ledger.schema import FIVE_MINUTES
from stratumproxy.ledger.served import Rejects, Served, together
from stratumproxy.statement.excuse import excuses
from stratumproxy.statement.faults import CONDITIONS, faults
from stratumproxy.statement.machines import machines
from stratumproxy.statement.notes import notes
from stratumproxy.statement.period import Period, StatementError
from stratumproxy.statement.presence import Presence
from stratumproxy.statement.statement import (
    UNPROVEN,
    Credit,
    Excused,
    Figures,
    Row,
    Statement,
)
from stratumproxy.statement.targets import targets
from stratumproxy.statement.windows import Window, disjoint

MOST_WINDOWS = 1000
"""More of them are left out, the latest, and a note says so."""

BEFORE = 86_400.0
"""Seconds before the period from which on it is looked for what lasts into it."""

NO_GROUP = "(in no group)"


class Asked(NamedTuple):
    """What a statement is to be of."""

    period: Period
    by: str = "day"
    """One of `statement.BY`."""
    agreed: Sequence[Window] = ()
    """What is excused by agreement."""
    group_of: Callable[[str], str] | None = None
    """The group of a machine by its name; empty for none. Needed by group."""
    tolerated: float = TOLERATED
    """Part of the shares sent that may be left without credit, on average."""


def tell(reader: LedgerReader, tenant: str, asked: Asked, now: float) -> Statement:
    """Make a tenant's statement of the ledger as it is at one moment.

    Raises:
        SinkError: the ledger can't be read, or has no such tenant.
        StatementError: as `make`.
    """
    return reader.ask(lambda connection: make(Served(connection, tenant), asked, now))


def make(served: Served, asked: Asked, now: float) -> Statement:
    """Make it.

    Args:
        served: of the tenant.
        asked: what it is to be of.
        now: Unix seconds; there is nothing to be told of what is later.

    Raises:
        StatementError: there is no time in it that has passed.
    """
    period = asked.period
    latest = now // FIVE_MINUTES.step * FIVE_MINUTES.step
    moments = [min(at, latest) for at in period.days()]
    edges = sorted({served.kept.cut(at) for at in moments})
    since, until = edges[0], edges[-1]
    if since >= until:
        raise StatementError(
            "from, to: nothing is known of that time yet; what is cut is cut by five minutes, and "
            "by whole hours or days where it is not kept finer"
        )
    by_day = asked.by == "day"
    names, presence = machines(served, since, until)
    windows, left = _windows(served, asked.agreed, since, until, now)
    clipped = [
        piece._replace(since=max(piece.since, since), until=min(piece.until, until))
        for piece in disjoint(windows)
        if piece.since < until and piece.until > since
    ]
    excused = excuses(served, presence, edges, clipped, len(windows), by_worker=not by_day)
    total = _figures(
        together(served.sums(since, until).values()),
        _ours(served, since, until),
        served.proven(since, until),
        None if excused.unknown else sum(excused.rows),
        presence,
        since,
        until,
    )
    if by_day:
        rows = [
            Row(
                period.day((begin + end) / 2),
                begin,
                end,
                _figures(
                    together(served.sums(begin, end).values()),
                    _ours(served, begin, end),
                    served.proven(begin, end),
                    None if excused.unknown else of_row,
                    presence,
                    begin,
                    end,
                ),
            )
            for begin, end, of_row in zip(edges, edges[1:], excused.rows, strict=False)
        ]
    else:
        labels = dict(names)
        if asked.by == "group":
            assert asked.group_of is not None
            labels = {id: asked.group_of(name) or NO_GROUP for id, name in names.items()}
        by_worker = None if excused.unknown else excused.workers
        rows = _rows_of(served, presence, labels, by_worker, since, until)
    return Statement(
        served.tenant,
        period,
        since,
        until,
        now,
        asked.by,
        rows,
        total,
        len(names),
        targets(served, since, until),
        _credits(served, since, until, asked.tolerated),
        CONFIDENCE,
        [
            Excused(window, seconds)
            for window, seconds in zip(windows, excused.windows, strict=True)
            if window.since < until and window.until > since
        ],
        sum(served.kept.cut(at) != at for at in moments),
        notes(served, period, moments, total, rows, left),
    )


def _figures(
    sums: Sums,
    reasons: Rejects,
    proven: float | None,
    excused: float | None,
    presence: Presence,
    since: int,
    until: int,
    workers: Sequence[int] | None = None,
) -> Figures:
    """Of all machines, or of some."""
    if workers is None:
        there = presence.total(since, until)
    else:
        there = sum(presence.seconds(worker, since, until) for worker in workers)
    return Figures(
        seconds=until - since,
        accepted=sums.accepted,
        work=sums.work,
        squares=sums.squares,
        rejected=sums.rejected,
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        refused_work=sums.refused_work,
        expected=sums.expected,
        forwarded=sums.forwarded,
        credited=sums.credited,
        pool_rejected=sums.pool_rejected,
        timed_out=sums.timed_out,
        lost=sums.lost,
        credited_work=sums.credited_work,
        machine_seconds=there,
        proven_seconds=proven,
        excused_seconds=excused,
    )


def _rows_of(
    served: Served,
    presence: Presence,
    labels: Mapping[int, str],
    excused: Mapping[int, float] | None,
    since: int,
    until: int,
) -> list[Row]:
    """By worker, or by what they are put together by."""
    sums = served.by_worker(since, until)
    rejects = served.rejects_by_worker(since, until)
    groups: dict[str, list[int]] = defaultdict(list)
    for worker, label in labels.items():
        groups[label].append(worker)
    rows = []
    for label, workers in sorted(groups.items()):
        those = [sums[worker] for worker in workers if worker in sums]
        of = those[0] if len(those) == 1 else together(those)
        rows.append(
            Row(
                label,
                since,
                until,
                _figures(
                    of,
                    _added(rejects.get(worker, {}) for worker in workers),
                    of.proven_seconds,
                    None if excused is None else sum(excused.get(id, 0.0) for id in workers),
                    presence,
                    since,
                    until,
                    workers,
                ),
            )
        )
    others = sorted(sums.keys() - labels.keys())
    if others:  # they are no machines: nothing counted under their names
        of = together(sums[worker] for worker in others)
        reasons = _added(rejects.get(worker, {}) for worker in others)
        proven = together(sums[worker] for worker in others if worker != served.nameless)
        figures = _figures(of, reasons, proven.proven_seconds, 0.0, presence, since, until, [])
        rows.append(Row(UNPROVEN, since, until, figures))
    return rows


def _windows(
    served: Served,
    agreed: Sequence[Window],
    since: int,
    until: int,
    now: float,
) -> tuple[list[Window], int]:
    """What may excuse downtime, and how many windows were too many."""
    events = served.conditions(since - BEFORE, until + BEFORE, CONDITIONS)
    faulty = faults(events, served.runs(), served.gaps(since, until), served.control_starts(), now)
    windows = [each for each in (*agreed, *faulty) if each.since < until and each.until > since]
    return windows[:MOST_WINDOWS], max(0, len(windows) - MOST_WINDOWS)


def _credits(served: Served, since: int, until: int, tolerated: float) -> list[Credit]:
    """Of each account at a pool."""
    accounts = {id: account for id, account in served.accounts.items() if account.pool}
    sums, rejects = served.sums(since, until), served.rejects(since, until)
    those = [(account, sums[id], rejects.get(id)) for id, account in accounts.items() if id in sums]
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(those))
    return [
        _credit(account, of, words[1] if words else {}, confidence, tolerated)
        for account, of, words in those
    ]


def _credit(
    account: PoolAccount, sums: Sums, words: Rejects, confidence: float, tolerated: float
) -> Credit:
    work, expected, estimated = sums.work + sums.refused_work, sums.expected, 0.0
    if expected is None and sums.forwarded_work:
        expected = estimated = work * sums.forwarded / sums.forwarded_work
    entry = Entry(
        work,
        expected if work else 0.0,
        sums.forwarded,
        sums.forwarded_work,
        sums.credited,
        sums.credited_work,
        sums.pool_rejected,
        sums.timed_out,
        sums.lost,
        words,
        estimated=estimated,
    )
    _, pool, user, coin, site, _, target = account
    return Credit(pool, user, coin, site, target, judge_entry(entry, confidence, tolerated))


def _ours(served: Served, since: int, until: int) -> Rejects:
    """Of all accounts together, by our own reasons."""
    return _added(ours for ours, _ in served.rejects(since, until).values())


def _added(parts: Iterable[Rejects]) -> Rejects:
    found: Rejects = {}
    for part in parts:
        for text, count in part.items():
            found[text] = found.get(text, 0) + count
    return found
