"""What is asked for, and where the answers go."""

from collections.abc import Iterator
from typing import Any

import pytest

from stratumproxy.top.api import Address, Api, ApiError
from stratumproxy.top.fill import fill
from stratumproxy.top.state import State
from tests.top.stand_in import StandIn, split, stand_in, worker


@pytest.fixture
def api() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started


def client(api: StandIn) -> Api:
    return Api(Address.parse(api.url))


async def test_a_page(api: StandIn) -> None:
    state = State(rows=5)
    await fill(client(api), state)
    assert state.summary["workers"] == 41
    assert [each["name"] for each in state.workers] == [f"farm.0{number}" for number in range(5)]
    assert state.matched == 41
    assert state.needy["gone"] == ["farm.03", "farm.09"]
    assert state.needy["slow"] == []
    assert "/api/workers?attention=slow" not in "".join(api.asked)


async def test_the_summary_comes_by_itself(api: StandIn) -> None:
    await fill(client(api), State(), summary=False)
    assert "/api/summary" not in api.asked


async def test_a_worker_of_whatever_name(api: StandIn) -> None:
    name = "a/b c%2F?#é"
    api.workers.append(worker(name))
    state = State(detail=name)
    await fill(client(api), state)
    assert state.worker["name"] == name
    assert len(state.worker["miners"]) == 1
    assert state.history[:2] == [0.0, 1e12]


async def test_what_was_turned_away_from_is_not_taken(api: StandIn) -> None:
    class Turning(Api):
        async def get(self, path: str, query: Any = None) -> Any:
            answer = await super().get(path, query)
            state.search = "x"
            state.detail = None
            return answer

    state = State()
    await fill(Turning(Address.parse(api.url)), state, summary=False)
    assert state.workers == []
    state.detail = "farm.01"
    await fill(Turning(Address.parse(api.url)), state, summary=False)
    assert state.worker == {}


@pytest.mark.parametrize("body", [b"[]", b"{}", b"1", b'{"workers": 1, "matched": 0}'])
async def test_json_of_something_else(api: StandIn, body: bytes) -> None:
    api.answers["/api/workers"] = (200, body)
    with pytest.raises(ApiError, match="otherwise than this version expects"):
        await fill(client(api), State())


async def test_of_two_tenants_workers_of_one_name(api: StandIn) -> None:
    api.workers[:] = [worker("rig", 2e14), worker("rig", 1e14, tenant="acme")]
    state = State(rows=5, tenant="acme")
    await fill(client(api), state)
    assert state.tenants == ["acme", "default"]
    assert [each["tenant"] for each in state.workers] == ["acme"]
    state.press("enter")
    await fill(client(api), state, summary=False)
    assert state.worker["tenant"] == "acme"
    assert [path for path in api.asked if "history" in path] == [
        "/api/workers/rig/history?span=1h&tenant=acme"
    ]


async def test_targets_of_splits_and_an_earlier_version_that_has_none(api: StandIn) -> None:
    api.splits[:] = [split(), split("other")]
    state = State(rows=5)
    await fill(client(api), state)
    assert [each["target"] for each in state.splits] == ["main", "other"]
    api.answers["/api/splits"] = 404, b'{"error": "there is nothing", "detail": null}'
    state = State(rows=5)
    await fill(client(api), state)
    assert (len(state.workers), state.tenants, state.splits) == (5, ["default"], [])


async def test_an_earlier_version_has_no_tenants(api: StandIn) -> None:
    api.answers["/api/tenants"] = 404, b'{"error": "there is nothing", "detail": null}'
    state = State(rows=5)
    await fill(client(api), state)
    assert (len(state.workers), state.tenants) == (5, [])
    assert state.needy["gone"] == ["farm.03", "farm.09"]
