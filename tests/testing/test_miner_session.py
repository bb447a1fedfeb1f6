"""Transcripts of a miner's side: what it says, and what it holds against a server."""

import random
from typing import Any

import orjson
import pytest

from stratumproxy.errors import ProtocolError
from stratumproxy.testing import SimulatedMiner
from stratumproxy.testing.jobs import MAINNET_NBITS, JobSource
from stratumproxy.testing.miner_session import JOBS_KEPT

SOURCE = JobSource(random.Random(1))


def notify(extranonce_size: int = 8, **changes: Any) -> list[Any]:
    job = SOURCE.next(
        1_700_000_000,
        clean=changes.pop("clean", True),
        coinbase_size=200,
        branches=1,
        version=0x20000000,
        nbits=MAINNET_NBITS,
    )
    params = job.notify(extranonce_size)
    if "job_id" in changes:
        params[0] = changes["job_id"]
    return params


def told(method: str, *params: object, id: object = None) -> bytes:
    return orjson.dumps({"id": id, "method": method, "params": list(params)}) + b"\n"


def reply(id: object, result: object, error: object = None) -> bytes:
    return orjson.dumps({"id": id, "result": result, "error": error}) + b"\n"


SUBSCRIBED = [[["mining.notify", "abc"]], "01020304", 4]


def miner(style: str = "cpuminer", *, upto: str = "job", **options: Any) -> SimulatedMiner:
    """A miner that is so far: connected, subscribed, authorized, or has a job."""
    made = SimulatedMiner(style, **options)
    made.connect()
    steps = {
        "connected": b"",
        "subscribed": reply(1, SUBSCRIBED),
        "authorized": reply(2, True),
        "job": told("mining.set_difficulty", 1e-8) + told("mining.notify", *notify()),
    }
    for step, data in steps.items():
        made.receive(data)
        if step == upto:
            break
    return made


def submitted(made: SimulatedMiner) -> Any:
    share = made.find(1_000_000)
    assert share is not None
    made.submit(share)
    return share


def test_no_violations_in_the_usual_order() -> None:
    made = miner(strict=True)
    assert made.ready
    assert made.violations == []
    assert made.session.session_id == "abc"
    assert made.session.jobs.keys() == {made.job.job_id}


@pytest.mark.parametrize(
    ("upto", "line", "complaint"),
    [
        ("connected", told("mining.set_difficulty", 1), "where the next line must be a reply"),
        ("connected", told("mining.ping", id=5), "where the next line must be a reply"),
        ("connected", reply("1", SUBSCRIBED), "id '1', which nothing waits for"),
        ("connected", reply(1.0, SUBSCRIBED), "id 1.0, which nothing waits for"),
        ("connected", reply(None, True), "id None, which nothing waits for"),
        ("connected", reply([1], True), "which nothing waits for"),
        ("connected", b"HTTP/1.1 400 Bad Request\n", "not a JSON object"),
        ("connected", b"[]\n", "not a JSON object"),
        ("connected", reply(1, [[], "01020304", 1]), "extranonce2_size 1 is not 2 to 8"),
        ("connected", reply(1, [[], "01020304", 9]), "extranonce2_size 9 is not 2 to 8"),
        ("connected", reply(1, [[], "01" * 17, 4]), "longer than 16 bytes"),
        ("connected", reply(1, [[], "0102030", 4]), "extranonce1 is no hex"),
        ("authorized", told("mining.notify", *notify()), "before set_difficulty"),
        ("authorized", told("mining.set_difficulty", 0), "no miner knows 'mining.set_difficulty'"),
        ("authorized", told("mining.set_difficulty", "1"), "no miner knows"),
        ("authorized", told("mining.set_difficulty"), "no miner knows"),
        ("job", told("mining.notify", *notify()[:8]), "notify has nine params"),
        ("job", told("mining.notify", *notify(9)), "do the extranonce sizes fit"),
        ("job", told("mining.set_extranonce", "0102", 4), "which was not asked for"),
        ("job", told("mining.set_version_mask", "1fffe000"), "no mask was negotiated"),
        ("job", told("mining.set_version_mask", "zz"), "no miner knows"),
        ("job", told("client.reconnect", "host"), "no miner knows"),
        ("job", told("client.reconnect", "host", "port", 0), "no miner knows"),
        ("job", told("mining.set_goal", "x"), "no miner knows"),
        ("job", b'{"id":null,"method":"mining.notify","params":{}}\n', "no miner knows"),
        ("job", reply(7, True), "id 7, which nothing waits for"),
    ],
)
def test_violations(upto: str, line: bytes, complaint: str) -> None:
    made = miner(upto=upto)
    made.receive(line)
    assert len(made.violations) == 1
    assert complaint in made.violations[0].text
    with pytest.raises(ProtocolError, match="worker \\(cpuminer\\): "):
        miner(upto=upto, strict=True).receive(line)


