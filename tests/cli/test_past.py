"""A restart of the control process: what it knows afterwards is what it would have known."""

from contextlib import closing
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import pytest

from stratumproxy.cli.past import keep_marks, read_past, read_usual
from stratumproxy.config.control import Ledger as Settings
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.hashrate import DAY, HASHES_PER_DIFFICULTY, HOUR
from stratumproxy.fleet.usual import HELD_HOURS, Known, Mark
from stratumproxy.fleet.worker import SHARES
from stratumproxy.ledger import Ledger, Standing
from stratumproxy.telemetry.records import Batch, MinerRecord, WorkRecord
from tests.clocks import Time
from tests.fleet.farm import poisson
from tests.ledger.told import open_ledger

approx: Any = pytest.approx

MIDNIGHT = 1_700_006_400.0
RIGS = {"large": (30.0, 65_536.0), "small": (12.0, 512.0), "came": (6.0, 1024.0)}
"""Shares a minute, and their difficulty."""


class Farm:
    """Batches once a minute, to a ledger and to fleets."""

    def __init__(self, path: Path, began: float) -> None:
        self.path = str(path)
        self.time = Time(began)
        self.began = began
        self.seq = 0
        self._dice = Random(4)
        self._ledger = Ledger(Settings(path=self.path), self.time.clock)
        self.left: set[str] = set()
        self.hello = True
        self._untaken: list[Batch] = []

    def minute(self, *fleets: Fleet) -> None:
        self.time.passes(60)
        self.seq += 1
        now = self.time.clock.now()
        work = []
        for name, (shares, difficulty) in RIGS.items():
            found = 0 if name in self.left else poisson(self._dice, shares)
            if found and not (name == "came" and now < self.began + 20 * 3600):
                bad = {"stale": 1} if self._dice.random() < 0.05 else {}
                met = difficulty / self._dice.random()
                sums = found * difficulty, bad, 0.0, met, found * difficulty * difficulty
                work.append(WorkRecord(name, "pool", found, *sums))
        miners = [
            MinerRecord(n, name, "10.0.0.1:1", "", RIGS[name][1], now, "pool", True, "")
            for n, name in enumerate(RIGS)
            if self.hello
        ]
        self.hello = False
        batch = Batch("run", 0, self.seq, self.time.clock.unix(), work=work, miners=miners)
        self._untaken.append(batch)
        for fleet in fleets:
            fleet.apply(batch, now)

    def kept(self) -> None:
        """All of it is in the ledger."""
        self._ledger.take(self._untaken)
        self._untaken.clear()

    def another(self) -> Fleet:
        """What the next control process begins with."""
        self.kept()
        clock = self.time.clock_of_a_new_process()
        fleet = Fleet(clock.now())
        with closing(Standing(self.path)) as standing:
            fleet.processes.counted.update(standing.counted)
            self.hello = True
            past = read_past(standing, clock)
        if past is None:
            return fleet
        fleet.rates.take_in(past.all, clock.now())
        fleet.parts.recall(past.parts, past.since, clock.now())
        fleet.recall(past.workers, clock.now(), past.since)
        return fleet

    def close(self) -> None:
        self._ledger.close()


@pytest.mark.parametrize("into", [1790.0, 3540.0])
def test_the_long_windows_go_on_as_if_it_had_never_stopped(tmp_path: Path, into: float) -> None:
    with closing(Farm(tmp_path / "ledger", MIDNIGHT + into)) as farm:
        steady = Fleet(farm.began)
        for minute in range(26 * 60):
            farm.left = {"small"} if minute > 25 * 60 + 20 else set()
            farm.minute(steady)
        anew = farm.another()
        for _ in range(100):
            now = farm.time.clock.now()
            for name in RIGS:
                before, after = (fleet.roll.get(("default", name)) for fleet in (steady, anew))
                assert before is not None
                assert after is not None
                for window in (HOUR, DAY):
                    one, other = (rig.rates.figure(window, now) for rig in (before, after))
                    assert (other.shares, other.window) == (one.shares, one.window)
                    assert other.rate == approx(one.rate)
                    assert other.error == approx(one.error)
            for window in (HOUR, DAY):
                one, other = (fleet.figures(now)[window] for fleet in (steady, anew))
                assert (other.shares, other.window) == (one.shares, one.window)
                assert other.rate == approx(one.rate)
                one, other = (
                    fleet.parts["default", ""].rates.figure(window, now) for fleet in (steady, anew)
                )
                assert (other.shares, other.window) == (one.shares, one.window)
                assert other.rate == approx(one.rate)
            farm.minute(steady, anew)


