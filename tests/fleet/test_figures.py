"""Are hashrates true, and do they say by how much they are not? Farms whose truth is known."""

from collections.abc import Iterable
from math import sqrt
from random import Random
from statistics import mean

import pytest

from stratumproxy.fleet import Fleet
from stratumproxy.fleet.hashrate import (
    FIVE_MINUTES,
    HASHES_PER_DIFFICULTY,
    HOUR,
    MINUTE,
    WINDOWS,
    Figure,
)
from stratumproxy.mining.vardiff import Vardiff
from tests.fleet.farm import Machine, Plane, run, taken_over

NOW = 1_700_000_100.0
TH = 1e12
ALIKE = 1024.0 * HASHES_PER_DIFFICULTY
"""Hashes of a share."""


def a_minute(shares: float) -> tuple[float, float]:
    """A miner that finds so many, and its difficulty."""
    return shares / 60 * ALIKE, 1024.0


def covered(figures: Iterable[tuple[Figure, float]]) -> float:
    """The part of figures that are off the truth by no more than their own error."""
    return mean(
        abs(figure.rate - truth) <= figure.error * figure.rate
        for figure, truth in figures
        if figure.rate is not None and figure.error is not None
    )


@pytest.mark.parametrize("period", [1.0, 9.0])
@pytest.mark.parametrize("shares", [3.0, 12.0, 1200.0])
def test_a_worker_that_has_just_come(period: float, shares: float) -> None:
    """Told of every second or every nine: from the first figure on it is right on average."""
    dice = Random(11)
    plane, fleet = Plane(dice, NOW, period), Fleet(NOW)
    part = a_minute(shares)
    plane.machines = [
        Machine(f"rig {n}", part, came=NOW + 30 + 20 * dice.random()) for n in range(200)
    ]
    ages = (15, 30, 60, 100)
    found: dict[int, list[Figure]] = {age: [] for age in ages}

    def look(now: float) -> None:
        for machine in plane.machines:
            for age in ages:
                if now - 0.5 < machine.came + age <= now:
                    worker = fleet.roll.get(("default", machine.name))
                    assert worker is not None
                    found[age].append(worker.rates.figure(HOUR, now))

    run(plane, fleet, NOW + 152, look)
    assert all(figure.rate is None for figure in found[15])
    for age, allowed in ((30, 0.12), (60, 0.05), (100, 0.03)):
        figures = [(figure, part[0]) for figure in found[age]]
        chance = 3 / sqrt(shares * age / 60 * len(figures))
        rates = [figure.rate for figure, _ in figures if figure.rate is not None]
        assert len(rates) == 200
        assert mean(rates) / part[0] == pytest.approx(1, abs=allowed + chance)
    assert covered(figures) > 0.55


MIXED = [(200 * TH, 232_800.0)] * 12 + [(5 * TH, 582.0)] * 10
"""Twelve large machines with 12 shares a minute each, and small ones with 120."""


@pytest.mark.parametrize("names", ["each", "one", "each, squares untold"])
def test_machines_of_very_different_sizes(names: str) -> None:
    """The twelve are all of the hashrate and few of the shares: 1 / sqrt(n) covers a quarter."""
    plane, fleet = Plane(Random(12), NOW, 7.0, cut=7.0), Fleet(NOW)
    plane.squares = "untold" not in names
    if names == "one":
        plane.machines = [Machine("farm", *MIXED, came=NOW)]
    else:
        plane.machines = [Machine(f"rig {n}", part, came=NOW) for n, part in enumerate(MIXED)]
    truth = sum(rate for rate, _ in MIXED)
    found: list[tuple[Figure, float]] = []

    def look(now: float) -> None:
        if (now - NOW) % 301 == 0 and now > NOW + 310:
            found.append((fleet.figures(now + 3.5)[FIVE_MINUTES], truth))

    run(plane, fleet, NOW + 301 * 60, look, snapshots=False)
    assert mean(figure.rate or 0 for figure, _ in found) / truth == pytest.approx(1, abs=0.02)
    assert mean(figure.error or 0 for figure, _ in found) == pytest.approx(0.0385, abs=0.003)
    assert 0.55 < covered(found) < 0.8
    alike = [(figure._replace(error=1 / sqrt(figure.shares)), truth) for figure, _ in found]
    assert covered(alike) < 0.4


