"""One session with a pool, alone."""

import json
from itertools import permutations
from typing import Any

import pytest

from stratumproxy.errors import LineTooLong, PoolError, ProtocolError
from stratumproxy.mining.job import Terms
from stratumproxy.upstream.session import NewJob, Odd, ReconnectAsked, Said, TermsChanged
from stratumproxy.upstream.v1 import LINE_LIMIT, USER_AGENT, V1Session
from tests.upstream.sessions import AUTHORIZED, SUBSCRIBED, job, ready, said, session

# -- the handshake -----------------------------------------------------------------------------


def test_the_handshake_is_said_at_once() -> None:
    assert said(V1Session("farm.1", "secret", 0x1FFFE000)) == [
        {
            "id": 1,
            "method": "mining.configure",
            "params": [
                ["version-rolling"],
                {"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2},
            ],
        },
        {"id": 2, "method": "mining.subscribe", "params": [USER_AGENT]},
        {"id": 3, "method": "mining.authorize", "params": ["farm.1", "secret"]},
    ]


def test_without_a_mask_configure_is_left_out() -> None:
    """For pools that close on it."""
    methods = [line["method"] for line in said(V1Session("farm", "x", 0))]
    assert methods == ["mining.subscribe", "mining.authorize"]


def test_an_earlier_session_is_resumed() -> None:
    subscribe = said(V1Session("farm", "x", 0, "5e55"))[0]
    assert subscribe["params"] == [USER_AGENT, "5e55"]


@pytest.mark.parametrize(
    ("result", "session_id"),
    [
        ('[[["mining.set_difficulty","01"],["mining.notify","02"]],"f0",8]', "02"),
        ('[[["mining.notify","5f1c2a3b"]],"5f1c2a3b00000001",8]', "5f1c2a3b"),
        ('[["mining.notify","02"],"f0",8]', ""),
        ('[[["mining.notify",5]],"f0",8]', ""),
        ('[[],"f0",8]', ""),
        ('[null,"f0",8]', ""),
        ('[[5,"x",null,[],["mining.notify"]],"",2,"more"]', ""),
    ],
)
def test_the_session_id_stands_beside_notify(result: str, session_id: str) -> None:
    made = session()
    made.receive(b'{"id":2,"result":%b}\n' % result.encode(), 0)
    assert made.session_id == session_id


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ('"result":null,"error":[20,"full",null]', "the pool refused mining.subscribe: full"),
        ('"result":false,"error":"busy"', "the pool refused mining.subscribe: busy"),
        ('"result":true', "the pool refused mining.subscribe: no .subscriptions, extranonce1"),
        ('"result":[[],"f0"]', "the pool refused mining.subscribe: no .subscriptions, extra"),
        ('"result":[[],"f",8]', "the pool's extranonce1 is not hex"),
        ('"result":[[],5,8]', "the pool's extranonce1 is not hex"),
        ('"result":[[],"f0","8"]', "the pool's extranonce2 size is '8'; 2 to 16 can be mined on"),
        ('"result":[[],"f0",1]', "the pool's extranonce2 size is 1; 2 to 16 can be mined on"),
        (f'"result":[[],"{"f0" * 33}",8]', "the pool's extranonce1 is longer than 32 bytes"),
    ],
)
def test_a_subscription_that_is_none(reply: str, why: str) -> None:
    with pytest.raises((PoolError, ProtocolError), match=why):
        session().receive(b'{"id":2,%b}\n' % reply.encode(), 0)


@pytest.mark.parametrize(
    ("result", "mask"),
    [
        ('{"version-rolling":true,"version-rolling.mask":"1fffe000"}', 0x1FFFE000),
        ('{"version-rolling":true,"version-rolling.mask":"ffffffff"}', 0x1FFFE000),
        ('{"version-rolling":true,"version-rolling.mask":"00c00000"}', 0x00C00000),
        ('{"version-rolling":false}', 0),
        ('{"version-rolling":"Not supported"}', 0),
        ('{"version-rolling":true}', 0),
        ('{"version-rolling":true,"version-rolling.mask":5}', 0),
        ("{}", 0),
        ("[]", 0),
        ("null", 0),
        ("true", 0),
    ],
)
def test_what_may_be_rolled(result: str, mask: int) -> None:
    made = session()
    made.receive(b'{"id":1,"result":%b}\n' % result.encode(), 0)
    assert made.version_mask == mask