def test_counts_are_of_a_time_that_is_said_and_agree_with_each_other(tmp_path: Path) -> None:
    with closing(Farm(tmp_path / "ledger", MIDNIGHT + 1000)) as farm:
        for _ in range(30 * 60):
            farm.minute()
        fleet = farm.another()
    for name in RIGS:
        rig = fleet.roll.get(("default", name))
        assert rig is not None
        assert rig.counted_since == MIDNIGHT + 7 * 3600
        assert rig.rejected == sum(rig.reasons.values()) > 0
        assert rig.accepted == rig.rates.figure(DAY, farm.time.clock.now()).shares
        assert rig.best >= RIGS[name][1]
        assert rig.connects == 0, "it connected before that"
    rigs = [rig for name in RIGS if (rig := fleet.roll.get(("default", name)))]
    part = fleet.parts["default", ""]
    assert part.sums.accepted == part.rates.figure(DAY, farm.time.clock.now()).shares
    assert part.accepted == 0, "a counter that took in a day would be a day's work in a second"
    assert part.sums == (
        MIDNIGHT + 7 * 3600,
        sum(rig.accepted for rig in rigs),
        approx(sum(rig.work for rig in rigs)),
        {"stale": sum(rig.rejected for rig in rigs)},
    )


def test_where_each_was_and_how_its_newest_shares_were_is_known(tmp_path: Path) -> None:
    with closing(Farm(tmp_path / "ledger", MIDNIGHT + 1000)) as farm:
        for minute in range(3 * 60):
            farm.left = {"large"} if minute > 150 else set()
            farm.minute()
        fleet = farm.another()
    for name in ("large", "small"):
        rig = fleet.roll.get(("default", name))
        assert rig is not None
        assert rig.address == "10.0.0.1:1"
        accepted, rejected = rig.newest
        assert SHARES <= accepted + rejected < SHARES + 5.1 * 1.5 * RIGS[name][0]
        assert rejected / accepted < 0.02


def test_the_error_of_mixed_difficulties_is_there_again(tmp_path: Path) -> None:
    with closing(Farm(tmp_path / "ledger", MIDNIGHT)) as farm:
        for _ in range(10 * 60):
            farm.minute()
        fleet = farm.another()
        figure = fleet.figures(farm.time.clock.now())[HOUR]
    squares = sum(60 * shares * d * d for shares, d in (RIGS["large"], RIGS["small"]))
    work = sum(60 * shares * d for shares, d in (RIGS["large"], RIGS["small"]))
    assert figure.error == approx(sqrt(squares) / work, rel=0.1)
    assert figure.error > 1.1 / sqrt(figure.shares)


@pytest.mark.parametrize("ahead", [100 * 86_400.0, -3 * 3600.0])
def test_a_clock_that_jumped_before_the_start_alarms_nobody(tmp_path: Path, ahead: float) -> None:
    with closing(Farm(tmp_path / "ledger", MIDNIGHT + 1000)) as farm:
        for _ in range(300):
            farm.minute()
        farm.time.jumps(ahead)
        fleet = farm.another()
    for figure in fleet.figures(farm.time.wall):
        assert (figure.rate or 0) < 1.2 * sum(s * d / 60 for s, d in RIGS.values()) * 2**32
    fleet.tend(farm.time.wall + 5)
    assert fleet.attention.total() == 0


