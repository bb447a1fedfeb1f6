"""Health and readiness."""

import pytest

from stratumproxy.web.health import SILENCE, Health, Ready
from tests.fleet.telling import Told, pool, snapshot
from tests.web.asking import Web, problem_of


async def test_all_is_well(web: Web) -> None:
    assert await web.read("/health", Health) == {"status": "ok"}
    assert await web.read("/ready", Ready) == {"ready": True, "why": []}


async def why(web: Web) -> list[str]:
    answer = await web.get("/ready", 503)
    assert problem_of(answer).startswith("not ready: ")
    reasons: list[str] = answer.json()["why"]
    return reasons


async def test_before_anything_was_heard() -> None:
    web = Web(Told())
    assert await why(web) == ["no process of the data plane was heard yet", "no pool is ready"]
    await web.get("/health")


async def test_a_silent_process(web: Web, told: Told) -> None:
    told.now += SILENCE
    await web.get("/ready")
    told.now += 1
    assert await why(web) == ["process 0 of the data plane is silent for 6 s"]


@pytest.mark.parametrize("state", ["connecting", "waiting", ""])
async def test_no_pool(web: Web, told: Told, state: str) -> None:
    told.fleet.snapshot(0, "run-1", snapshot(pools=(pool(state=state),)), told.now)
    assert await why(web) == ["no pool is ready"]


async def test_what_others_know(told: Told) -> None:
    web = Web(told, health=lambda: ["the disk is full"])
    assert await why(web) == ["the disk is full"]
