"""Between the ledger and the fleet: what was before this process, and what shall be known later."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from stratumproxy.fleet.conditions import PoolOrder
from stratumproxy.fleet.fleet import Earlier
from stratumproxy.fleet.hashrate import DAY, HASHES_PER_DIFFICULTY, HOUR, Rates
from stratumproxy.fleet.part import PartBefore
from stratumproxy.fleet.usual import HELD_HOURS, LEAST_HOURS, Known, Mark
from stratumproxy.fleet.worker import SHARES, Counts
from stratumproxy.ledger import Standing
from stratumproxy.ledger import order as ledger_order
from stratumproxy.ledger import usual as ledger_usual
from stratumproxy.ledger.order import KeptOrder
from stratumproxy.ledger.parts import PartShares
from stratumproxy.ledger.schema import FIVE_MINUTES, HOURS
from stratumproxy.telemetry.clock import Clock
from stratumproxy.telemetry.records import WorkerKey

NO_SHARES = (0, 0)

SET_BACK = 60.0
"""Seconds by which the ledger may be ahead of the clock, before that counts as set back."""


class Past(NamedTuple):
    """The last day, as the fleet takes it in. Times are even."""

    workers: list[Earlier]
    """Those of the last day, the longest silent first."""
    all: Rates
    parts: list[PartBefore]
    """What each tenant's targets did."""
    since: float
    """From when on their counts are."""


def read_past(standing: Standing, clock: Clock) -> Past | None:
    """Read the last day; takes seconds.

    Returns:
        The last day; None if the clock was set back since it was written, so that nobody can say
        which day that would be.

    Raises:
        SinkError: the ledger can't be read, or this was given up.
    """
    now, ahead = clock.now(), clock.unix(0.0)
    if (standing.reached or 0.0) > now + ahead + SET_BACK:
        return None
    totals = standing.totals(now + ahead)
    since = totals.day_since - ahead
    first = min((each.since for each in totals.workers.values()), default=now + ahead)
    every = Rates(now, max(since, first - ahead))
    rates = {
        key: Rates(now, max(since, each.since - ahead)) for key, each in totals.workers.items()
    }
    newest: dict[WorkerKey, tuple[int, int]] = {}
    parts = _Parts(now, max(since, first - ahead))
    for window, level, begin in (
        (HOUR, FIVE_MINUTES, totals.hour_since),
        (DAY, HOURS, totals.day_since),
    ):
        for start in reversed(range(begin, int(now + ahead) + 1, level.step)):
            shares, at = standing.bucket(level, start), start - ahead
            parts.put(window, at, standing.parts(level, start))
            for tenant, name, work, squares, accepted, rejected in shares:
                key = tenant, name
                if key in rates:
                    rates[key].put(window, at, (work, squares, accepted, rejected))
                before = newest.get(key, NO_SHARES)
                if window == HOUR and sum(before) < SHARES:
                    newest[key] = before[0] + accepted, before[1] + rejected
            if shares:
                _, _, works, squared, counts, refused = zip(*shares, strict=True)
                every.put(window, at, (sum(works), sum(squared), sum(counts), sum(refused)))
    reasons = standing.reasons_of_parts(totals.day_since, now + ahead)
    workers = [
        Earlier(
            key,
            each.since - ahead,
            None if each.last is None else each.last - ahead,
            Counts(each.accepted, each.rejected, each.reasons, each.work, each.best, each.connects),
            rates[key],
            newest.get(key, NO_SHARES),
            each.address,
            each.agent,
            each.connections > 0,
        )
        for key, each in totals.workers.items()
    ]
    workers.sort(key=lambda each: each.last_share or each.since)
    return Past(workers, every, parts.done(reasons), since)


class _Parts:
    """What targets did, bucket by bucket."""

    def __init__(self, now: float, since: float) -> None:
        self._now = now
        self._since = since
        self._rates: dict[tuple[str, str], Rates] = {}
        self._accepted: Counter[tuple[str, str]] = Counter()
        self._work: defaultdict[tuple[str, str], float] = defaultdict(float)

    def put(self, window: int, at: float, shares: Iterable[PartShares]) -> None:
        for tenant, target, work, squares, accepted, rejected in shares:
            key = tenant, target
            if key not in self._rates:
                self._rates[key] = Rates(self._now, self._since)
            self._rates[key].put(window, at, (work, squares, accepted, rejected))
            if window == DAY:
                self._accepted[key] += accepted
                self._work[key] += work

    def done(self, reasons: Mapping[tuple[str, str], dict[str, int]]) -> list[PartBefore]:
        return [
            PartBefore(*key, self._accepted[key], self._work[key], reasons.get(key, {}), rates)
            for key, rates in self._rates.items()
        ]


def read_usual(
    path: str, clock: Clock, given_up: Callable[[], bool] = lambda: False
) -> dict[WorkerKey, Known] | None:
    """Read what is usual of every worker; takes ten seconds.

    Args:
        path: the ledger.
        clock: of this process.
        given_up: as `Standing` takes it.

    Returns:
        What is known of each; None if there is no ledger yet.

    Raises:
        SinkError: the ledger can't be read, or this was given up.
    """
    with Standing.if_any(path, given_up) as standing:
        if standing is None:
            return None
        ahead = clock.unix(0.0)
        found = standing.usual(clock.unix())
    known = {}
    for key, (rate, hours, turn) in found.items():
        if turn is None:
            if hours >= LEAST_HOURS:
                known[key] = Known(rate * HASHES_PER_DIFFICULTY, hours)
        elif turn.slow or hours < HELD_HOURS:
            usual = turn.rate * HASHES_PER_DIFFICULTY
            known[key] = Known(usual, 0, turn.slow, turn.since - ahead)
        else:
            known[key] = Known(rate * HASHES_PER_DIFFICULTY, hours, False, turn.since - ahead)
    return known


def keep_marks(path: str, marks: Iterable[Mark], clock: Clock) -> None:
    """Keep how it stands with workers that were called slow or mended, or accepted as they are.

    Raises:
        SinkError: the ledger can't be written.
    """
    ledger_usual.keep(
        path,
        [
            ledger_usual.Turn(
                mark.worker, mark.rate / HASHES_PER_DIFFICULTY, clock.unix(mark.since), mark.slow
            )
            for mark in marks
        ],
    )


def known_orders(kept: Iterable[KeptOrder], clock: Clock) -> list[PoolOrder]:
    """The operator's orders of pools that a ledger has, in even time."""
    ahead = clock.unix(0.0)
    return [
        PoolOrder(each.pool, each.by, each.since - ahead, True, each.tenant, each.target)
        for each in kept
    ]


def keep_orders(path: str, orders: Iterable[PoolOrder], clock: Clock) -> None:
    """Keep the operator's orders of pools, in place of those before.

    Raises:
        SinkError: the ledger can't be written.
    """
    ledger_order.keep(
        path,
        [
            KeptOrder(each.pool, each.by, clock.unix(each.since), each.tenant, each.target)
            for each in orders
        ],
    )