class Hours:
    """A ledger of hours: of each worker what it did in each, in work."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.time = Time(MIDNIGHT)
        self._ledger = open_ledger(path, self.time)
        self._seq = 0

    def pass_(self, *hours: dict[str, float]) -> None:
        told = []
        for hour in hours:
            self._seq += 1
            at = self.time.wall + 1800
            work = [WorkRecord(name, "p", 10, did, {}, 0.0, 1.0) for name, did in hour.items()]
            told.append(Batch("run", 0, self._seq, at, work=work))
            self.time.passes(3600)
        self._ledger.take(told)

    def usual(self) -> dict[str, Known]:
        found = read_usual(self.path, self.time.clock)
        return {name: known for (_, name), known in found.items()}

    def mark(self, worker: str, rate: float, slow: bool) -> None:
        keep_marks(
            self.path,
            [Mark(("default", worker), rate, self.time.clock.now(), slow)],
            self.time.clock,
        )

    def close(self) -> None:
        self._ledger.close()


UNIT = HASHES_PER_DIFFICULTY / 3600
"""Hashes a second that work of 1 in an hour is."""


class TestUsual:
    def test_it_is_the_median_of_the_hours_in_which_it_worked(self, tmp_path: Path) -> None:
        with closing(Hours(tmp_path / "ledger")) as hours:
            hours.pass_({"a": 100.0, "b": 1.0}, {"a": 40.0, "b": 1.0}, {}, {"a": 101.0}, {})
            known = hours.usual()
        assert [*known] == ["a"]
        assert (known["a"].hours, known["a"].slow, known["a"].since) == (3, False, None)
        assert known["a"].rate == approx(100 * UNIT)

    def test_of_two_weeks(self, tmp_path: Path) -> None:
        with closing(Hours(tmp_path / "ledger")) as hours:
            hours.pass_(*[{"a": 100.0}] * 24, *[{"a": 60.0}] * (14 * 24 - 1))
            assert hours.usual()["a"].hours == 14 * 24
            hours.pass_(*[{"a": 60.0}] * 30)
            assert hours.usual()["a"] == Known(approx(60 * UNIT), 14 * 24)

    def test_the_hour_that_runs_is_no_hour_yet(self, tmp_path: Path) -> None:
        with closing(Hours(tmp_path / "ledger")) as hours:
            hours.pass_(*[{"a": 100.0}] * 3)
            hours.time.passes(-1)
            assert "a" not in hours.usual()

    def test_as_long_as_it_is_slow_it_is_what_it_was(self, tmp_path: Path) -> None:
        with closing(Hours(tmp_path / "ledger")) as hours:
            hours.pass_(*[{"a": 100.0}] * 24)
            hours.mark("a", 100 * UNIT, slow=True)
            since = hours.time.wall
            hours.pass_(*[{"a": 66.0}] * (20 * 24))
            known = hours.usual()["a"]
        assert known == Known(approx(100 * UNIT), 0, True, approx(since))

    @pytest.mark.parametrize("rate", [100.0, 66.0])
    def test_mended_or_accepted_its_hours_count_anew(self, tmp_path: Path, rate: float) -> None:
        with closing(Hours(tmp_path / "ledger")) as hours:
            hours.pass_(*[{"a": 66.0}] * 200)
            hours.mark("a", 100 * UNIT, slow=True)
            hours.mark("a", rate * UNIT, slow=False)
            hours.pass_(*[{"a": 98.0}] * (HELD_HOURS - 1))
            assert hours.usual()["a"].rate == approx(rate * UNIT)
            hours.pass_({"a": 98.0})
            known = hours.usual()["a"]
        assert (known.rate, known.hours) == (approx(98 * UNIT), HELD_HOURS)

    def test_one_that_the_ledger_never_heard_of_is_left_out(self, tmp_path: Path) -> None:
        with closing(Hours(tmp_path / "ledger")) as hours:
            hours.pass_({"a": 1.0})
            hours.mark("b", 1.0, slow=True)
            assert hours.usual() == {}


def test_what_is_slow_is_slow_after_a_restart_and_has_not_learned_it(tmp_path: Path) -> None:
    with closing(Farm(tmp_path / "ledger", MIDNIGHT)) as farm:
        for _ in range(26 * 60):
            farm.minute()
        usual = RIGS["small"][0] * RIGS["small"][1] / 60 * HASHES_PER_DIFFICULTY
        now = farm.time.clock.now()
        farm.kept()
        keep_marks(farm.path, [Mark(("default", "small"), usual * 1.5, now, True)], farm.time.clock)
        for _ in range(30):
            farm.minute()
        fleet = farm.another()
        now = fleet.started
        fleet.usuals = read_usual(farm.path, farm.time.clock)
        fleet.learn(fleet.roll.workers, now, now)
        small, large = fleet.roll.get(("default", "small")), fleet.roll.get(("default", "large"))
        assert small is not None
        assert large is not None
        assert small.usual.slow
        assert small.usual.rate == approx(usual * 1.5)
        assert not large.usual.slow
        assert large.usual.hours >= 24
        for _ in range(40):
            farm.minute(fleet)
        fleet.tend(farm.time.wall)
        assert "slow" in small.attention
        assert fleet.missing == approx(0.5 * usual, rel=0.2)
