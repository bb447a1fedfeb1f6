"""mining.configure: BIP310 in all its dialects."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.protocol.v1.configure import FULL_MASK, Wishes, is_difficulty, parse_hex32


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1fffe000", 0x1FFFE000),
        ("1FFFE000", 0x1FFFE000),
        ("0x1fffe000", 0x1FFFE000),
        ("0", 0),
        ("00000000", 0),
        ("ffffffff", FULL_MASK),
        *[
            (wrong, None)
            for wrong in ("", "0x", "x", "123456789", "0x123456789", "-1", "+1", " 1", "1_0", "1\n")
        ],
        ("\u0661", None),
        (0x1FFFE000, None),
        (None, None),
        (True, None),
        (["1"], None),
    ],
)
def test_32_bits_in_hex(text: object, number: int | None) -> None:
    assert parse_hex32(text) == number


@given(st.text(max_size=12))
def test_32_bits_in_any_text(text: str) -> None:
    number = parse_hex32(text)
    if number is not None:
        assert 0 <= number <= FULL_MASK
        assert int(text, 16) == number


@pytest.mark.parametrize(
    ("value", "can_be"),
    [
        (1, True),
        (1e-12, True),
        (2**64 - 1, True),
        (0, False),
        (-1, False),
        (0.0, False),
        (float("inf"), False),
        (float("nan"), False),
        (True, False),
        ("1", False),
        (None, False),
        ([1], False),
    ],
)
def test_what_can_be_a_difficulty(value: object, can_be: bool) -> None:
    assert is_difficulty(value) is can_be


MASK = {"version-rolling.mask": "1fffe000"}


@pytest.mark.parametrize(
    "bits", [{}, *[{"version-rolling.min-bit-count": x} for x in (2, "2", 99)]]
)
def test_the_least_count_of_bits_as_number_or_string_or_absent(bits: dict[str, object]) -> None:
    wishes = Wishes.parse([["version-rolling"], MASK | bits])
    assert wishes.version_mask == 0x1FFFE000
    assert wishes.answer(0x1FFFE000) == {
        "version-rolling": True,
        "version-rolling.mask": "1fffe000",
    }


@pytest.mark.parametrize("options", [[], [{}], [None], ["x"]])
def test_without_a_mask_all_bits_are_meant(options: list[object]) -> None:
    assert Wishes.parse([["version-rolling"], *options]).version_mask == FULL_MASK


def test_a_mask_that_is_none_is_refused() -> None:
    wishes = Wishes.parse([["version-rolling"], {"version-rolling.mask": "what?"}])
    assert wishes.version_mask is None
    assert wishes.answer(0) == {"version-rolling": False}


def test_the_other_extensions() -> None:
    """As OCEAN saw them: a line with all of them at once."""
    wishes = Wishes.parse(
        [
            ["version-rolling", "minimum-difficulty", "subscribe-extranonce", "info", "unheard-of"],
            MASK | {"version-rolling.min-bit-count": 16, "minimum-difficulty.value": 2048},
        ]
    )
    assert wishes.minimum_difficulty == 2048
    assert wishes.answer(0x00FFE000) == {
        "version-rolling": True,
        "version-rolling.mask": "00ffe000",
        "minimum-difficulty": True,
        "subscribe-extranonce": True,
        "info": True,
        "unheard-of": False,
    }


@pytest.mark.parametrize("value", [None, 0, -1, "2048", True, [], 1e400])
def test_a_minimum_that_is_none(value: object) -> None:
    wishes = Wishes.parse([["minimum-difficulty"], {"minimum-difficulty.value": value}])
    assert wishes.minimum_difficulty is None
    assert wishes.answer(0) == {"minimum-difficulty": False}


def test_values_of_what_was_not_asked_for_count_for_nothing() -> None:
    wishes = Wishes.parse([["info"], MASK | {"minimum-difficulty.value": 5}])
    assert (wishes.version_mask, wishes.minimum_difficulty) == (None, None)


@pytest.mark.parametrize("params", [None, [], {}, "x", [None], [{}], [["x"] * 1000], [[5, None]]])
def test_what_makes_no_sense_is_not_asked(params: object) -> None:
    wishes = Wishes.parse(params)
    assert wishes.version_mask is None
    assert len(wishes.answer(0)) <= 16


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)
names = st.sampled_from(
    ["version-rolling", "minimum-difficulty", "subscribe-extranonce", "info"]
) | st.text(max_size=5)
options = st.dictionaries(
    st.sampled_from(
        ["version-rolling.mask", "version-rolling.min-bit-count", "minimum-difficulty.value"]
    ),
    values,
)


@given(st.tuples(st.lists(names | values, max_size=5), options).map(list) | values)
def test_params_of_any_kind(params: object) -> None:
    wishes = Wishes.parse(params)
    assert wishes.version_mask is None or 0 <= wishes.version_mask <= FULL_MASK
    assert wishes.minimum_difficulty is None or is_difficulty(wishes.minimum_difficulty)
    wishes.answer(0x1FFFE000)
