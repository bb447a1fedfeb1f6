"""Transcripts of a simulated pool's side."""

import itertools
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stratumproxy.testing import PoolSettings, SimulatedPool
from stratumproxy.testing.pool_connection import MAX_LINE, MAX_QUEUED

NOW = 1_700_000_000.0


def settings(**changes: Any) -> PoolSettings:
    return PoolSettings(**{"difficulty": 1e-8, **changes})


def ask(connection: Any, method: str, *params: object, id: object = 1) -> list[Any]:
    line = orjson.dumps({"id": id, "method": method, "params": list(params)}) + b"\n"
    return [orjson.loads(each) for each in connection.receive(line, NOW).splitlines()]


def methods(messages: list[Any]) -> list[Any]:
    return [message.get("method", "reply") for message in messages]


@pytest.fixture
def pool() -> SimulatedPool:
    return SimulatedPool(settings())


def test_the_usual_order(pool: SimulatedPool) -> None:
    connection = pool.connect()
    (configured,) = ask(
        connection,
        "mining.configure",
        ["version-rolling", "info", "minimum-difficulty", "subscribe-extranonce", "nonsense"],
        {"version-rolling.mask": "00ffff00", "version-rolling.min-bit-count": "2"},
        id=7,
    )
    assert configured == {
        "id": 7,
        "result": {
            "version-rolling": True,
            "version-rolling.mask": "00ffe000",
            "info": True,
            "minimum-difficulty": True,
            "subscribe-extranonce": True,
            "nonsense": False,
        },
        "error": None,
    }
    (subscribed,) = ask(connection, "mining.subscribe", "agent/1", id="s")
    subscriptions, extranonce1, size = subscribed["result"]
    assert subscribed["id"] == "s"
    assert dict(subscriptions) == {
        "mining.set_difficulty": connection.session_id,
        "mining.notify": connection.session_id,
    }
    assert (len(extranonce1), size) == (8, 8)
    authorized, difficulty, notify = ask(connection, "mining.authorize", "w", "x")
    assert authorized["result"] is True
    assert (difficulty["method"], difficulty["params"]) == ("mining.set_difficulty", [1e-8])
    assert notify["method"] == "mining.notify"
    assert notify["params"] == pool.job.notify(12)
    assert connection.user_agent == "agent/1"
    assert not pool.violations


def test_work_after_subscribe() -> None:
    connection = SimulatedPool(settings(work_after="subscribe")).connect()
    assert methods(ask(connection, "mining.subscribe")) == [
        "reply",
        "mining.set_difficulty",
        "mining.notify",
    ]
    assert methods(ask(connection, "mining.authorize", "w")) == ["reply"]


def test_authorize_before_subscribe(pool: SimulatedPool) -> None:
    connection = pool.connect()
    assert methods(ask(connection, "mining.authorize", "w")) == ["reply"]
    assert methods(ask(connection, "mining.subscribe")) == [
        "reply",
        "mining.set_difficulty",
        "mining.notify",
    ]


def test_a_second_worker_gets_no_second_job(pool: SimulatedPool) -> None:
    connection = pool.connect()
    ask(connection, "mining.subscribe")
    ask(connection, "mining.authorize", "one")
    assert methods(ask(connection, "mining.authorize", "two")) == ["reply"]


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("mining.extranonce.subscribe", True),
        ("mining.ping", "pong"),
        ("mining.get_transactions", []),
        ("mining.multi_version", True),
        ("mining.suggest_difficulty", True),
        ("mining.suggest_target", True),
    ],
)
def test_small_talk(pool: SimulatedPool, method: str, result: object) -> None:
    assert ask(pool.connect(), method, id=2.5) == [{"id": 2.5, "result": result, "error": None}]


def test_unknown_method(pool: SimulatedPool) -> None:
    (answer,) = ask(pool.connect(), "mining.dance")
    assert answer["error"] == [20, "Method 'mining.dance' not found", None]


def test_without_configure() -> None:
    connection = SimulatedPool(settings(supports_configure=False)).connect()
    (answer,) = ask(connection, "mining.configure", ["version-rolling"], {})
    assert answer["result"] is None
    assert answer["error"][0] == 20


def test_without_version_rolling() -> None:
    connection = SimulatedPool(settings(version_mask=None)).connect()
    (answer,) = ask(connection, "mining.configure", ["version-rolling"], {})
    assert answer["result"] == {"version-rolling": False}


def test_no_reply_to_a_null_id_or_to_an_answer(pool: SimulatedPool) -> None:
    connection = pool.connect()
    assert ask(connection, "mining.ping", id=None) == []
    assert ask(connection, "pong", id=3) == []
    assert connection.receive(b'{"id":3,"result":"pong","error":null}\n\n', NOW) == b""
    assert not pool.violations


def test_resume(pool: SimulatedPool) -> None:
    first = pool.connect()
    ask(first, "mining.subscribe", "agent")
    other, again = pool.connect(), pool.connect()
    ask(again, "mining.subscribe", "agent", first.session_id)
    ask(other, "mining.subscribe", "agent", "b08cf00d1")
    assert (again.session_id, again.extranonce1) == (first.session_id, first.extranonce1)
    assert other.extranonce1 != first.extranonce1
    pool.settings.resume = False
    last = pool.connect()
    ask(last, "mining.subscribe", "agent", first.session_id)
    assert last.extranonce1 != first.extranonce1


