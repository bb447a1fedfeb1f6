"""A wall clock that jumps, either way and for any time, changes nothing but the labels of times."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from stratumproxy.fleet import Fleet
from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY
from tests.clocks import Time
from tests.fleet.farm import Machine, Plane

NOW = 1_700_000_100.0
HOURS = 3

JUMPS: dict[str, Callable[[float], float]] = {
    "ahead for seconds": lambda now: 8.64e6 if 4000 < now < 4014 else 0.0,
    "ahead for an hour": lambda now: 3600.0 if 4000 < now < 7600 else 0.0,
    "back for seconds": lambda now: -300.0 if 4000 < now < 4014 else 0.0,
    "back for good": lambda now: -3600.0 if now > 4000 else 0.0,
    "to 1970 and to and fro": lambda now: -NOW if now > 4000 and now // 300 % 2 else 0.0,
}
"""By how much it is wrong, so many seconds after the start."""


def course(wrong: Callable[[float], float]) -> list[object]:
    """All that there is to see, minute by minute."""
    time, dice = Time(NOW), Random(21)
    plane, control = time.clock_of_a_new_process(), time.clock_of_a_new_process()
    data_plane, fleet = Plane(dice, NOW, 9.0, cut=3.0), Fleet(control.now())
    rate = 12 * 1024 * HASHES_PER_DIFFICULTY / 60
    data_plane.machines = [Machine(f"rig {n}", (rate, 1024.0), came=NOW + n) for n in range(8)]
    seen: list[object] = []
    for batch in data_plane.batches(NOW + HOURS * 3600):
        passed = batch.at - NOW
        time.passes(batch.at - NOW - time.passed)
        time.wall = NOW + passed + wrong(passed)
        plane.look()
        control.look()
        data_plane.machines[3].up = passed < 5000
        told = replace(
            batch,
            at=plane.unix(),
            miners=[
                miner._replace(since=plane.unix() - (batch.at - miner.since))
                for miner in batch.miners
            ],
        )
        fleet.apply(told, control.now(), control.now())
        if passed % 60 == 0:
            fleet.tend(control.now())
            seen.append(fleet.figures(control.now()))
            seen += [
                (worker.name, worker.attention, worker.rates.figures(control.now()))
                for worker in fleet.roll.workers
            ]
            seen.append([point[1:] for point in fleet.hour.points(control.now())])
    return seen


@pytest.fixture(scope="module")
def steady() -> list[object]:
    """What a clock that nothing happens to shows."""
    found = course(lambda now: 0.0)
    assert any("gone" in str(each) for each in found)
    return found


@pytest.mark.parametrize("wrong", JUMPS.values(), ids=JUMPS)
def test_figures_and_who_needs_a_person_do_not_know_of_it(
    wrong: Callable[[float], float], steady: list[object]
) -> None:
    for one, other in zip(course(wrong), steady, strict=True):
        assert one == other
