"""Hex as miners send it: strict, whatever Python's own readers would take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.protocol.v1.hex import read_bytes, read_uint32

NOT_A_STRING = [None, 1, 1.5, True, b"00000001", ["00000001"], {}, object]
NOT_HEX = ["0000000g", "0x000001", "0000 001", " 0000001", "00000_01", "+0000001", "-0000001"]
NOT_ASCII = [
    "\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0661",  # Arabic digits
    "0000000\uff11",
    "000000é",
    "\ud8000000000",  # a lone surrogate has no UTF-8
    "\x000000001",
    "0000000\x00",
    "00000001\n",
]


@pytest.mark.parametrize("text", [*NOT_A_STRING, *NOT_HEX, *NOT_ASCII], ids=ascii)
def test_what_is_not_hex(text: object) -> None:
    assert read_bytes(text) is None
    assert read_uint32(text) is None


def test_bytes_have_two_digits_each() -> None:
    assert read_bytes("") == b""
    assert read_bytes("aBcDeF09") == b"\xab\xcd\xef\x09"
    assert read_bytes("0") is None
    assert read_bytes("00000") is None


def test_a_number_has_one_to_eight() -> None:
    assert read_uint32("") is None
    assert read_uint32("1") == 1
    assert read_uint32("3e8") == read_uint32("000003E8") == 1000
    assert read_uint32("ffffffff") == 2**32 - 1
    assert read_uint32("000000000") is None


@given(data=st.binary(max_size=40), number=st.integers(0, 2**32 - 1))
def test_what_was_written_is_read(data: bytes, number: int) -> None:
    assert read_bytes(data.hex()) == read_bytes(data.hex().upper()) == data
    assert read_uint32(f"{number:x}") == read_uint32(f"{number:08X}") == number
