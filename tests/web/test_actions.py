"""Orders: by the token alone, checked, and carried out by others."""

import pytest

from stratumproxy.web.actions import Done
from tests.fleet.telling import Told
from tests.web.asking import BEARER, Web, problem_of

EXAMPLES = [
    ("disconnect", {"worker": "farm.a"}),
    ("disconnect", {"miner": "0-run-1:2"}),
    ("ban", {"worker": "farm.a", "seconds": 600.0}),
    ("switch-pool", {"pool": "backup"}),
    ("switch-pool", {"pool": ""}),
    ("weights", {"weights": {"main": 60.0, "spare": 0.0}}),
    ("weights", {"weights": None, "tenant": "acme"}),
    ("difficulty", {"worker": "farm.a", "difficulty": 4096.0}),
    ("difficulty", {"worker": "farm.a", "difficulty": None}),
    ("accept", {"worker": "farm.a"}),
    ("accept", {"worker": "farm.a", "tenant": "acme"}),
    ("reload", {}),
]


@pytest.mark.parametrize(("action", "arguments"), EXAMPLES)
async def test_an_order_is_passed_on_as_it_was_given(
    guarded: Web, action: str, arguments: dict
) -> None:
    answer = await guarded.post(f"/api/actions/{action}", arguments, headers=BEARER)
    assert guarded.orders.given == [(action, arguments)]
    assert Done.model_validate_json(answer.content).done == {"miners": 2}


async def test_what_can_not_be_done_is_said_in_a_sentence(guarded: Web) -> None:
    guarded.orders.refusal = "there is no pool 'x'"
    answer = await guarded.post("/api/actions/switch-pool", {"pool": "x"}, 409, headers=BEARER)
    assert problem_of(answer) == "there is no pool 'x'"


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("disconnect", {}),
        ("disconnect", {"worker": "a", "miner": "b"}),
        ("disconnect", {"worker": 7}),
        ("disconnect", {"worker": ""}),
        ("ban", {"worker": "a"}),
        ("ban", {"worker": "a", "seconds": 0}),
        ("ban", {"worker": "a", "seconds": "60"}),
        ("ban", {"worker": "a", "seconds": 1e12}),
        ("switch-pool", {}),
        ("switch-pool", {"pool": None}),
        ("weights", {}),
        ("weights", {"weights": {"main": -1}}),
        ("weights", {"weights": {"main": "7"}}),
        ("weights", {"weights": [70, 30]}),
        ("difficulty", {"worker": "a"}),
        ("difficulty", {"worker": "a", "difficulty": -1}),
        ("accept", {}),
        ("accept", {"worker": ""}),
        ("reload", {"now": True}),
        ("reload", []),
        ("reload", "now"),
    ],
)
async def test_what_is_ordered_wrongly_is_not_passed_on(
    guarded: Web, action: str, arguments: object
) -> None:
    answer = await guarded.post(f"/api/actions/{action}", arguments, 422, headers=BEARER)
    problem_of(answer)
    assert guarded.orders.given == []


@pytest.mark.parametrize(
    "action", ["disconnect", "ban", "switch-pool", "weights", "difficulty", "accept", "reload"]
)
async def test_without_the_token_nothing_is_done(guarded: Web, web: Web, action: str) -> None:
    path = f"/api/actions/{action}"
    wrong = {"Authorization": "Bearer another secret"}
    assert "Authorization: Bearer" in problem_of(await guarded.post(path, {}, 401))
    problem_of(await guarded.post(path, {}, 401, headers=wrong))
    assert "token_file" in problem_of(await web.post(path, {}, 403, headers=BEARER))
    await guarded.get(path, 405, headers=BEARER)
    assert guarded.orders.given == web.orders.given == []


async def test_nobody_takes_orders(told: Told, guarded: Web) -> None:
    guarded.app.state.site.orders = None
    problem_of(await guarded.post("/api/actions/reload", {}, 503, headers=BEARER))


@pytest.mark.parametrize(
    ("headers", "by"),
    [
        ({}, "127.0.0.1"),
        ({"X-Forwarded-For": "10.0.0.9"}, "10.0.0.9 by way of 127.0.0.1"),
        ({"X-Forwarded-For": "made up, 10.0.0.9"}, "10.0.0.9 by way of 127.0.0.1"),
        ({"X-Forwarded-For": "x" * 5000}, "x" * 100 + " by way of 127.0.0.1"),
    ],
)
async def test_who_gives_it_is_passed_on(guarded: Web, headers: dict[str, str], by: str) -> None:
    await guarded.post("/api/actions/reload", {}, headers={**BEARER, **headers})
    assert guarded.orders.by == by
