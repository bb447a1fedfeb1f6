"""Slow beside what is usual: what dies on Friday is there on Monday, and good weeks are quiet."""

from random import Random

import pytest

from stratumproxy.fleet import Fleet
from stratumproxy.fleet import usual as module
from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY, Done
from stratumproxy.fleet.usual import (
    HELD_HOURS,
    LEAST_HOURS,
    LEAST_SECONDS,
    MENDED_ABOVE,
    SHARES,
    SLOW_BELOW,
    Known,
    Usual,
    of_hours,
)
from tests.fleet.farm import Machine, Plane, run
from tests.fleet.telling import NOW, Told, miner, work
from tests.fleet.weeks import (
    DAY,
    FRIDAY,
    HOUR,
    LONG,
    MONDAY,
    TH,
    WEEKS,
    Rig,
    outages,
    vardiff,
    weather,
)

A_MINUTE = 12.0
DIFFICULTY = 100 * TH * 60 / A_MINUTE / HASHES_PER_DIFFICULTY


def told(usual: Usual, begin: float, minutes: int, part: float, every: float = 60.0) -> list[bool]:
    """What a worker of 100 TH/s is called while it does a part of that without any chance in it."""
    slow = []
    for number in range(1, minutes + 1):
        shares = A_MINUTE * part * every / 60
        work = shares * DIFFICULTY
        usual.told(begin + number * every, Done(work, work * DIFFICULTY, max(round(shares), 1), 0))
        slow.append(usual.slow)
    return slow


@pytest.fixture
def usual() -> Usual:
    found = Usual()
    found.learn(Known(100 * TH, 100))
    return found


class TestJudging:
    def test_less_than_three_quarters_over_a_block_is_slow(self, usual: Usual) -> None:
        slow = told(usual, 0, 80, SLOW_BELOW - 0.001)
        assert LEAST_SECONDS / 60 < slow.index(True) < SHARES / A_MINUTE

    def test_three_quarters_are_not(self, usual: Usual) -> None:
        assert not any(told(usual, 0, 1000, SLOW_BELOW + 0.01))

    def test_what_chance_can_not_do_is_called_so_before_that(self, usual: Usual) -> None:
        slow = told(usual, 0, 60, 0.3)
        assert slow.index(True) == pytest.approx(LEAST_SECONDS / 60, abs=1)

    def test_nothing_is_said_of_a_hiccup_however_many_shares_are_missing(self) -> None:
        """A name with a thousand machines is not slow since their switch was busy."""
        usual = Usual()
        usual.learn(Known(100 * TH * 1000, 100))
        told(usual, 0, 10, 1000.0)
        assert not any(told(usual, 600, 5, 10.0))
        assert not any(told(usual, 900, 60, 1000.0))

    def test_it_is_mended_above_another_line(self, usual: Usual) -> None:
        told(usual, 0, 80, 0.6)
        assert all(told(usual, 4800, 1000, MENDED_ABOVE - 0.01))
        slow = told(usual, 70_000, 200, MENDED_ABOVE + 0.01)
        assert slow[0]
        assert not slow[-1]

    def test_a_pause_is_no_slowness_and_a_new_beginning(self, usual: Usual) -> None:
        for number in range(100):
            assert not any(told(usual, number * 7200, 60, 1.0))
        told(usual, 1e6, 80, 0.6)
        assert usual.part == pytest.approx(0.6)
        told(usual, 1e6 + 9000, 10, 1.0)
        assert usual.part is None, "it may have been mended"
        told(usual, 1e6 + 9600, 30, 1.0)
        assert usual.part == pytest.approx(1.0)

    def test_rejected_shares_are_no_work_and_no_silence(self, usual: Usual) -> None:
        assert not usual.told(60, Done(0.0, 0.0, 0, 12))

    @pytest.mark.parametrize("part", [0.4, 0.67, 1.0])
    def test_part_is_of_the_last_two_blocks(self, usual: Usual, part: float) -> None:
        assert usual.part is None
        told(usual, 0, 20, part)
        assert usual.part is None
        told(usual, 1200, 300, part)
        assert usual.part == pytest.approx(part)


