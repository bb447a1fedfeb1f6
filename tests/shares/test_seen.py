"""The set of seen header hashes, C and Python, against a list that never forgets."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st


def hash_of(key: int) -> bytes:
    """A hash with that key, and a high end as meeting a target makes it."""
    return key.to_bytes(8, "little") + bytes(24)


def test_new_once(shares: ModuleType) -> None:
    seen = shares.Seen()
    assert seen.add(hash_of(1)) is True
    assert seen.add(hash_of(1)) is False
    assert seen.add(hash_of(2)) is True
    assert len(seen) == 2


def test_key_is_the_low_order_eight_bytes(shares: ModuleType) -> None:
    seen = shares.Seen()
    assert seen.add(bytes(range(32)))
    assert not seen.add(bytes(range(8)) + bytes(24))
    for i in range(8):
        other = bytearray(range(32))
        other[i] ^= 0x80
        assert seen.add(bytes(other))


def test_zero_is_a_key_like_any_other(shares: ModuleType) -> None:
    seen = shares.Seen(limit=2)
    assert seen.add(bytes(32))
    assert not seen.add(bytes(32))
    assert len(seen) == 1
    assert seen.add(hash_of(1))  # turns the generation over
    assert not seen.add(bytes(32))
    assert seen.add(hash_of(2))
    assert seen.add(hash_of(3))  # and again
    assert seen.add(bytes(32))


def test_generations(shares: ModuleType) -> None:
    seen = shares.Seen(limit=3)
    for key in range(1, 7):
        assert seen.add(hash_of(key))
    assert len(seen) == 3  # 4, 5 and 6 are the old generation, the young one is empty
    assert [seen.add(hash_of(key)) for key in (4, 5, 6)] == [False] * 3
    assert [seen.add(hash_of(key)) for key in (1, 2)] == [True] * 2
    assert len(seen) == 5


def test_clear(shares: ModuleType) -> None:
    seen = shares.Seen(limit=10)
    for key in range(15):
        seen.add(hash_of(key))
    seen.clear()
    assert len(seen) == 0
    assert all(seen.add(hash_of(key)) for key in range(15))


def test_keys_that_crowd_one_place_of_the_table(shares: ModuleType) -> None:
    seen = shares.Seen()
    keys = [n << 32 for n in range(1, 500)] + [(n << 32) + 255 for n in range(500)]
    assert all(seen.add(hash_of(key)) for key in keys)
    assert not any(seen.add(hash_of(key)) for key in keys)
    assert len(seen) == len(keys)


def test_many(shares: ModuleType) -> None:
    seen = shares.Seen(limit=4096)
    step = 0x9E3779B97F4A7C15
    keys = [n * step % 2**64 for n in range(10000)]
    assert all(seen.add(hash_of(key)) for key in keys)
    assert len(seen) == 4096 + 10000 % 4096
    assert not any(seen.add(hash_of(key)) for key in keys[-4096:])


@pytest.mark.parametrize("limit", [0, -1, 2**28 + 1, 2**80])
def test_limit_outside_the_limits(shares: ModuleType, limit: int) -> None:
    with pytest.raises(ValueError, match="limit must"):
        shares.Seen(limit)


def test_hash_of_another_size(shares: ModuleType) -> None:
    with pytest.raises(ValueError, match="hash must be 32 bytes"):
        shares.Seen().add(bytes(31))


@given(limit=st.integers(1, 12), keys=st.lists(st.integers(0, 30), max_size=200))
def test_against_a_list(shares: ModuleType, limit: int, keys: list[int]) -> None:
    """New hashes in the order they came, in groups of `limit`: the last full group and the one
    being filled are remembered.
    """
    seen = shares.Seen(limit)
    history: list[int] = []
    for key in keys:
        full_groups = len(history) // limit
        remembered = history[max(full_groups - 1, 0) * limit :]
        assert len(seen) == len(remembered)
        assert seen.add(hash_of(key)) is (key not in remembered)
        if key not in remembered:
            history.append(key)