def test_a_pool_that_does_not_know_configure() -> None:
    made = session()
    made.receive(b'{"id":1,"result":null,"error":[20,"Not supported",null]}\n', 0)
    assert made.version_mask == 0
    made.receive(SUBSCRIBED + AUTHORIZED + job(), 0)
    assert made.ready


def test_a_refused_account() -> None:
    with pytest.raises(PoolError, match='refused to authorize "farm": unauthorized worker'):
        session().receive(b'{"id":3,"result":null,"error":[24,"unauthorized worker",null]}\n', 0)


def test_an_account_refused_without_a_word() -> None:
    with pytest.raises(PoolError, match='refused to authorize "farm": refused without a reason'):
        session().receive(b'{"id":3,"result":false}\n', 0)


def test_an_account_refused_after_all() -> None:
    """NiceHash: true first, false later."""
    made = ready()
    with pytest.raises(PoolError, match="Missing KYC/KYB"):
        made.receive(b'{"id":3,"result":false,"error":[0,"Missing KYC/KYB",null]}\n', 0)


def test_the_job_before_the_reply_to_authorize_is_kept_for_it() -> None:
    made = session()
    assert made.receive(SUBSCRIBED + job("early") + job("later"), 0) == []
    assert not made.ready
    (event,) = made.receive(AUTHORIZED, 0)
    assert isinstance(event, NewJob)
    assert event.job.pool_job_id == "later"
    assert made.ready


def test_the_job_in_the_same_segment() -> None:
    made = session()
    (event,) = made.receive(
        SUBSCRIBED
        + b'{"id":null,"method":"mining.set_difficulty","params":[1024]}\n'
        + AUTHORIZED
        + job(),
        0,
    )
    assert isinstance(event, NewJob)
    assert event.terms == Terms(b"\xf0\xf1", 8, 1024, 0)


ORDERS = list(
    permutations(
        (
            SUBSCRIBED,
            AUTHORIZED,
            b'{"id":null,"method":"mining.set_difficulty","params":[16384]}\n',
            b'{"id":null,"method":"mining.set_version_mask","params":["00c00000"]}\n',
            job(),
        )
    )
)


@pytest.mark.parametrize("order", ORDERS)
def test_a_pool_may_begin_in_any_order(order: tuple[bytes, ...]) -> None:
    """In one segment, and in one a line: the job is mined on under what is in force by then."""
    made = session()
    [event] = made.receive(b"".join(order), 0)
    assert isinstance(event, NewJob)
    assert event.terms == Terms(b"\xf0\xf1", 8, 16384, 0x00C00000)
    made = session()
    *_, last = [event for line in order for event in made.receive(line, 0)]
    assert isinstance(last, NewJob | TermsChanged)
    assert last.terms == Terms(b"\xf0\xf1", 8, 16384, 0x00C00000)


def test_the_first_jobs_difficulty_may_be_raised_at_once() -> None:
    """What it came with was a default: cgminer takes the first difficulty as soon as it comes."""
    made = session()
    made.receive(SUBSCRIBED + AUTHORIZED + job(), 0)
    [event] = made.receive(b'{"id":null,"method":"mining.set_difficulty","params":[16384]}\n', 0)
    assert event == TermsChanged(Terms(b"\xf0\xf1", 8, 16384, 0))
    assert made.receive(b'{"id":null,"method":"mining.set_difficulty","params":[2]}\n', 0) == []
    [event] = made.receive(job(), 0)
    assert isinstance(event, NewJob)
    assert event.terms.difficulty == 2
    assert made.receive(b'{"id":null,"method":"mining.set_difficulty","params":[4]}\n', 0) == []


def test_the_newest_job_is_the_one_that_is_held() -> None:
    made = session()
    assert made.receive(job(), 0) == []
    assert made.receive(job("2"), 0) == []
    assert made.receive(SUBSCRIBED, 0) == []
    [event] = made.receive(AUTHORIZED, 0)
    assert isinstance(event, NewJob)
    assert event.job.pool_job_id == "2"


def test_a_difficulty_has_a_floor() -> None:
    made = V1Session("farm", "x", 0, floor=0.001)
    line = b'{"id":null,"method":"mining.set_difficulty","params":[5e-324]}\n'
    odd, event = made.receive(SUBSCRIBED + AUTHORIZED + line + job(), 0)
    assert isinstance(odd, Odd)
    assert isinstance(event, NewJob)
    assert event.terms.difficulty == 0.001


