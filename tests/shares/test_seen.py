"""The set of seen header hashes, C and Python, against a list that never forgets."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

SLICE = 64
"""Seconds of ntime that are forgotten together."""


def hash_of(key: int) -> bytes:
    """A hash with that key, and a high end as meeting a target makes it."""
    return key.to_bytes(8, "little") + bytes(24)


def test_new_once(shares: ModuleType) -> None:
    seen = shares.Seen()
    assert seen.add(hash_of(1), 7) is True
    assert seen.add(hash_of(1), 7) is False
    assert seen.add(hash_of(2), 7) is True
    assert len(seen) == 2


def test_key_is_the_low_order_eight_bytes(shares: ModuleType) -> None:
    seen = shares.Seen()
    assert seen.add(bytes(range(32)), 7)
    assert not seen.add(bytes(range(8)) + bytes(24), 7)
    for i in range(8):
        other = bytearray(range(32))
        other[i] ^= 0x80
        assert seen.add(bytes(other), 7)


def test_zero_is_a_key_like_any_other(shares: ModuleType) -> None:
    seen = shares.Seen()
    assert seen.add(bytes(32), 7)
    assert not seen.add(bytes(32), 7)
    assert len(seen) == 1
    seen.forget(7 + SLICE)
    assert seen.add(bytes(32), 7)


def test_what_can_come_again_is_never_forgotten(shares: ModuleType) -> None:
    """Whatever is told to be forgotten, an ntime from there on is known."""
    seen = shares.Seen()
    start = 0x65000000
    for ntime in range(start, start + 4 * SLICE):
        assert seen.add(hash_of(ntime), ntime)
    for before in range(start, start + 4 * SLICE):
        seen.forget(before)
        assert not seen.add(hash_of(before), before)
        assert len(seen) <= start + 4 * SLICE - before + SLICE


def test_the_last_ntime_there_is(shares: ModuleType) -> None:
    seen = shares.Seen()
    assert seen.add(hash_of(1), 0xFFFFFFFF)
    seen.forget(0xFFFFFFFF)
    assert not seen.add(hash_of(1), 0xFFFFFFFF)


def test_keys_that_crowd_one_place_of_the_table(shares: ModuleType) -> None:
    seen = shares.Seen()
    keys = [n << 32 for n in range(1, 500)] + [(n << 32) + 255 for n in range(500)]
    assert all(seen.add(hash_of(key), 7) for key in keys)
    assert not any(seen.add(hash_of(key), 7) for key in keys)
    assert len(seen) == len(keys)


def test_many(shares: ModuleType) -> None:
    seen = shares.Seen()
    step = 0x9E3779B97F4A7C15
    keys = [n * step % 2**64 for n in range(10000)]
    assert all(seen.add(hash_of(key), 7) for key in keys)
    assert len(seen) == 10000
    assert not any(seen.add(hash_of(key), 7) for key in keys)


@pytest.mark.parametrize("ntime", [-1, 2**32, 2**80])
def test_ntime_outside_the_limits(shares: ModuleType, ntime: int) -> None:
    with pytest.raises(ValueError, match="ntime must"):
        shares.Seen().add(bytes(32), ntime)
    with pytest.raises(ValueError, match="ntime must"):
        shares.Seen().forget(ntime)


def test_hash_of_another_size(shares: ModuleType) -> None:
    with pytest.raises(ValueError, match="hash must be 32 bytes"):
        shares.Seen().add(bytes(31), 7)


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.integers(0, 20), st.integers(0, 5 * SLICE)), st.integers(0, 5 * SLICE)
        ),
        max_size=200,
    )
)
def test_against_a_list(shares: ModuleType, steps: list[tuple[int, int] | int]) -> None:
    """Keys with their ntimes; a number alone: what lies before it is forgotten."""
    seen = shares.Seen()
    known: set[tuple[int, int]] = set()
    for step in steps:
        if isinstance(step, int):
            seen.forget(step)
            known = {each for each in known if each[1] >= step // SLICE}
        else:
            key, ntime = step
            assert seen.add(hash_of(key), ntime) is ((key, ntime // SLICE) not in known)
            known.add((key, ntime // SLICE))
        assert len(seen) == len(known)