def test_every_violation_has_a_code_and_a_severity() -> None:
    made = miner(upto="connected")
    made.receive(told("mining.ping", id=5) + b"[]\n")
    assert [(each.code, each.severity) for each in made.violations] == [
        ("SV1-HANDSHAKE-NEXT-LINE", "firmware"),
        ("SV1-FRAME-JSON", "must"),
    ]
    assert str(made.violations[1]) == (
        "worker (cpuminer): not a JSON object: b'[]' [SV1-FRAME-JSON]"
    )


def test_bitaxe_does_not_take_the_next_line_for_a_reply() -> None:
    made = SimulatedMiner("bitaxe", strict=True)
    made.connect()
    made.receive(told("mining.set_difficulty", 1))
    assert made.violations == []


def test_bfgminer_begins_again_without_suggest_target() -> None:
    made = SimulatedMiner("bfgminer", strict=True)
    assert b"suggest_target" in made.connect()
    made.receive(reply(None, None, [20, "unknown method", None]))
    assert "id None" in made.session.refused
    again = made.connect()
    assert b"suggest_target" not in again
    assert b"mining.subscribe" in again
    assert made.violations == []


def test_nothing_unasked_between_configure_and_its_reply() -> None:
    made = SimulatedMiner("cgminer")
    made.connect()
    made.receive(told("mining.set_version_mask", "1fffe000"))
    assert "where the next line must be a reply" in made.violations[0].text


@pytest.mark.parametrize(
    ("result", "mask", "complaint"),
    [
        ({"version-rolling": True, "version-rolling.mask": "1fffe000"}, 0x1FFFE000, None),
        ({"version-rolling": False}, 0, None),
        (None, 0, None),
        ({"version-rolling": True}, 0, "and the mask is not"),
        ({"version-rolling": True, "version-rolling.mask": "00000000"}, 0, "and the mask is not"),
        (
            {"version-rolling": True, "version-rolling.mask": "3fffe000"},
            0x1FFFE000,
            "bits that were not asked for",
        ),
    ],
)
def test_what_configure_grants(result: object, mask: int, complaint: str | None) -> None:
    made = SimulatedMiner("antminer")
    made.connect()
    assert b"mining.subscribe" in made.receive(reply(1, result))
    assert made.session.version_mask == mask
    assert len(made.violations) == (complaint is not None)
    assert all(str(complaint) in each.text for each in made.violations)


def test_no_configure_at_the_server() -> None:
    made = SimulatedMiner("cgminer")
    made.connect()
    assert b"mining.subscribe" in made.receive(reply(1, None, [20, "unknown", None]))
    assert made.violations == []


def test_extranonce_subscribe_is_answered_true() -> None:
    made = SimulatedMiner("antminer")
    made.connect()
    made.receive(reply(1, {}) + reply(2, SUBSCRIBED) + reply(3, True) + reply(4, True))
    made.receive(reply(5, None, [20, "Not supported.", None]))
    assert "mining.extranonce.subscribe is answered true" in made.violations[0].text


def test_a_job_id_twice_in_a_connection() -> None:
    made = miner()
    made.receive(told("mining.notify", *notify(job_id=made.job.job_id)))
    assert "a second time" in made.violations[0].text


def test_difficulty_is_1_again_after_each_subscribe() -> None:
    made = miner()
    assert made.difficulty == 1e-8
    made.connect()
    made.receive(reply(1, SUBSCRIBED) + reply(2, True) + told("mining.notify", *notify()))
    assert made.difficulty == 1.0


