"""Health and readiness."""

import pytest

from stratumproxy.config.control import Api
from stratumproxy.fleet.conditions import SILENCE
from stratumproxy.fleet.watch import Watch
from stratumproxy.telemetry.sink import SinkState
from stratumproxy.web.health import Health, Ready
from tests.fleet.telling import NOW, Told, pool, snapshot
from tests.web.asking import BEARER, Web, problem_of


async def test_all_is_well(web: Web) -> None:
    assert await web.read("/health", Health) == {"status": "ok"}
    ready = await web.read("/ready", Ready)
    assert (ready["ready"], ready["why"]) == (True, [])


async def why(web: Web) -> list[str]:
    answer = await web.get("/ready", 503)
    assert problem_of(answer).startswith("not ready: ")
    reasons: list[str] = answer.json()["why"]
    return reasons


async def test_before_anything_was_heard() -> None:
    web = Web(Told())
    assert await why(web) == [
        "no process serves miners: none was heard of yet",
        "no pool is ready",
    ]
    await web.get("/health")


async def test_a_silent_process(web: Web, told: Told) -> None:
    told.now += SILENCE
    await web.get("/ready")
    told.now += 1
    assert await why(web) == ["a mining process is silent (process 0)"]


@pytest.mark.parametrize("state", ["connecting", "waiting", ""])
async def test_no_pool(web: Web, told: Told, state: str) -> None:
    told.fleet.snapshot(0, "run-1", snapshot(pools=(pool(state=state),)), told.now)
    [no_pool] = await why(web)
    assert no_pool.startswith("no pool is ready: pool is ")


def full_disk(told: Told) -> Watch:
    """Of a proxy whose ledger can't be written."""
    sink = SinkState("ledger", False, "the disk is full", None, 9, 3, 0.0, 0)
    return Watch(told.fleet, sinks=lambda: [sink])


def served() -> Told:
    """A fleet that mines."""
    told = Told()
    told.fleet.snapshot(0, "run-1", snapshot(), told.now)
    return told


async def test_what_keeps_no_miner_from_being_served_is_told_and_no_reason() -> None:
    """A balancer must not send miners elsewhere because a disk is full."""
    told = served()
    web = Web(told, watch=full_disk(told), unix=lambda at: at + 7200)
    await web.get("/ready")
    told.now += 3
    found = await web.read("/ready", Ready)
    assert (found["ready"], found["why"]) == (True, [])
    assert found["conditions"] == [
        {
            "kind": "sink-failing",
            "severity": "warning",
            "text": "records can't be kept",
            "subject": "ledger",
            "tenant": None,
            "since": NOW + 7200,
            "why": "the disk is full; 3 batches wait, 0% of the room for them",
        }
    ]


async def test_who_may_not_read_is_not_told_which_and_why(token_file: str) -> None:
    told = served()
    config = Api(token_file=token_file, read_needs_token=True)
    web = Web(told, config, watch=full_disk(told))
    [condition] = (await web.read("/ready", Ready))["conditions"]
    assert (condition["kind"], condition["subject"], condition["why"]) == ("sink-failing", "", "")
    [condition] = (await web.read("/ready", Ready, headers=BEARER))["conditions"]
    assert (condition["subject"], condition["why"] > "") == ("ledger", True)
