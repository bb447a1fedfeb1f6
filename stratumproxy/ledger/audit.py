"""What a pool should have credited, what it acknowledged, and what chance allows between them.

A share that was asked to meet difficulty d meets the pool's difficulty D, if that is higher, with a
probability of d / D, and is credited D then. The sum of that, over all shares that were good by our
own check, should have been sent, give or take chance. It is Poisson's chance if d is far below D,
and smaller else, so the bounds are never too narrow. D may differ from session to session and from
job to job, and so the sum is counted where shares are checked. Of what a version told that did not,
it is W / D: W the sum of all d, and D the mean of the difficulties that shares were sent at.

What became of those that were sent is no matter of chance: it is known of each. Some are late on
every pool, for a block was found meanwhile; how many is for whoever asks to say. That part of them
is an average, so there may be as many as Poisson allows around it, and not one if it is none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from stratumproxy.ledger import account as accounts
from stratumproxy.ledger.account import WORK_SECONDS, Account, Entry, Subject, nothing
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.chance import poisson_interval
from stratumproxy.ledger.pool_figures import Figure, PoolFigures
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.ledger.schema import DAYS, HOURS

TIMES = ("hour", "day")
BY = (*TIMES, *accounts.BY)

CONFIDENCE = 0.99

TOLERATED = 0.01
"""The part of the shares sent that a sound pool and the way to it may leave without credit: stale
ones are some tenths of a percent."""

EDGE_SECONDS = 60.0
"""A pool's own figures may be cut so much earlier or later than ours, at either end."""

ROUNDING = 1e-3
"""Part by which a pool's figure of work may be rounded."""

NOTHING = "nothing mined"
FINE = "within chance"
UNKNOWN = "the pool's difficulty is not known"
DROPPED = "can't tell: records were dropped"
SENT_LESS = "sent less than chance allows"
SENT_MORE = "sent more than chance allows"
REFUSED = "more was refused or lost than is tolerated"
STATED_LESS = "pool's figures are below what it acknowledged"
STATED_MORE = "pool's figures are above what it acknowledged"


