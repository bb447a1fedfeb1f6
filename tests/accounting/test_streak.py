"""What shares in a row come to, and how long they prove that a worker mined."""

import random
from collections.abc import Iterator
from math import exp

import pytest

from stratumproxy.accounting.account import Account
from stratumproxy.accounting.streak import ENOUGH, FIRST, GAPS, LONGEST, RAREST, SHORTEST
from stratumproxy.accounting.workers import Worker

ACCOUNT = Account("main", "farm")
TERMS = object()
DAY = 86_400.0


def find(worker: Worker, now: float, asked: float = 1000.0, pool: float = 1e6) -> None:
    """A share counts, as `Miner.count_accepted` has it."""
    streak = worker.streak
    if streak.terms is not TERMS or streak.asked != asked or now - streak.last > streak.limit:
        worker.turn(ACCOUNT, TERMS, asked, pool, now)
    streak.count += 1
    streak.last = now


def proven(worker: Worker) -> float:
    return sum(row.seconds for row in worker.rows())


def poisson(dice: random.Random, since: float, until: float, mean: float) -> Iterator[float]:
    """When the shares come of a machine that finds one in so many seconds."""
    now = since + dice.expovariate(1 / mean)
    while now < until:
        yield now
        now += dice.expovariate(1 / mean)


def mines(worker: Worker, times: Iterator[float], told_every: float = 9.0) -> float:
    """A worker whose sums are told every few seconds, as the recorder does; what it proved."""
    total, told = 0.0, 0.0
    for now in times:
        find(worker, now)
        if now - told >= told_every:
            total, told = total + proven(worker), now
    return total + proven(worker)


@pytest.mark.parametrize("mean", [0.2, 5, 60, 400])
def test_a_machine_that_mines_proves_almost_all_of_its_time(mean: float) -> None:
    span = max(DAY, 2000 * mean)
    part = mines(Worker("a"), poisson(random.Random(1), 0, span, mean)) / span
    lost = (GAPS + 1) * exp(-GAPS)  # of gaps longer than so many means
    assert 1 - 3 * lost - 20 * mean / span <= part <= 1


@pytest.mark.parametrize(("mean", "off"), [(5, 300), (5, 3600), (60, 3600)])
def test_a_machine_that_stands_still_proves_only_the_rest(mean: float, off: float) -> None:
    """Every other hour; what is seen of its edges is a gap at most."""
    dice, times, worked = random.Random(2), [], 0.0
    for number in range(100):
        since = number * (3600 + off)
        times += poisson(dice, since, since + 3600, mean)
        worked += 3600
    part = mines(Worker("a"), iter(times)) / worked
    assert 1 - 0.02 - 2 * mean / 3600 <= part <= 1


def test_an_interruption_shorter_than_chance_makes_is_not_seen() -> None:
    worker = Worker("a")
    mines(worker, poisson(random.Random(3), 0, 3600, 5))
    find(worker, 4000)
    proven(worker)
    find(worker, 4030)
    assert proven(worker) == 30


def test_a_difficulty_that_changes_changes_what_a_gap_may_be() -> None:
    dice, worker = random.Random(4), Worker("a")
    mines(worker, poisson(dice, 0, 3600, 5))
    short = worker.streak.limit
    assert short == pytest.approx(GAPS * 5, rel=0.5)
    find(worker, 3601, asked=50_000.0)
    assert worker.streak.limit == pytest.approx(50 * short, rel=0.1)
    proven(worker)
    find(worker, 3601 + 40 * short, asked=50_000.0)
    assert proven(worker) == pytest.approx(40 * short)


def test_a_machine_that_is_slower_for_good_is_believed_after_a_few_shares() -> None:
    """Ten times slower at the same difficulty, as a fixed one is."""
    dice, worker = random.Random(5), Worker("a")
    mines(worker, poisson(dice, 0, 3600, 5))
    part = mines(worker, poisson(dice, 3600, 3600 + DAY, 50)) / DAY
    assert 0.98 < part <= 1


def test_the_first_shares_prove_little() -> None:
    worker = Worker("a")
    find(worker, 100.0)
    assert proven(worker) == 0
    find(worker, 100.0 + FIRST)
    assert proven(worker) == FIRST
    find(worker, 1e6)
    assert proven(worker) == 0


def test_bounds_of_a_gap() -> None:
    fast, slow = Worker("fast"), Worker("slow")
    mines(fast, iter([number / 100 for number in range(1000)]))
    assert fast.streak.limit == SHORTEST
    mines(slow, iter([number * 3500.0 for number in range(40)]))
    assert slow.streak.limit == RAREST


@pytest.mark.parametrize("gap", [900.0, 2000.0])
def test_a_machine_whose_shares_are_rare_is_there_all_the_same(gap: float) -> None:
    dice, worker = random.Random(8), Worker("a")
    mines(worker, poisson(dice, 0, DAY, gap))
    part = mines(worker, poisson(dice, DAY, 41 * DAY, gap)) / (40 * DAY)
    assert 0.985 < part <= 1.01


def test_no_gap_is_longer_than_an_hour_before_it_is_known_how_rare_shares_are() -> None:
    worker = Worker("a")
    for number in range(ENOUGH - 1):
        find(worker, number * 3000.0)
    proven(worker)
    assert worker.streak.limit <= LONGEST


def test_a_difficulty_between_two_others_hides_no_rest() -> None:
    """At a thousand times the difficulty eight mean gaps are hours; none is so long that is not by
    what was asked before and after, too.
    """
    worker = Worker("a")
    mines(worker, iter([number * 5.0 for number in range(1000)]))
    find(worker, 5000.0, asked=1_000_000.0)
    proven(worker)
    find(worker, 5000.0 + 5 * 3600, asked=1_000_000.0)
    assert proven(worker) == pytest.approx(5 * 3600)  # such a share is work of that long
    find(worker, 5000.0 + 10 * 3600)
    assert proven(worker) == 0
    find(worker, 5005.0 + 10 * 3600)
    assert proven(worker) == 5


def test_all_is_reckoned_once_however_it_is_told() -> None:
    dice = random.Random(6)
    times = list(poisson(dice, 0, 3600, 5))
    asked = [dice.choice((1000.0, 3000.0)) for _ in times]
    sums = set()
    for told_every in (0.0, 9.0, 4000.0):
        worker, told, rows = Worker("a"), 0.0, []
        for now, difficulty in zip(times, asked, strict=True):
            find(worker, now, difficulty)
            if now - told >= told_every:
                rows += worker.rows()
                told = now
        rows += worker.rows()
        sums.add(
            (
                sum(row.accepted for row in rows),
                sum(row.work for row in rows),
                sum(row.squares for row in rows),
                round(sum(row.expected for row in rows), 9),
            )
        )
    work = sum(asked)
    squares = sum(each * each for each in asked)
    assert sums == {(len(times), work, squares, round(work / 1e6, 9))}