class TestLearning:
    def test_some_hours_are_too_few(self) -> None:
        assert of_hours([1.0] * (LEAST_HOURS - 1)) is None
        assert of_hours([3.0, 1.0, 2.0]) == Known(2.0, 3)

    def test_hours_that_were_cut_short_are_outvoted(self) -> None:
        known = of_hours([100.0] * 8 + [10.0] * 7)
        assert known is not None
        assert known.rate == 100.0

    def test_a_slow_worker_teaches_nothing(self, usual: Usual) -> None:
        told(usual, 0, 80, 0.6)
        usual.learn(Known(60 * TH, 300))
        assert (usual.rate, usual.slow) == (100 * TH, True)

    def test_a_mended_one_is_what_it_was_until_enough_hours_say_otherwise(
        self, usual: Usual
    ) -> None:
        told(usual, 0, 80, 0.6)
        told(usual, 4800, 300, 1.0)
        assert not usual.slow
        assert usual.hours == 0
        usual.learn(Known(97 * TH, HELD_HOURS - 1))
        assert usual.rate == 100 * TH
        usual.learn(Known(97 * TH, HELD_HOURS))
        assert (usual.rate, usual.hours) == (97 * TH, HELD_HOURS)

    def test_what_is_accepted_is_usual_from_then_on(self, usual: Usual) -> None:
        told(usual, 0, 80, 0.6)
        assert usual.part is not None
        usual.accept(usual.part, 4800)
        assert usual.rate == pytest.approx(60 * TH)
        assert not any(told(usual, 4800, 2000, 0.6))
        assert any(told(usual, 2e5, 200, 0.4))

    def test_what_another_process_knew_is_known(self) -> None:
        usual = Usual()
        usual.recall(Known(100 * TH, 0, slow=True, since=5.0))
        usual.learn(Known(60 * TH, 300))
        assert (usual.rate, usual.slow, usual.since) == (100 * TH, True, 5.0)


def weekend(seed: int, part: float, shares: float, *, steered: bool = True) -> Rig:
    """A machine one of whose boards dies on Friday, looked at from Wednesday to Monday."""
    dice = Random(seed)
    warm, off = weather(dice, 0.04), outages(dice, 28, 3)
    rig = Rig(
        dice,
        100 * TH,
        vardiff(shares, steered),
        every=50.0,
        part=lambda now: warm(now) * off(now) * (part if now >= FRIDAY else 1.0),
    )
    rig.learn_from(16 * 24)
    rig.until(MONDAY)
    return rig


@pytest.mark.parametrize("part", [2 / 3, 1 / 3])
@pytest.mark.parametrize(("shares", "steered"), [(12.0, True), (12.0, False), (4.0, True)])
def test_what_dies_on_friday_is_there_on_monday(part: float, shares: float, steered: bool) -> None:
    """Called slow that evening, once, and not called mended until somebody comes."""
    for seed in range(5):
        rig = weekend(seed, part, shares, steered=steered)
        assert rig.usual.slow
        assert [slow for _, slow in rig.turns] == [True]
        assert FRIDAY < rig.turns[0][0] < FRIDAY + 8 * HOUR * 12 / shares
        assert rig.usual.rate == pytest.approx(100 * TH, rel=0.03)
        if rig.usual.part is not None:  # it was off for half an hour, or not
            assert rig.usual.part == pytest.approx(part, rel=0.2)


def test_on_monday_it_is_mended_and_that_is_seen() -> None:
    rig = weekend(9, 2 / 3, 12.0)
    rig._part = lambda now: 0.0 if now < MONDAY + 1200 else 0.98
    rig.until(MONDAY + 5 * HOUR)
    assert [slow for _, slow in rig.turns] == [True, False]
    assert rig.usual.rate == pytest.approx(100 * TH, rel=0.03)
    rig.until(MONDAY + 3 * DAY)
    assert len(rig.turns) == 2
    assert rig.usual.hours >= HELD_HOURS


