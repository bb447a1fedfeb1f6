"""The whole fleet at a glance."""

from typing import Any

import pytest

from stratumproxy import __version__
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.fleet import Earlier
from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY, Rates
from stratumproxy.fleet.watch import Watch
from stratumproxy.fleet.worker import Counts
from stratumproxy.web.summary import LAST_JOBS, Summary, summary
from tests.fleet.telling import NOW, Told, job, snapshot
from tests.web.asking import Web


async def test_it_says_what_there_is(web: Web, told: Told) -> None:
    found = await web.read("/api/summary", Summary)
    assert found["version"] == __version__
    assert (found["now"], found["uptime"], found["control_uptime"]) == (NOW + 25, 100.0, 25.0)
    assert (found["connected"], found["mining"], found["workers"]) == (3, 2, 3)
    assert found["strangers"] == 0
    assert found["accepted"] == 50
    assert found["rejected"] == {"stale": 4}
    assert found["drops"] == {"idle": 1}
    assert found["attention"] == {"gone": 0, "slow": 0, "rejecting": 1, "reconnecting": 0}
    assert (found["usual"], found["missing"], found["of_usual"]) == (0.0, 0.0, None)
    assert found["lost_records"] == 3
    assert [pool["name"] for pool in found["pools"]] == ["pool"]
    assert [each["job"] for each in found["last_jobs"]] == ["j2", "j1"]
    assert found["processes"] == [{"number": 0, "site": "", "run": "run-1", "heard": 0.0}]
    assert found["revision"] == told.fleet.roll.revision


@pytest.mark.parametrize(("missing", "part"), [(0.0, 1.0), (5e13, 0.75), (-1e-3, 1.0), (3e14, 0.0)])
def test_what_is_missing_is_a_part_of_what_is_usual(
    told: Told, missing: float, part: float
) -> None:
    told.fleet.usual, told.fleet.missing = 2e14, missing
    assert summary(told.fleet, Watch(told.fleet), told.now, told.now)["of_usual"] == part


async def test_a_hashrate_says_its_window_and_its_error(web: Web) -> None:
    figure = (await web.read("/api/summary", Summary))["hashrate"]["1m"]
    assert figure == {
        "rate": pytest.approx(50 * 1024 * HASHES_PER_DIFFICULTY / 25, rel=1e-6),
        "window": 25.0,
        "shares": 50,
        "error": pytest.approx(50**-0.5),
    }


def test_what_became_of_shares_is_of_a_day_at_least_where_that_is_known(told: Told) -> None:
    """A restart is no reason to know less of them."""

    def shares() -> dict[str, Any]:
        found = summary(told.fleet, Watch(told.fleet), told.now, told.now)["shares"]
        return {**found, "since": told.now - found["since"]}

    assert shares() == {"since": 100.0, "accepted": 50, "rejected": {"stale": 4}}
    counted = told.fleet.accepted, dict(told.fleet.reasons)
    day = Earlier(
        ("default", "rig"), NOW - 1e6, NOW, Counts(7, 3, {"stale": 3}, 7.0, 1.0, 1), Rates(NOW, NOW)
    )
    told.fleet.recall([day], told.now, told.now - 80_000)
    assert shares()["since"] == 80_000
    assert shares()["accepted"] == counted[0] + 7
    assert shares()["rejected"]["stale"] == counted[1].get("stale", 0) + 3
    told.fleet.snapshot(0, "run-1", snapshot(uptime=90_000.0), told.now)
    assert shares() == {"since": 90_000, "accepted": 50, "rejected": {"stale": 4}}


async def test_before_anything_was_heard_all_is_nothing() -> None:
    found = await Web(Told()).read("/api/summary", Summary)
    assert (found["connected"], found["pools"], found["processes"]) == (0, [], [])
    assert found["hashrate"]["24h"]["error"] is None


def test_processes_that_are_silent_say_for_how_long(told: Told) -> None:
    told.fleet.snapshot(1, "another", snapshot(), told.now + 4)
    found = summary(told.fleet, Watch(told.fleet), told.now + 5, told.now + 5)
    assert [(each["number"], each["heard"]) for each in found["processes"]] == [(0, 5.0), (1, 1.0)]
    assert found["accepted"] == 100


def test_only_the_last_jobs_are_in_it() -> None:
    told = Told()
    told.tell(jobs=[job(name=str(number)) for number in range(50)])
    assert len(summary(told.fleet, Watch(told.fleet), NOW, NOW)["last_jobs"]) == LAST_JOBS


def test_looking_is_what_makes_time_pass() -> None:
    """With every process silent nothing but the API's clock tells that time goes on."""
    fleet = Fleet(NOW)
    summary(fleet, Watch(fleet), NOW + 5, NOW + 5)
    assert fleet._looked == NOW + 5
