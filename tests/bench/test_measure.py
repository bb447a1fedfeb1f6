"""The load generator and the floor, for a moment and with few miners: does it all fit together?"""

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

pytest.importorskip("bench", reason="the benchmarks are part of the repository, not of the wheel")

from bench.build import LOAD, build
from bench.measure import measure, problems
from bench.scenarios import BY_NAME, Result, Scenario
from bench.servers import FLOOR_KIND, PROXY_KIND, Kind

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs epoll and kernel timestamps"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler"),
]


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build()


def short(name: str, **changes: object) -> Scenario:
    small = {"miners": 20, "seconds": 0.4, "warmup": 0.1, "extra": ("--settle", "0")}
    return replace(BY_NAME[name], **{**small, **changes})  # type: ignore[arg-type]


def run(scenario: Scenario, kind: Kind) -> Result:
    result = measure(scenario, kind)
    assert problems(result, scenario, kind) == []
    assert result["miners"]["mining"] == 20
    assert result["shares"]["answered"] > 0
    return result


def test_the_floor_answers_every_share_with_true() -> None:
    result = run(short("saturation"), FLOOR_KIND)
    assert result["shares"]["accepted"] == result["shares"]["answered"]
    assert result["pool"]["submits"] == 0


def test_the_proxy_checks_every_share_itself() -> None:
    result = run(short("saturation"), PROXY_KIND)
    assert result["pool"]["submits"] == 0
    assert result["probes"] == {"duplicate": 22, "unknown_job": 21}
    assert result["verified"]["works"] == 20


def test_every_forwarded_share_is_the_same_share_at_the_pool() -> None:
    result = run(short("forwarded"), PROXY_KIND)
    assert result["pool"]["matched"] == result["pool"]["submits"] > 0
    assert result["verified"]["shares"] > 0


def test_a_fleet_gets_its_jobs() -> None:
    fleet = short("fleet", rate=200.0, job_interval=0.1, extra=("--interval", "0.1", "--histogram"))
    result = run(fleet, PROXY_KIND)
    assert result["fan_out"]["jobs"] > 0
    assert all(job["served"] <= 20 for job in result["jobs"])
    assert 0 < result["fan_out"]["first"] <= result["fan_out"]["last"]
    assert result["series"]
    assert sum(count for _, count in result["histogram"]) == result["reply"]["count"]
    assert result["server"]["rss"] > 0


def test_a_fleet_whose_every_share_is_forwarded() -> None:
    fleet = short("fleet-forwarded", rate=200.0, job_interval=0.1)
    result = run(fleet, PROXY_KIND)
    assert result["pool"]["matched"] == result["pool"]["submits"] >= result["shares"]["accepted"]
    assert result["verified"]["shares"] > 0


def test_two_workers_share_the_miners() -> None:
    result = run(short("workers"), Kind("2 workers", 2))
    assert result["pool"]["sessions"] == 2
    assert result["server"]["processes"] == 3


@pytest.mark.parametrize("address", ["192.0.2.1:3333", "127.0.0.1", "localhost:1", "127.0.0.1:0"])
def test_nothing_but_this_machine_is_loaded(address: str) -> None:
    done = subprocess.run(
        [LOAD, "--server", address], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 1
    assert address in done.stderr