def test_a_segment_may_end_anywhere() -> None:
    whole = SUBSCRIBED + AUTHORIZED + job()
    for cut in range(1, len(whole)):
        made = session()
        events = made.receive(whole[:cut], 0) + made.receive(whole[cut:], 0)
        assert len(events) == 1
        assert made.ready


# -- what binds from when ----------------------------------------------------------------------


def terms(events: list[Any]) -> list[Terms]:
    return [event.terms for event in events if isinstance(event, NewJob)]


def test_difficulty_and_extranonce_bind_from_the_next_job() -> None:
    made = ready()
    events = made.receive(
        job("2")
        + b'{"id":null,"method":"mining.set_difficulty","params":[0.5]}\n'
        + b'{"id":null,"method":"mining.set_extranonce","params":["0a",4]}\n'
        + job("3"),
        0,
    )
    assert terms(events) == [Terms(b"\xf0\xf1", 8, 1, 0), Terms(b"\x0a", 4, 0.5, 0)]


def test_before_any_is_set_the_difficulty_is_1() -> None:
    made = session()
    assert terms(made.receive(SUBSCRIBED + AUTHORIZED + job(), 0)) == [Terms(b"\xf0\xf1", 8, 1, 0)]


def test_a_mask_that_is_set_later() -> None:
    made = ready()
    events = made.receive(
        b'{"id":null,"method":"mining.set_version_mask","params":["fffff000"]}\n' + job("2"), 0
    )
    assert events[0] == TermsChanged(Terms(b"\xf0\xf1", 8, 1, 0x1FFFE000))
    assert terms(events) == [Terms(b"\xf0\xf1", 8, 1, 0x1FFFE000)]


def test_a_mask_that_was_never_asked_for() -> None:
    made = ready(version_mask=0)
    made.receive(b'{"id":null,"method":"mining.set_version_mask","params":["1fffe000"]}\n', 0)
    assert made.version_mask == 0


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('"mining.set_difficulty","params":[]', "set_difficulty without a positive number"),
        ('"mining.set_difficulty","params":[0]', "set_difficulty without a positive number"),
        ('"mining.set_difficulty","params":["5"]', "set_difficulty without a positive number"),
        ('"mining.set_difficulty","params":{"a":1}', "set_difficulty without a positive number"),
        ('"mining.set_difficulty"', "set_difficulty without a positive number"),
        ('"mining.set_version_mask","params":[]', "set_version_mask without 8 hex digits"),
        ('"mining.set_version_mask","params":["x"]', "set_version_mask without 8 hex digits"),
        ('"mining.notify","params":[]', "mining.notify: 9 params expected"),
        ('"mining.notify"', "mining.notify: 9 params expected"),
    ],
)
def test_what_a_pool_must_not_say(line: str, why: str) -> None:
    """It costs that line, and a pool that goes on like that is left."""
    made, bad = ready(), b'{"id":null,"method":%b}\n' % line.encode()
    [odd] = made.receive(bad, 0)
    assert isinstance(odd, Odd)
    assert why in odd.text
    with pytest.raises(ProtocolError, match=why):
        made.receive(bad * 11, 0)
    made = ready()
    for second in range(1, 100):
        events = made.receive(bad + job(), 30 * second)
        assert [type(event) for event in events] == [Odd, NewJob], "one in a while is no reason"


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ("[]", "extranonce1 is not hex"),
        ('["g"]', "extranonce1 is not hex"),
        ('["f0",17]', "extranonce2 size is 17"),
        ('["f0",null]', "extranonce2 size is None"),
    ],
)
def test_an_extranonce_that_can_not_be_mined_with_is_the_end(params: str, why: str) -> None:
    with pytest.raises(PoolError, match=why):
        ready().receive(f'{{"method":"mining.set_extranonce","params":{params}}}\n'.encode(), 0)


def test_jobs_that_can_not_be_mined_on_are_the_end() -> None:
    """What is mined on meanwhile gets older, while every line that is good forgives a bad one."""
    made, bad = ready(), b'{"id":null,"method":"mining.notify","params":[]}\n'
    for _ in range(4):
        made.receive(bad + bad + job(), 0)
    with pytest.raises(ProtocolError, match="9 params expected"):
        [made.receive(bad, 100 * second) for second in range(3)]


