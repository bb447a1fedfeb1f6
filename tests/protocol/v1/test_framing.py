"""Bytes into lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.errors import LineTooLong
from stratumproxy.protocol.v1.framing import split_lines


def test_lines_and_what_is_left() -> None:
    assert split_lines(b"", b"one\ntwo\nthr", 100) == ([b"one", b"two"], b"thr")
    assert split_lines(b"thr", b"ee\n", 100) == ([b"three"], b"")
    assert split_lines(b"", b"", 100) == ([], b"")


def test_a_carriage_return_stays() -> None:
    """It is white space to JSON."""
    assert split_lines(b"", b"{}\r\n", 100) == ([b"{}\r"], b"")


@pytest.mark.parametrize("data", [b"x" * 10 + b"\n", b"x" * 10, b"\n" * 50 + b"x" * 10 + b"\n"])
def test_a_line_of_the_limit(data: bytes) -> None:
    split_lines(b"", data, 10)


@pytest.mark.parametrize("data", [b"x" * 11 + b"\n", b"x" * 11, b"a\n" + b"x" * 11 + b"\nb\n"])
def test_a_line_past_the_limit(data: bytes) -> None:
    with pytest.raises(LineTooLong, match="a line is longer than 10 bytes"):
        split_lines(b"", data, 10)


def test_the_tail_counts() -> None:
    with pytest.raises(LineTooLong):
        split_lines(b"x" * 10, b"x", 10)


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b""))), st.data())
def test_lines_cut_anywhere_come_out_whole(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    got: list[bytes] = []
    tail = b""
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        more, tail = split_lines(tail, stream[:cut], 20)
        stream = stream[cut:]
        got += more
    assert (got, tail) == (lines, b"")
