"""The line that says every few minutes how mining goes."""

from dataclasses import replace
from typing import Any

import pytest

from stratumproxy.cli.heartbeat import Heartbeat
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot, merge

START = 1000.0


def pool(name: str, miners: int) -> PoolSnapshot:
    return PoolSnapshot(name, "", "ready", 1, miners, 1.0, 8, 0, 0, 0, 0, 0)


def after(minutes: float, connected: int = 10, **changes: Any) -> Snapshot:
    """Ten machines of 100 TH/s, asked for one share in six seconds each."""
    shares = round(100 * minutes)
    mining = Snapshot(
        uptime=60 * minutes,
        connected=connected,
        mining=connected,
        hashrate=0.0,
        accepted=shares,
        work=shares * 1e15 * 60 / 100 / 2**32,
        forwarded=1,
        rejected={"stale": round(minutes), "duplicate": round(minutes)},
        connects=10,
        pools=(pool("spare", 0), pool("second", 3), pool("first", 7)),
    )
    return replace(mining, **changes)


@pytest.fixture
def heartbeat() -> Heartbeat:
    return Heartbeat(START)


def test_it_comes_when_it_is_time(heartbeat: Heartbeat) -> None:
    told = [heartbeat.beat(after(s / 60), START + s, 300) is not None for s in range(1, 901)]
    assert [second for second, beat in enumerate(told, 1) if beat] == [300, 600, 900]


def test_none_is_asked_for(heartbeat: Heartbeat) -> None:
    assert heartbeat.beat(after(90), START + 5400, 0) is None


def test_the_interval_changes_under_way(heartbeat: Heartbeat) -> None:
    assert heartbeat.beat(after(1), START + 60, 300) is None
    assert heartbeat.beat(after(1), START + 61, 60) is not None


def test_it_says_what_was_since_the_last(heartbeat: Heartbeat) -> None:
    first = heartbeat.beat(after(5), START + 300, 300)
    second = heartbeat.beat(after(10, connected=8, connects=13), START + 600, 300)
    assert first is not None
    assert second is not None
    for beat in (first, second):
        assert beat.pop("hashrate") == pytest.approx(1e15, rel=1e-4)
    assert first == {
        "miners": 10,
        "pool": "first, second",
        "seconds": 300,
        "accepted": 500,
        "refused": 10,
        "connects": 10,
        "losses": 0,
    }
    assert second == {**first, "miners": 8, "connects": 3, "losses": 5}


def test_without_a_pool_it_names_none(heartbeat: Heartbeat) -> None:
    beat = heartbeat.beat(after(5, pools=(pool("only", 0),)), START + 300, 300)
    assert beat is not None
    assert beat["pool"] == ""


def test_a_process_that_is_killed_loses_its_miners_and_nothing_twice(heartbeat: Heartbeat) -> None:
    other = after(5, connected=4, connects=4)
    heartbeat.beat(merge([after(5), other]), START + 300, 300)
    beat = heartbeat.beat(merge([after(5).past(), other]), START + 600, 300)
    assert beat is not None
    assert (beat["miners"], beat["connects"], beat["losses"]) == (4, 0, 10)
    assert (beat["accepted"], beat["refused"], beat["hashrate"]) == (0, 0, 0.0)
