"""A second name on one connection, as transcripts: how pools answer, and whose shares count."""

from typing import Any, get_args

import orjson
import pytest

from stratumproxy.testing import PoolSettings, SecondName, SimulatedPool
from tests.testing.test_pool_connection import NOW, ask

TRUE = {"id": 3, "result": True, "error": None}
NO = {
    "not-subscribed": [25, "not subscribed", None],
    "kick": [24, "Already authorized", None],
}
COUNTED: dict[str, dict[str, str]] = {
    "allowed": {"farm": "farm", "farm.a": "farm.a", "other": "unauthorized worker"},
    "per-submit": {"farm": "farm", "farm.a": "farm.a", "other": "other"},
    "always": {"farm": "farm", "farm.a": "farm.a", "other": "other"},
    "last": {"farm": "farm.a", "farm.a": "farm.a", "other": "farm.a"},
    "ignored": {"farm": "farm", "farm.a": "Worker mismatch", "other": "Worker mismatch"},
    "not-subscribed": {"farm": "farm", "farm.a": "farm", "other": "farm"},
}
"""By style and by the name that a share comes under: whom it counts for, or why it does not."""


def authorized(style: SecondName) -> tuple[SimulatedPool, Any, list[Any]]:
    """A connection that has asked for two names, and what it heard of the second."""
    pool = SimulatedPool(PoolSettings(difficulty=1e-12, second_name=style))
    connection = pool.connect()
    ask(connection, "mining.subscribe", id=1)
    assert ask(connection, "mining.authorize", "farm", "x", id=2)[0]["result"] is True
    return pool, connection, ask(connection, "mining.authorize", "farm.a", "x", id=3)


@pytest.mark.parametrize("style", get_args(SecondName))
def test_what_a_second_authorize_hears(style: SecondName) -> None:
    _, connection, heard = authorized(style)
    match style:
        case "ignored":
            assert heard == []
        case "not-subscribed" | "kick":
            assert [each["error"] for each in heard] == [NO[style]]
        case _:
            assert heard == [TRUE]
    assert connection.closed == (style == "kick")


@pytest.mark.parametrize(
    ("style", "name", "whose"),
    [(style, name, whose) for style, names in COUNTED.items() for name, whose in names.items()],
)
def test_whose_a_share_is(style: SecondName, name: str, whose: str) -> None:
    pool, connection, _ = authorized(style)
    assert pool.job
    params = [name, pool.job.job_id, bytes(8).hex(), f"{pool.job.ntime:08x}", "00000000"]
    (heard,) = ask(connection, "mining.submit", *params, id=4)
    if heard["result"] is True:
        assert list(pool.workers) == [whose]
    else:
        assert heard["error"][1] == whose
        assert pool.workers == {}
        assert pool.total.rejected == {"unauthorized": 1}


def test_with_datum_a_share_needs_no_authorize_and_with_nomp_one() -> None:
    results: dict[SecondName, bool | None] = {"always": True, "per-submit": None}
    for style, result in results.items():
        pool = SimulatedPool(
            PoolSettings(difficulty=1e-12, second_name=style, work_after="subscribe")
        )
        connection = pool.connect()
        ask(connection, "mining.subscribe", id=1)
        assert pool.job
        params = ["farm.a", pool.job.job_id, bytes(8).hex(), f"{pool.job.ntime:08x}", "00000000"]
        (heard,) = ask(connection, "mining.submit", *params, id=4)
        assert heard["result"] is result


def test_who_is_kicked_hears_why_also_when_answers_are_slow() -> None:
    pool = SimulatedPool(PoolSettings(second_name="kick", reply_delay=5.0))
    connection = pool.connect()
    for method in ("mining.subscribe", "mining.authorize", "mining.authorize"):
        line = orjson.dumps({"id": 1, "method": method, "params": ["farm"]}) + b"\n"
        assert connection.receive(line, NOW) == b""
    assert not connection.closed
    assert b"Already authorized" in connection.take(NOW + 5)
    assert connection.closed
