"""A mining process's end of the channel: nothing is lost, nothing waits, and memory is bounded."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.telemetry import outbox as module
from stratumproxy.telemetry.channel import HELLO, START, Lines, encode, encode_ack
from stratumproxy.telemetry.outbox import AT_ONCE, MOST_ANSWERS, MOST_BATCHES, Outbox
from stratumproxy.telemetry.records import Batch, ShareRecord, WorkRecord

SHARE = ("farm.1", 1.0)


def heard(outbox: Outbox) -> list[dict[str, Any]]:
    """Everything that is sent by now, as it comes out at the other end."""
    data = b""
    while piece := outbox.take():
        data += piece
    return Lines().cut(data)


def batches(outbox: Outbox) -> list[int]:
    return [message["seq"] for message in heard(outbox) if "seq" in message]


def test_a_batch_arrives_as_it_is() -> None:
    outbox = Outbox("5f3a", 1, site="north")
    share = (1.5, "farm.1", "main", "6a", 512, 8192.0, 9000.5, "accepted", "", 0.031)
    work = WorkRecord("farm.1", "main", 3, 1536.0, {"stale": 1}, 512.0, 9000.5)
    outbox.add(17.5, shares=[share], work=[work], dropped={"events": 2})
    (message,) = heard(outbox)
    assert Batch.decode(message) == Batch(
        "5f3a",
        1,
        1,
        17.5,
        shares=[ShareRecord(*share)],
        work=[work],
        miners=[],
        jobs=[],
        events=[],
        dropped={"events": 2},
        site="north",
    )


def test_it_begins_with_the_end_of_what_another_left() -> None:
    outbox = Outbox("a", 0)
    outbox.add(1)
    outbox.add(1)
    first = outbox.take()
    assert first.startswith(START + b"{")
    assert Lines().cut(b'{"run": "b", "sha' + first)[0]["seq"] == 1
    outbox.add(1)
    assert outbox.take().startswith(b"{"), "only once"


def test_batches_go_with_the_time_they_are_sent_at() -> None:
    outbox = Outbox("a", 0)
    outbox.show({"uptime": 1})
    assert b"now" not in outbox.take(17.0), "there is no batch"
    outbox.add(16.5)
    outbox.add(16.5)
    messages = Lines().cut(outbox.take(17.0))
    assert [*messages[0]] == ["now"]
    assert messages[0]["now"] == 17.0
    assert [message["seq"] for message in messages[1:]] == [1, 2]
    outbox.receive(HELLO)
    assert Lines().cut(outbox.take(47.0))[0] == {"now": 47.0}, "told again, they are older"


def test_what_nobody_has_for_good_is_told_again() -> None:
    outbox = Outbox("a", 0)
    for _ in range(5):
        outbox.add(1)
    assert batches(outbox) == [1, 2, 3, 4, 5]
    assert batches(outbox) == []
    assert outbox.receive(encode_ack("a", 3)) == []
    assert outbox.unacknowledged == 2
    outbox.receive(HELLO)
    assert batches(outbox) == [4, 5]
    assert outbox.greeted == 1


def test_an_acknowledgement_of_what_was_sent_before_the_hello() -> None:
    outbox = Outbox("a", 0)
    for _ in range(3):
        outbox.add(1)
    assert batches(outbox) == [1, 2, 3]
    outbox.receive(HELLO + encode_ack("a", 2))
    assert batches(outbox) == [3]


@pytest.mark.parametrize(
    "ack",
    [
        encode_ack("b", 3),
        encode({"ack": {"run": "a", "seq": "3"}}),
        encode({"ack": {"run": "a"}}),
        encode({"ack": 3}),
        b"nonsense\n",
    ],
)
def test_what_is_no_acknowledgement_of_ours(ack: bytes) -> None:
    outbox = Outbox("a", 0)
    outbox.add(1)
    outbox.receive(ack)
    assert outbox.unacknowledged == 1


def test_it_is_full_by_number() -> None:
    outbox = Outbox("a", 0)
    for _ in range(MOST_BATCHES):
        assert not outbox.full
        outbox.add(1)
    assert outbox.full
    outbox.receive(encode_ack("a", 1))
    assert not outbox.full


def test_it_is_full_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    outbox = Outbox("a", 0)
    outbox.add(1, shares=[SHARE] * 100)
    assert outbox.full
    outbox.take()
    assert outbox.full, "sent is not safe"
    outbox.receive(encode_ack("a", 1))
    assert not outbox.full


def test_it_hands_out_a_bounded_piece_at_a_time() -> None:
    outbox = Outbox("a", 0)
    for _ in range(20):
        outbox.add(1, shares=[SHARE] * 1000)
    pieces = []
    while piece := outbox.take():
        pieces.append(len(piece))
    assert len(pieces) > 4
    assert max(pieces) <= AT_ONCE
    outbox.add(1, shares=[SHARE] * 10_000)
    assert len(outbox.take()) > AT_ONCE, "one batch is not cut"


def test_only_the_newest_snapshot_is_told() -> None:
    outbox = Outbox("a", 2)
    for uptime in range(1000):
        outbox.show({"uptime": uptime})
    assert heard(outbox) == [{"snapshot": {"uptime": 999}, "process": 2, "run": "a"}]


def test_orders_and_their_answers() -> None:
    outbox = Outbox("a", 0)
    order = {"do": 4, "action": "ban", "worker": "x"}
    line = encode(order)
    assert outbox.receive(line[:9]) == []
    assert outbox.receive(line[9:] + encode({"more": 1})) == [order]
    outbox.answer(4, {"result": {"miners": 2}})
    outbox.answer("x", {"error": "no"})
    assert heard(outbox) == [{"done": 4, "result": {"miners": 2}}, {"done": "x", "error": "no"}]


@pytest.mark.parametrize(
    "order", [{"do": None}, {"do": 1.5}, {"do": [1]}, {"do": {}}, {"do": True}]
)
def test_an_order_whose_id_is_none(order: dict[str, Any]) -> None:
    assert Outbox("a", 0).receive(encode(order)) == []


def test_an_id_too_deep_to_be_said_back() -> None:
    deep = b'{"do":' + b"[" * 300 + b"]" * 300 + b"}\n"
    assert Outbox("a", 0).receive(deep + encode({"do": 2})) == [{"do": 2}]


def test_answers_that_nobody_fetches_are_bounded() -> None:
    outbox = Outbox("a", 0)
    for number in range(1000):
        outbox.answer(number, {"result": {}})
    assert len(heard(outbox)) == MOST_ANSWERS


def test_who_sends_is_woken() -> None:
    woken = []
    outbox = Outbox("a", 0, lambda: woken.append(1))
    outbox.add(1)
    outbox.show({})
    outbox.answer(1, {})
    outbox.receive(HELLO)
    assert len(woken) == 4


@given(st.lists(st.sampled_from(["add", "take", "keep", "kill"]), max_size=60))
def test_everything_arrives_once_it_is_counted_once(steps: list[str]) -> None:
    """Whoever keeps (run, seq) with what it keeps has every batch exactly once, in order."""
    outbox, told = Outbox("a", 0), 0
    lines = Lines()
    unsaved: list[int] = []
    ledger: list[int] = []
    for step in [*steps, "kill", "take", "take", "keep"]:
        if step == "add":
            outbox.add(1)
            told += 1
        elif step == "take":
            unsaved += [each["seq"] for each in lines.cut(outbox.take()) if "seq" in each]
        elif step == "keep":
            ledger += [seq for seq in unsaved if seq > (ledger[-1] if ledger else 0)]
            if ledger:
                outbox.receive(encode_ack("a", ledger[-1]))
            unsaved = []
        else:
            unsaved, lines = [], Lines()
            outbox.receive(START + HELLO)
    assert ledger == list(range(1, told + 1))
    assert outbox.unacknowledged == 0