@dataclass(frozen=True, slots=True)
class Row:
    """A stretch of time, or what else rows are by, or the total. Work is in shares of difficulty 1.

    What a row is not told apart by is None.
    """

    start: int | None
    """Unix seconds."""
    worker: str | None
    pool: str | None
    account: str | None
    tenant: str | None
    target: str | None
    expected: float | None
    """Shares that should have been sent, and credited, by our own check of the miners' work."""
    low: int | None
    high: int | None
    """How many chance allows to be sent where so many are expected."""
    estimated: float
    """Of these, those that were not counted share by share: see `Entry.estimated`."""
    expected_work: float
    forwarded: int
    forwarded_work: float
    credited: int
    credited_work: float
    rejected: int
    reasons: dict[str, int]
    """Of the rejected ones, in the pool's words."""
    timed_out: int
    lost: int
    uncredited: int
    """Of the forwarded ones: rejected, timed out and lost together."""
    uncredited_tolerated: int
    """How many of them that may be."""
    dropped: int
    """Share records that the ledger never got, of any worker and pool."""
    pool_shares: float | None
    """The pool's own figure, if it was given."""
    pool_work: float | None
    verdict: str

    @property
    def fine(self) -> bool:
        """Nothing a person should look at."""
        return self.verdict in (FINE, NOTHING)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return _plain(self) | {"fine": self.fine}


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit of accounts at pools: of those of a pool, an account, a tenant, a target that is not
    None.
    """

    pool: str | None
    account: str | None
    tenant: str | None
    target: str | None
    since: int
    until: int
    by: str
    step: int
    """Seconds of a row by time; of days, if hours were asked for and are not kept so long."""
    confidence: float
    """Of the total, and of all other rows together."""
    tolerated: float
    """Part of the shares sent that may be left without credit, on average."""
    rows: list[Row]
    total: Row
    notes: list[str] = field(default_factory=list)
    """What else should be known, in words."""

    @property
    def fine(self) -> bool:
        """Whether every row is."""
        return self.total.fine and all(row.fine for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        rows = [row.to_dict() for row in self.rows]
        return _plain(self) | {"rows": rows, "total": self.total.to_dict(), "fine": self.fine}


def _plain(value: Row | Audit) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def audit(
    reader: LedgerReader,
    which: Which,
    since: float,
    until: float,
    by: str = "hour",
    *,
    confidence: float = CONFIDENCE,
    tolerated: float = TOLERATED,
    figures: PoolFigures | None = None,
) -> Audit:
    """Audit accounts at pools by the ledger.

    Args:
        reader: of the ledger.
        which: the accounts, all together.
        since: Unix seconds, moved back to the whole hour or day.
        until: Unix seconds, moved on to it.
        by: one of `BY`: what a row is. If it is no time, the times are moved to whole hours.
        confidence: with which all rows stay within the bounds if only chance is at work. It holds
            for the total, and for all others together: of n rows each has 1 - (1 - confidence) / n.
        tolerated: part of the shares sent that may be left without credit on average, such as 0.005
            for usual stale ones. With 0 there may be none.
        figures: the pool's own figures, by time if `by` is a time, else by worker.

    Raises:
        SinkError: the ledger can't be read, or has no such pool.
    """
    level = DAYS if by == "day" else HOURS
    account = reader.account(which, since, until, level, None if by in TIMES else by)
    return judge(account, by, confidence, tolerated, figures)


def judge(
    account: Account,
    by: str,
    confidence: float = CONFIDENCE,
    tolerated: float = TOLERATED,
    figures: PoolFigures | None = None,
) -> Audit:
    """An audit of an account; arguments as those of `audit`."""
    rules = _Rules(tolerated, figures is not None)
    each = 1 - (1 - confidence) / max(1, len(account.rows or account.steps))
    rows, notes, stated = [], [], Figure(None, None)
    if account.rows is None:
        by_time: Mapping[int, Figure] = {}
        if figures:
            by_time, left = figures.by_time(account.since, account.until, account.step)
            notes += _left_out("times outside of this audit", left)
        for start in sorted(account.steps.keys() | by_time.keys()):
            entry, figure = account.steps.get(start, nothing()), by_time.get(start)
            rows.append(rules.row(entry, figure, each, account.step, start=start))
        found = list(by_time.values())
    else:
        by_subject, left, shared = _of_subjects(figures, account.rows)
        notes += _left_out("workers the ledger doesn't have", left)
        notes += _left_out("workers of a name that several tenants have", shared)
        for subject, entry in sorted(account.rows.items(), key=lambda item: _name(item[0])):
            seconds = account.until - account.since
            rows.append(rules.row(entry, by_subject.get(subject), each, seconds, subject=subject))
        found = list(by_subject.values())
    for figure in found:
        stated = stated.plus(figure)
    total = rules.row(
        _total(account.steps.values()),
        stated if found else None,
        confidence,
        account.until - account.since,
    )
    notes += _gap_notes(account)
    untold = sum(entry.untold for entry in account.steps.values())
    if untold and total.high is not None and total.forwarded > total.high:
        notes.append(
            f"{untold} shares were sent just now; the work that they belong to is told within "
            f"{WORK_SECONDS:g} s and may not be in the ledger yet"
        )
    if total.estimated and total.expected:
        notes.append(
            f"{100 * total.estimated / total.expected:.3g} % of what is expected was told by a "
            "version that did not count it share by share, and is the work over the mean "
            "difficulty of each hour or day: of a worker it is wrong where the pool asked its "
            "sessions for different ones"
        )
    if total.dropped:
        notes.append(
            f"{total.dropped} share records, of any pool, were dropped on the way to the ledger; "
            "their work is in it, what became of them is not"
        )
    return Audit(
        *account.which,
        account.since,
        account.until,
        by,
        account.step,
        confidence,
        tolerated,
        rows,
        total,
        notes,
    )


def judge_entry(entry: Entry, confidence: float, tolerated: float = TOLERATED) -> Row:
    """A row of its own, without a pool's figures; arguments as those of `audit`."""
    return _Rules(tolerated, stated=False).row(entry, None, confidence, 0.0)