@pytest.mark.parametrize(
    ("line", "complaint", "closed"),
    [
        (b"GET / HTTP/1.1\r\n", "no JSON", True),
        (b"[1]\n", "no JSON object", False),
        (b'{"id":1,"method":5,"params":[]}\n', "no request", False),
        (b'{"id":1,"method":"mining.ping"}\n', "no request", False),
        (b"x" * (MAX_LINE + 1), "longer than", True),
        (b'{"id":1,"method":"mining.configure","params":[5]}\n', "list of extensions", False),
        (
            b'{"id":1,"method":"mining.configure",'
            b'"params":[["version-rolling"],{"version-rolling.mask":"zz"}]}\n',
            "no hex number",
            False,
        ),
    ],
)
def test_what_no_client_should_do(
    pool: SimulatedPool, line: bytes, complaint: str, closed: bool
) -> None:
    connection = pool.connect()
    connection.receive(line, NOW)
    assert complaint in pool.violations[0].text
    assert connection.closed is closed
    assert (connection in pool.connections) is not closed


@pytest.mark.parametrize("again", ["mining.subscribe", "mining.configure"])
def test_wrong_order_is_noted(pool: SimulatedPool, again: str) -> None:
    connection = pool.connect()
    ask(connection, "mining.subscribe", "agent/1")
    ask(connection, again, ["version-rolling"], {})
    assert str(pool.violations[0]).startswith("agent/1: " + again)


@pytest.mark.parametrize("id", ["s", 1.5, None, True])
def test_integer_ids_only(id: object) -> None:
    pool = SimulatedPool(settings(integer_ids_only=True))
    connection = pool.connect()
    assert ask(connection, "mining.ping", id=id) == []
    assert connection.closed
    assert "no integer" in pool.violations[0].text


def test_refused_authorize() -> None:
    pool = SimulatedPool(settings(refuse_authorize=True, reject_shape="string"))
    connection = pool.connect()
    ask(connection, "mining.subscribe")
    assert ask(connection, "mining.authorize", "w") == [
        {"id": 1, "result": None, "error": "unauthorized worker"}
    ]
    assert not connection.ready


def test_silence() -> None:
    pool = SimulatedPool(settings(silent=True))
    connection = pool.connect()
    assert ask(connection, "mining.subscribe") == []
    pool.new_job(NOW)
    pool.show_message("nobody hears this")
    assert connection.take(NOW) == b""


def test_delayed_replies_hold_back_what_follows() -> None:
    pool = SimulatedPool(settings(reply_delay=2.0))
    connection = pool.connect()
    assert ask(connection, "mining.subscribe") == []
    assert ask(connection, "mining.authorize", "w") == []
    assert connection.next_due == NOW + 2
    assert connection.take(NOW + 1.9) == b""
    lines = connection.take(NOW + 2).splitlines()
    assert methods([orjson.loads(line) for line in lines]) == [
        "reply",
        "reply",
        "mining.set_difficulty",
        "mining.notify",
    ]
    assert connection.next_due is None


def test_what_is_delayed_can_be_hurried() -> None:
    pool = SimulatedPool(settings(reply_delay=3600.0))
    connection = pool.connect()
    assert ask(connection, "mining.subscribe") == []
    announced: list[bool] = []
    connection.on_output = lambda: announced.append(connection.closed)
    connection.hurry()
    assert announced == [False]
    assert connection.take(NOW).count(b"\n") == 1
    pool.settings.reply_delay = 0
    assert methods(ask(connection, "mining.ping")) == ["reply"]


def test_output_is_announced(pool: SimulatedPool) -> None:
    connection = pool.connect()
    announced: list[bool] = []
    connection.on_output = lambda: announced.append(connection.closed)
    ask(connection, "mining.subscribe")
    pool.show_message("hello")
    connection.close()
    connection.close()
    assert announced == [False, False, True]


def test_a_client_that_does_not_read_is_dropped(pool: SimulatedPool) -> None:
    connection = pool.connect()
    for _ in range(MAX_QUEUED // 100_000 + 1):
        pool.show_message("x" * 100_000)
    assert connection.closed
    assert "does not read" in pool.violations[0].text
    assert connection.take(NOW) == b""


@hypothesis_settings(deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=8), clean=st.booleans())
def test_bytes_may_come_in_any_pieces(cuts: list[int], clean: bool) -> None:
    said = b"".join(
        orjson.dumps({"id": number, "method": method, "params": params}) + b"\n"
        for number, (method, params) in enumerate(
            [
                ("mining.configure", [["version-rolling"], {}]),
                ("mining.subscribe", ["agent"]),
                ("mining.authorize", ["w", "x"]),
                ("mining.submit", ["w", "1", "00" * 8, "6553f100", "00000000"]),
            ]
        )
    )
    at_once, in_pieces = SimulatedPool(settings()).connect(), SimulatedPool(settings()).connect()
    heard = at_once.receive(said, NOW)
    places = [0, *sorted(min(cut, len(said)) for cut in cuts), len(said)]
    pieces = [said[a:b] for a, b in itertools.pairwise(places)]
    assert b"".join(in_pieces.receive(piece, NOW) for piece in pieces) == heard
    assert heard.count(b"\n") == 6
