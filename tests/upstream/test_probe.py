"""The question whether names may share a session, as a transcript."""

import json
from typing import Any

import pytest

from stratumproxy.accounting.naming import Naming
from stratumproxy.upstream.names import PATIENCE
from stratumproxy.upstream.probe import Answer, Probe, probing
from stratumproxy.upstream.v1 import V1Session
from tests.upstream.sessions import AUTHORIZED, SUBSCRIBED, job

SECOND = b'"mining.authorize","params":["farm.probe","x"]'


def begun() -> Probe:
    """One that has said its handshake."""
    naming = Naming("farm")
    probe = Probe(V1Session("farm", "x", 0, names=probing(naming)), naming)
    said(probe)
    return probe


def asked() -> Probe:
    """One that has asked for the second name, at 100 s."""
    probe = begun()
    probe.receive(SUBSCRIBED + AUTHORIZED, 99.0)
    assert said(probe) == b"", "some pools are not through with the first before they send a job"
    probe.receive(job(), 100.0)
    assert SECOND in said(probe)
    return probe


def said(probe: Probe) -> bytes:
    data = bytes(probe.session.outgoing)
    probe.session.outgoing.clear()
    return data


def reply(**answer: Any) -> bytes:
    return json.dumps({"id": 16, **answer}).encode() + b"\n"


@pytest.mark.parametrize(
    ("heard", "shared", "why"),
    [
        (reply(result=True, error=None), True, "it said true to a second name"),
        (reply(result=None, error=[24, "no", None]), False, "it refused a second name: no"),
        (reply(result=False), False, "it refused a second name: refused without a reason"),
        (b"", False, "asked for a second name, it hung up"),
        (b'{"id":3,"result":false,"error":[24,"kick",null]}\n', False, "asked for a second name, "),
        (b'{"method":"mining.set_extranonce","params":[7]}\n', False, "asked for a second name, "),
    ],
)
def test_an_answer(heard: bytes, shared: bool, why: str) -> None:
    probe = asked()
    probe.receive(heard, 101.0)
    assert probe.answer is not None
    assert probe.answer.shared is shared
    assert probe.answer.why.startswith(why)


def test_silence() -> None:
    probe = asked()
    assert probe.until == 100.0 + PATIENCE
    probe.receive(job("2"), 105.0)
    probe.tend(100.0 + PATIENCE - 0.1)
    assert probe.answer is None
    probe.tend(100.0 + PATIENCE)
    assert probe.answer == Answer(False, "it gave a second name no answer within 10 s")


@pytest.mark.parametrize(
    "heard", [b"", b'{"id":3,"result":false}\n', b"HTTP/1.1 400 Bad Request\n"]
)
def test_what_goes_wrong_before_it_is_asked_says_nothing(heard: bytes) -> None:
    probe = begun()
    assert probe.until is None
    probe.receive(heard, 1.0)
    assert probe.answer is not None
    assert probe.answer.shared is None


def test_a_connection_that_breaks() -> None:
    early, late = begun(), asked()
    for probe in (early, late):
        probe.broke("the connection broke")
    assert early.answer == Answer(None, "the connection broke")
    assert late.answer == Answer(False, "asked for a second name, the connection broke")


def test_the_first_answer_is_the_answer() -> None:
    probe = asked()
    probe.receive(reply(result=True), 101.0)
    probe.receive(reply(result=False), 101.0)
    probe.receive(b"", 102.0)
    probe.tend(1000.0)
    probe.broke("gone")
    assert probe.answer is not None
    assert probe.answer.shared