def test_a_large_machine_that_begins_at_a_low_difficulty() -> None:
    """Most of its shares are of the first seconds, most of its work is a few."""
    dice = Random(13)
    vardiff = Vardiff(8192.0, 1.0, 1e12, 12.0, 60.0)
    truth, found = 200 * TH, []
    for _ in range(250):
        machine, fleet = Machine("rig", (truth, 8192.0), came=NOW), Fleet(NOW)
        plane = Plane(dice, NOW, 1.0)
        plane.machines = [machine]
        machine.up = False  # its shares are found here, one by one
        at, since, difficulty, shares = NOW, NOW, 8192.0, 0
        for batch in plane.batches(NOW + 60):
            while at < batch.at:
                at += dice.expovariate(truth / (difficulty * HASHES_PER_DIFFICULTY))
                machine.found(1, difficulty)
                shares += 1
                if shares % 8 == 0:
                    better = vardiff.retarget(difficulty, shares, at - since)
                    if better is not None:
                        difficulty, shares, since = better, 0, at
            fleet.apply(batch, batch.at)
        worker = fleet.roll.get(("default", "rig"))
        assert worker is not None
        found.append((worker.rates.figure(HOUR, NOW + 60), truth))
    assert 0.6 < covered(found) < 0.76
    alike = [(figure._replace(error=1 / sqrt(figure.shares)), truth) for figure, _ in found]
    assert covered(alike) < 0.56


@pytest.mark.parametrize("period", [1.0, 9.0])
def test_the_fleet_in_the_first_minutes_of_all(period: float) -> None:
    """Of machines that are all there at once, each of which is told of up to nine seconds late."""
    plane, fleet = Plane(Random(14), NOW, period), Fleet(NOW)
    plane.machines = [Machine(f"rig {n}", a_minute(600), came=NOW) for n in range(90)]
    truth = 90 * a_minute(600)[0]
    found: dict[float, tuple[Figure, ...]] = {}
    run(plane, fleet, NOW + 400, lambda now: found.update({now - NOW: fleet.figures(now)}))
    for after, figures in found.items():
        for figure in figures:
            if after < 10:
                assert figure.rate is None
            elif after >= 12:
                assert figure.rate is not None
                seconds = min(after, figure.window)
                assert figure.rate / truth == pytest.approx(1, abs=4.5 / sqrt(900 * seconds) + 0.01)


@pytest.mark.parametrize(("period", "away"), [(1.0, 1.5), (9.0, 0.0), (9.0, 20.0)])
def test_the_fleet_after_a_restart_of_the_control_process(period: float, away: float) -> None:
    """What was under way is told again at once, and what was found in the meantime."""
    dice = Random(15)
    plane = Plane(dice, NOW, period)
    plane.machines = [Machine(f"rig {n}", a_minute(60), came=NOW) for n in range(300)]
    truth, each = 300 * a_minute(60)[0], a_minute(60)[0]
    for _ in plane.batches(NOW + 100):
        plane.acknowledged(plane.now - 2)
    for _ in plane.batches(NOW + 100 + away):
        pass
    began = NOW + 100 + away
    fleet = taken_over(plane, began)
    found: dict[float, tuple[Figure, ...]] = {}
    workers: dict[float, list[Figure]] = {}

    def look(now: float) -> None:
        found[now - began] = fleet.figures(now)
        if (now - began) in (32, 45, 70):
            workers[now - began] = [worker.rates.figure(HOUR, now) for worker in fleet.roll.workers]

    run(plane, fleet, began + 90, look)
    for after, figures in found.items():
        for window, figure in zip(WINDOWS, figures, strict=True):
            if after < 10:
                assert figure.rate is None, window
            if figure.rate is not None:
                seconds = figure.window
                allowed = 4.5 / sqrt(300 * seconds) + 0.01
                assert figure.rate / truth == pytest.approx(1, abs=allowed), (window, after)
    for of_each in workers.values():
        rates = [figure.rate / each for figure in of_each if figure.rate is not None]
        assert len(rates) > 260
        assert mean(rates) == pytest.approx(1, abs=0.03)
        assert 0.55 < covered((figure, each) for figure in of_each) < 0.8


def test_a_steady_farm_stays_right() -> None:
    """One difficulty, every window, for an hour and a half: no bias, and the error that is said."""
    plane, fleet = Plane(Random(16), NOW, 9.0), Fleet(NOW)
    part = a_minute(12)
    plane.machines = [Machine(f"rig {n}", part, came=NOW) for n in range(50)]
    found: dict[int, list[tuple[Figure, float]]] = {MINUTE: [], FIVE_MINUTES: [], HOUR: []}

    def look(now: float) -> None:
        if now - NOW > 4200 and (now - NOW) % 97 == 0:
            for worker in fleet.roll.workers:
                for window, figures in found.items():
                    figures.append((worker.rates.figure(window, now), part[0]))

    run(plane, fleet, NOW + 5400, look, snapshots=False)
    for window, figures in found.items():
        shares = sum(figure.shares for figure, _ in figures)
        off = mean((figure.rate or 0) / part[0] for figure, _ in figures) - 1
        # The windows of an hour hold the same shares over and over.
        assert abs(off) < 4 / sqrt(shares / (10 if window == HOUR else 1)), window
        assert 0.6 < covered(figures) < 0.76, window