# -- the rest that a pool says -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "event"),
    [
        ("[]", ReconnectAsked("", 0, 0)),
        ('["10.0.0.1",8889,0]', ReconnectAsked("10.0.0.1", 8889, 0)),
        ('["h","8889","5"]', ReconnectAsked("h", 8889, 5)),
        ('["h",3333,7.5,"more"]', ReconnectAsked("h", 3333, 7.5)),
        ('["h"]', ReconnectAsked("h", 0, 0)),
        ('["h",0]', ReconnectAsked("h", 0, 0)),
        ('["h",65536]', ReconnectAsked("h", 0, 0)),
        ('["h",-1,-1]', ReconnectAsked("h", 0, 0)),
        ('["h","x",99999]', ReconnectAsked("h", 0, 0)),
        ("[null,null,null]", ReconnectAsked("", 0, 0)),
        ('[[],{},""]', ReconnectAsked("", 0, 0)),
        ('["h",true,true]', ReconnectAsked("h", 0, 0)),
        ('["h","\u0661"]', ReconnectAsked("h", 0, 0)),
    ],
)
def test_reconnect(params: str, event: ReconnectAsked) -> None:
    line = f'{{"id":0,"method":"client.reconnect","params":{params}}}\n'
    assert ready().receive(line.encode(), 0) == [event]


def test_a_message_for_people() -> None:
    made = ready()
    line = b'{"id":null,"method":"client.show_message","params":["%b"]}\n'
    assert made.receive(line % b"Pool restarting", 0) == [Said("Pool restarting")]
    assert made.receive(line % (b"x" * 5000), 0) == [Said("x" * 200)]
    assert made.receive(b'{"id":7,"method":"client.show_message","params":[]}\n', 0) == []
    assert said(made) == [{"id": 7, "result": True, "error": None}]


@pytest.mark.parametrize(
    ("method", "result"), [("mining.ping", "pong"), ("client.get_version", USER_AGENT)]
)
@pytest.mark.parametrize("request_id", [7, "seven", 0])
def test_what_wants_an_answer(method: str, result: str, request_id: object) -> None:
    made = ready()
    made.receive(json.dumps({"id": request_id, "method": method}).encode() + b"\n", 0)
    assert said(made) == [{"id": request_id, "result": result, "error": None}]


@pytest.mark.parametrize(
    "method", ["mining.ping", "client.get_version", "client.show_message", "x"]
)
def test_what_has_no_id_wants_none(method: str) -> None:
    made = ready()
    made.receive(json.dumps({"id": None, "method": method}).encode() + b"\n", 0)
    made.receive(json.dumps({"method": method}).encode() + b"\n", 0)
    assert said(made) == []


def test_what_is_unknown() -> None:
    made = ready()
    made.receive(b'{"id":7,"method":"mining.dance","params":[]}\n{"id":8,"method":5}\n', 0)
    assert [line["error"] for line in said(made)] == [[20, "Unknown method", None]] * 2


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"",
        b" \t ",
        b'{"id":null,"result":[],"error":true}',
        b'{"id":99,"result":true}',
        b'{"id":"16","result":true}',
        b'{"id":16.0,"result":true}',
        b'{"id":true,"result":true}',
        b'{"id":16,"method":null,"result":null}',
    ],
)
def test_what_nobody_asked_for_is_nothing(line: bytes) -> None:
    made = ready()
    assert made.receive(line + b"\n", 0) == []
    assert said(made) == []


@pytest.mark.parametrize("line", [b"<html>", b"[]", b"null", b"\xff", b"{"])
def test_what_is_no_stratum(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        session().receive(line + b"\n", 0)
    [odd] = ready().receive(line + b"\n", 0)
    assert isinstance(odd, Odd)


def test_a_line_has_a_limit() -> None:
    ready().receive(b"{}" + b" " * (LINE_LIMIT - 2) + b"\n", 0)
    made = ready()
    for _ in range(LINE_LIMIT // 4096):
        made.receive(b" " * 4096, 0)
    with pytest.raises(LineTooLong):
        made.receive(b" ", 0)


def test_whether_it_said_anything_at_all() -> None:
    """What hangs up without a word may not know mining.configure."""
    made = session()
    assert not made.answered
    made.receive(b"\n", 0)
    assert not made.answered
    made.receive(b"{}\n", 0)
    assert made.answered