def test_difficulty_binds_from_the_next_notify() -> None:
    made = miner()
    made.receive(told("mining.set_difficulty", 0.5))
    assert made.difficulty == 1e-8
    made.receive(told("mining.notify", *notify()))
    assert made.difficulty == 0.5


def test_jobs_are_kept_until_a_clean_one() -> None:
    made = miner()
    for _ in range(JOBS_KEPT + 3):
        made.receive(told("mining.notify", *notify(clean=False)))
    assert len(made.session.jobs) == JOBS_KEPT
    made.receive(told("mining.notify", *notify(clean=True)))
    assert list(made.session.jobs.values()) == [made.job]
    assert (made.counts.jobs, made.counts.clean_jobs) == (JOBS_KEPT + 5, 2)


@pytest.mark.parametrize(
    ("answer", "code", "text", "right"),
    [
        ({"error": [23, "low", None]}, 23, "low", True),
        ({"error": [23, "low", "traceback"]}, 23, "low", True),
        ({"error": [23, "low"]}, 23, "low", False),
        ({"error": {"code": -32601, "message": "no", "data": None}}, -32601, "no", False),
        ({"error": "low"}, 0, "low", False),
        ({"error": True}, 0, "True", False),
        ({"result": False, "error": None, "reject-reason": "low"}, 0, "low", False),
        ({"result": False, "error": [0, "KYC", None]}, 0, "KYC", True),
        ({"result": False, "error": None}, 0, "False", False),
        ({"result": None, "error": None}, 0, "None", False),
        ({"result": 1, "error": None}, 0, "1", False),
    ],
)
def test_every_shape_of_no_is_read(
    answer: dict[str, object], code: int, text: str, right: bool
) -> None:
    made = miner()
    share = submitted(made)
    made.receive(orjson.dumps({"id": 4, **answer}) + b"\n")
    assert (share.verdict, share.code, share.text) == ("rejected", code, text)
    assert made.counts.rejected == {code: 1}
    assert (made.violations == []) is right


def test_replies_of_one_id_are_taken_in_order() -> None:
    made = miner()
    first, second = submitted(made), submitted(made)
    made.receive(reply(4, True) + reply(4, None, [22, "duplicate", None]))
    assert (first.verdict, second.verdict) == ("accepted", "rejected")
    assert made.counts.pending == 0
    made.receive(reply(4, True))
    assert "nothing waits for" in made.violations[0].text


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (reply(1, None, [20, "go away", None]), "subscribe: go away"),
        (reply(1, "nonsense"), "subscribe: 'nonsense'"),
        (reply(1, SUBSCRIBED) + reply(2, False), "authorize: False"),
        (reply(1, SUBSCRIBED) + reply(2, None, [24, "who?", None]), "authorize: who?"),
    ],
)
def test_refusals_end_the_handshake(line: bytes, why: str) -> None:
    made = miner(upto="connected")
    made.receive(line)
    assert made.session.refused == why
    assert not made.ready


def test_questions_are_answered() -> None:
    made = miner()
    assert made.receive(told("client.get_version", id=8)) == reply(8, "cpuminer/2.5.1")
    assert made.receive(told("mining.ping", id=7)) == reply(7, "pong")


def test_bitaxe_answers_a_ping_with_a_request() -> None:
    made = SimulatedMiner("bitaxe")
    made.connect()
    made.receive(reply(1, {"version-rolling": False}) + reply(2, SUBSCRIBED))
    (pong,) = made.receive(told("mining.ping", id=7)).splitlines()
    assert orjson.loads(pong) == {"id": 6, "method": "pong", "params": []}


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ([], ("", 0, 0.0)),
        (["10.0.0.1", 8889, 0], ("10.0.0.1", 8889, 0.0)),
        (["10.0.0.1", "8889", 2.5], ("10.0.0.1", 8889, 2.5)),
        (["10.0.0.1", 8889], ("10.0.0.1", 8889, 0.0)),
    ],
)
def test_reconnect(params: list[object], where: tuple[str, int, float]) -> None:
    made = miner()
    made.receive(told("client.reconnect", *params, id=0))
    assert made.session.reconnect_to == where
