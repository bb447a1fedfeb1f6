"""Keys out of bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.top.keys import Keys


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"q/s", ["q", "/", "s"]),
        (b"\x1b[A\x1b[B\x1bOA", ["up", "down", "up"]),
        (b"\x1b[5~\x1b[6~", ["page-up", "page-down"]),
        (b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1bOF", ["home", "end", "home", "end", "end"]),
        (b"\r\n", ["enter", "enter"]),
        (b"\x7f\x08\x15", ["backspace", "backspace", "clear"]),
        ("ü中".encode(), ["ü", "中"]),
        (b"\x1b", ["escape"]),
        (b"\x1b\x1b", ["escape", "escape"]),
        (b"\x1bq", ["escape", "q"]),
        (b"\x1b[1;5C\x1b[200~x", ["x"]),  # keys and marks that mean nothing here
        (b"\x00\x1a\x0e", []),
        (b"\xff", ["�"]),
    ],
)
def test_keys(data: bytes, keys: list[str]) -> None:
    assert list(Keys().feed(data)) == keys


def test_a_sequence_may_come_in_pieces() -> None:
    keys = Keys()
    assert list(keys.feed(b"a\x1b[")) == ["a"]
    assert list(keys.feed(b"6")) == []
    assert list(keys.feed(b"~b\xc3")) == ["page-down", "b"]
    assert list(keys.feed(b"\xbc")) == ["ü"]


def test_a_sequence_without_end_is_given_up() -> None:
    keys = Keys()
    found = [key for _ in range(100) for key in keys.feed(b"\x1b[" + b"1" * 5)]
    assert found
    assert list(keys.feed(b"qq"))[-1] == "q"


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_whatever_comes(pieces: list[bytes]) -> None:
    keys = Keys()
    for piece in pieces:
        for key in keys.feed(piece):
            assert key.isprintable()
