"""Lines between processes that may be killed at any byte."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.telemetry.channel import HELLO, START, Lines, encode, encode_ack

MESSAGES: list[dict[str, Any]] = [
    {"hello": True},
    {"ack": {"run": "a", "seq": 3}},
    {"do": 1, "action": "reload"},
]


@given(st.lists(st.integers(0, 200)))
def test_lines_come_together_however_they_are_cut(cuts: list[int]) -> None:
    stream = START + b"".join(map(encode, MESSAGES))
    lines, got = Lines(), []
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    for begin, end in pairwise(places):
        got += lines.cut(stream[begin:end])
    assert got == MESSAGES
    assert lines.skipped == 0


@given(st.integers(1, 48))
def test_what_a_killed_one_left_does_not_swallow_what_comes_next(length: int) -> None:
    torn = encode({"do": 17, "action": "difficulty", "worker": {"a": {}}})[:length]
    assert Lines().cut(torn + START + HELLO) == [{"hello": True}]


@pytest.mark.parametrize("line", [b"[]", b"1", b"null", b"{", b"\xff\xfe", b'"x"', b"{}}"])
def test_what_is_no_message_is_skipped_and_counted(line: bytes) -> None:
    lines = Lines()
    assert lines.cut(line + b"\n" + encode_ack("a", 1)) == [{"ack": {"run": "a", "seq": 1}}]
    assert lines.skipped == 1


def test_empty_lines_are_nothing() -> None:
    lines = Lines()
    assert lines.cut(b"\n\n" + HELLO + b"\n") == [{"hello": True}]
    assert lines.skipped == 0


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_a_line_without_an_end_takes_no_memory(piece: int) -> None:
    lines = Lines(limit=100)
    for _ in range(2000 // piece):
        assert lines.cut(b"x" * piece) == []
        assert len(lines._tail) <= 100
    assert lines.cut(b'{"x":1}\n' + HELLO) == [{"hello": True}]
    assert lines.skipped == 1


def test_what_json_does_not_know_is_told_as_text() -> None:
    assert Lines().cut(encode({"result": {"x": object}})) == [{"result": {"x": str(object)}}]
