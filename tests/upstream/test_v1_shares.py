"""Shares on a session with a pool, and their verdicts."""

import pytest

from stratumproxy.errors import PoolError
from stratumproxy.protocol.v1.submit import encode_submit_head
from stratumproxy.upstream.v1 import FIRST_SUBMIT, V1Session
from tests.upstream.sessions import ready, said, share

HEAD = encode_submit_head("farm", "1")
FOUND = bytes(4), 0x65000000, 1, None


def test_a_share_goes_out_under_an_integer_of_ours() -> None:
    """DATUM closes on any other id."""
    made = ready()
    made.submit(share(), HEAD, (b"\0\0\0\1", 0x65000000, 0xDEADBEEF, None))
    made.submit(share(), HEAD, (b"\0\0\0\2", 0x65000000, 0xDEADBEEF, 0x2000))
    assert said(made) == [
        {
            "id": FIRST_SUBMIT,
            "method": "mining.submit",
            "params": ["farm", "1", "00000001", "65000000", "deadbeef"],
        },
        {
            "id": FIRST_SUBMIT + 1,
            "method": "mining.submit",
            "params": ["farm", "1", "00000002", "65000000", "deadbeef", "00002000"],
        },
    ]


def test_verdicts_in_any_order() -> None:
    made = ready()
    one, two = share(), share()
    for each in (one, two):
        made.submit(each, HEAD, FOUND)
    assert made.receive(
        b'{"id":17,"result":true,"error":null}\n{"id":16,"result":false,"error":[23,"low"]}\n', 0
    ) == [two, one]
    assert (two.error, one.error) == (None, (23, "low"))
    assert not made.pending


def test_a_second_verdict_is_nothing() -> None:
    made = ready()
    made.submit(share(), HEAD, FOUND)
    assert len(made.receive(b'{"id":16,"result":true}\n{"id":16,"result":false}\n', 0)) == 1


@pytest.mark.parametrize("result", ["[]", '"ok"', "1", "{}"])
def test_an_odd_yes(result: str) -> None:
    made = ready()
    sent = share()
    made.submit(sent, HEAD, FOUND)
    made.receive(b'{"id":16,"result":%b,"error":null}\n' % result.encode(), 0)
    assert sent.error is None


def test_the_writer_is_woken_for_the_first_share_only() -> None:
    woken = []
    made: V1Session = ready(wake=lambda: woken.append(len(made.outgoing)))
    for _ in range(3):
        made.submit(share(), HEAD, FOUND)
    assert woken == [0]
    made.outgoing.clear()
    made.submit(share(), HEAD, FOUND)
    assert woken == [0, 0]


def test_what_is_overdue() -> None:
    made = ready()
    shares = [share(float(second)) for second in range(5)]
    for each in shares:
        made.submit(each, HEAD, FOUND)
    assert made.overdue(0.0) == []
    assert made.overdue(2.0) == shares[:2]
    assert made.overdue(2.0) == []
    assert made.receive(b'{"id":16,"result":true}\n{"id":18,"result":true}\n', 0) == [shares[2]]
    assert made.overdue(99.0) == shares[3:]


def test_what_is_left_when_the_connection_is_gone() -> None:
    made = ready()
    shares = [share(), share()]
    for each in shares:
        made.submit(each, HEAD, FOUND)
    assert made.abandon() == shares
    assert made.abandon() == []
    assert not made.ready


def test_verdicts_before_a_fatal_line_are_not_forgotten() -> None:
    made = ready()
    good, late = share(), share()
    for each in (good, late):
        made.submit(each, HEAD, FOUND)
    end = b'{"method":"mining.set_extranonce","params":["f0",1]}\n'
    with pytest.raises(PoolError):
        made.receive(b'{"id":16,"result":true}\n%b{"id":17,"result":true}\n' % end, 0)
    assert made.unreported == [good]
    assert good.error is None
    assert made.abandon() == [late]