@pytest.mark.parametrize("weeks", [4] if LONG else [1])
def test_nobody_is_called_slow_in_good_weeks(weeks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 17,595 machines in four weeks; or of some in one."""
    # Told of every ten minutes, so shorter outages count against them.
    monkeypatch.setattr(module, "PAUSE_SECONDS", 900.0)
    called: dict[int, list[tuple[float, bool]]] = {}
    blackout = 10 * DAY, 10 * DAY + 5000
    for number in range(17_595 if LONG else 150):
        dice = Random(number)
        warm, off = weather(dice, 0.06), outages(dice, 14 + weeks * 7, 2)
        shares = dice.choices((12.0, 4.0, 1.0), (90, 7, 3))[0]
        rig = Rig(
            dice,
            dice.choice((200, 110, 100, 66, 1.2)) * TH * dice.uniform(0.9, 1.05),
            vardiff(shares),
            every=600.0,
            part=lambda now, warm=warm, off=off: (
                0.0 if blackout[0] <= now < blackout[1] else warm(now) * off(now)
            ),
        )
        rig.learn_from(WEEKS)
        rig.until(14 * DAY + weeks * 7 * DAY)
        if rig.turns:
            called[number] = rig.turns
    print(f"{len(called)} of the machines were called slow in {weeks} good weeks: {called}")
    assert not called


@pytest.mark.parametrize("hours", [LEAST_HOURS, 24])
def test_a_fault_is_seen_with_little_known(hours: int) -> None:
    """A machine that came some hours ago, and no ledger: it is known by what is in memory."""
    for seed in range(5):
        rig = Rig(
            Random(seed),
            100 * TH,
            vardiff(),
            every=60.0,
            part=lambda now: 1.0 if now < hours * HOUR else 2 / 3,
        )
        rig.learn_from(hours)
        rig.until(hours * HOUR + 5 * HOUR)
        assert rig.usual.slow
        assert rig.usual.hours == hours


def test_a_fleet_without_a_ledger_learns_sees_and_is_told() -> None:
    """From batches to who needs a person: one of six loses a board after five hours."""
    began = 1_700_006_400.0
    plane, fleet = Plane(Random(31), began, 20.0, cut=20.0), Fleet(began)
    part = 12 * 1024 * HASHES_PER_DIFFICULTY / 60, 1024.0
    plane.machines = [Machine(f"rig {n}", part, came=began) for n in range(6)]
    seen: dict[int, tuple[int, int]] = {}

    def look(now: float) -> None:
        passed = now - began
        plane.machines[2].parts = ((part[0] * 2 / 3, 1024.0),) if passed > 5 * HOUR else (part,)
        plane.machines[4].up = not 6 * HOUR < passed < 6.4 * HOUR
        worker = fleet.roll.get(("default", "rig 2"))
        assert worker is not None
        seen[int(passed)] = worker.usual.hours, fleet.attention["slow"]

    run(plane, fleet, began + 8 * HOUR, look, snapshots=False)
    fleet.tend(began + 8 * HOUR + 20)
    assert seen[int(2 * HOUR)][0] == 0
    assert seen[int(5 * HOUR)] == (4, 0)
    slow = min(passed for passed, (_, slow) in seen.items() if slow)
    assert 5.5 * HOUR < slow < 7 * HOUR
    worker = fleet.roll.get(("default", "rig 2"))
    assert worker is not None
    assert worker.attention == ("slow",)
    assert worker.usual.rate == pytest.approx(part[0], rel=0.05)
    assert fleet.missing == worker.missing == pytest.approx(part[0] / 3, rel=0.2)
    assert fleet.usual == pytest.approx(6 * part[0], rel=0.05)
    assert [(mark.worker, mark.slow) for mark in fleet.marks.values()] == [
        (("default", "rig 2"), True)
    ]
    was, usual = fleet.accept(fleet.find("rig 2"), began + 8 * HOUR)
    assert usual / was == pytest.approx(2 / 3, rel=0.1)
    assert (fleet.attention["slow"], fleet.missing) == (0, pytest.approx(0.0, abs=1.0))
    assert [mark.slow for mark in fleet.marks.values()] == [False]
    run(plane, fleet, began + 12 * HOUR, look, snapshots=False)
    assert fleet.attention.total() == 0


def test_what_a_ledger_knows_is_taken_in_by_those_that_come_later_too() -> None:
    told = Told()
    told.fleet.usuals = {
        ("default", "a"): Known(1e14, 300),
        ("default", "b"): Known(2e14, 0, slow=True, since=NOW - 5),
        ("default", "c"): Known(3e14, 0, since=NOW - 5),
    }
    told.miners(miner(1, "a"))
    told.works(work("b"))
    told.miners(miner(2, "b"), miner(3, "c"), miner(4, "d"))
    rates = [told.worker(name).usual.rate for name in "abcd"]
    assert rates == [1e14, 2e14, 3e14, 0.0]
    assert told.worker("b").attention == ("slow",)
    told.fleet.usuals = {("default", name): Known(5e14, 300) for name in "abcd"}
    told.worker("c").usual.accept(0.5, told.now)
    told.fleet.learn(told.fleet.roll.workers, told.now - 1, told.now)
    rates = [told.worker(name).usual.rate for name in "abcd"]
    assert rates == [5e14, 2e14, 1.5e14, 5e14], "b is slow, and c was accepted meanwhile"