def _name(subject: Subject) -> tuple[str, ...]:
    return tuple(name or "" for name in subject)


def _of_subjects(
    figures: PoolFigures | None, rows: Mapping[Subject, Entry]
) -> tuple[dict[Subject, Figure], list[str], list[str]]:
    """The pools' figures by whose they are; names that nobody has, and that several have."""
    named: dict[str | None, list[Subject]] = {}
    for subject in rows:
        named.setdefault(subject.worker, []).append(subject)
    found: dict[Subject, Figure] = {}
    left, shared = [], []
    for name, figure in (figures.by_worker() if figures else {}).items():
        match named.get(name, []):
            case [subject]:
                found[subject] = figure
            case []:
                left.append(name)
            case _:
                shared.append(name)
    return found, left, shared


NOBODY = Subject()
"""Whose a row is that is of a time, or of all."""


@dataclass(frozen=True, slots=True)
class _Rules:
    tolerated: float
    stated: bool
    """There are figures of the pool, so a row without a figure in it is one of 0."""

    def row(
        self,
        entry: Entry,
        figure: Figure | None,
        confidence: float,
        seconds: float,
        start: int | None = None,
        subject: Subject = NOBODY,
    ) -> Row:
        low = high = None
        if entry.expected is not None:
            low, high = poisson_interval(entry.expected, confidence)
        uncredited = entry.rejected + entry.timed_out + entry.lost
        tolerated = poisson_interval(entry.forwarded * self.tolerated, confidence)[1]
        verdict = _of_ledger(entry, low, high, refused=uncredited > tolerated)
        if self.stated and verdict in (FINE, NOTHING):
            verdict = _of_figures(entry, figure, seconds, confidence) or verdict
        return Row(
            start,
            *subject,
            entry.expected,
            low,
            high,
            entry.estimated,
            entry.work,
            entry.forwarded,
            entry.forwarded_work,
            entry.credited,
            entry.credited_work,
            entry.rejected,
            dict(sorted(entry.reasons.items(), key=lambda item: (-item[1], item[0]))),
            entry.timed_out,
            entry.lost,
            uncredited,
            tolerated,
            entry.dropped,
            figure.shares if figure else None,
            figure.work if figure else None,
            verdict,
        )


def _of_ledger(entry: Entry, low: int | None, high: int | None, *, refused: bool) -> str:
    if low is None or high is None:
        return UNKNOWN
    if not entry.work and not entry.forwarded:
        return NOTHING
    if entry.forwarded - entry.untold > high:
        return SENT_MORE
    if refused:
        return REFUSED
    if entry.forwarded >= low:
        return FINE
    return DROPPED if entry.forwarded + entry.dropped >= low else SENT_LESS


def _of_figures(
    entry: Entry, figure: Figure | None, seconds: float, confidence: float
) -> str | None:
    """What is wrong with the pool's own figure; None if nothing is."""
    figure = figure or Figure(0.0, None)
    # As many as may come within the time that the two may be cut apart.
    shifted = entry.credited * min(1.0, 2 * EDGE_SECONDS / seconds)
    slack = poisson_interval(shifted, confidence)[1]
    each = entry.credited_work / entry.credited if entry.credited else 0.0
    for stated, ours, allowed in (
        (figure.shares, entry.credited, slack + 0.5),
        (figure.work, entry.credited_work, slack * each + entry.credited_work * ROUNDING),
    ):
        if stated is not None and stated < ours - allowed:
            return STATED_LESS
        if stated is not None and stated > ours + allowed + entry.dropped * (each or 1):
            return STATED_MORE
    return None


def _total(entries: Iterable[Entry]) -> Entry:
    total = nothing()
    for entry in entries:
        total = total.plus(entry)
    return total


SHOWN = 5
"""How many names a note shows."""


def _left_out(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [f"the pool's figures have {what}: {', '.join(sorted(names)[:SHOWN])}{more}"]


def _gap_notes(account: Account) -> list[str]:
    return [
        f"batches {gap.first} to {gap.last} of run {gap.run} (process {gap.process}) "
        "are not in the ledger"
        for gap in account.gaps
    ]
