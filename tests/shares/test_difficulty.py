"""Difficulty and target, exactly."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratumproxy.shares.difficulty import (
    DIFFICULTY_1,
    MAX_TARGET,
    difficulty_of,
    target_bytes,
    target_of,
    target_of_nbits,
)

VECTORS = Path(__file__).parents[1] / "vectors"
ROWS = json.loads((VECTORS / "difficulty_targets.json").read_text())["rows"]
BLOCKS = json.loads((VECTORS / "blocks.json").read_text())


@pytest.mark.parametrize("row", ROWS, ids=[str(row["difficulty"]) for row in ROWS])
def test_target_of_the_vectors(row: dict[str, Any]) -> None:
    difficulty, exact = row["difficulty"], int(row["exact"], 16)
    assert target_of(difficulty) == exact
    assert target_bytes(difficulty) == exact.to_bytes(32, "little")
    if isinstance(difficulty, int):
        assert target_of(float(difficulty)) == exact


@pytest.mark.parametrize("row", ROWS, ids=[str(row["difficulty"]) for row in ROWS])
def test_what_miners_make_of_it_is_near(row: dict[str, Any]) -> None:
    """cgminer's and cpuminer's doubles: the figures in the vectors, from our exact target."""
    exact = target_of(row["difficulty"])
    for miner, name in (("cgminer_ckpool", "cgminer"), ("cpuminer", "cpuminer")):
        off = Fraction(int(row[miner], 16) - exact, exact)
        assert float(off) == pytest.approx(row[f"{name}_minus_exact_rel"], rel=1e-9, abs=1e-18)


@pytest.mark.parametrize("difficulty", [0, -1, -0.5, float("inf"), float("nan")])
def test_not_a_difficulty(difficulty: float) -> None:
    with pytest.raises(ValueError, match="is not a positive number"):
        target_of(difficulty)


def test_tiny_difficulty_is_the_largest_target() -> None:
    assert target_of(5e-324) == MAX_TARGET
    assert target_of(2**-32) == DIFFICULTY_1 << 32
    assert target_of(2**-33) == MAX_TARGET


@settings(deadline=None)
@given(st.floats(min_value=2**-32, max_value=1e30, exclude_min=True))
def test_target_is_the_largest_that_the_difficulty_allows(difficulty: float) -> None:
    target = target_of(difficulty)
    assert target * Fraction(difficulty) <= DIFFICULTY_1 < (target + 1) * Fraction(difficulty)


@settings(deadline=None)
@given(st.integers(1, MAX_TARGET))
def test_difficulty_of(target: int) -> None:
    exact = Fraction(DIFFICULTY_1, target)
    assert abs(Fraction(difficulty_of(target)) - exact) <= exact * Fraction(1, 2**53)


def test_difficulty_of_nothing() -> None:
    assert difficulty_of(0) == float("inf")


@pytest.mark.parametrize("block", BLOCKS, ids=[str(block["height"]) for block in BLOCKS])
def test_network_target_of_the_blocks(block: dict[str, str]) -> None:
    target = target_of_nbits(int(block["nbits"], 16))
    assert target == int(block["network_target"], 16)
    assert difficulty_of(target) == block["network_difficulty"]


@pytest.mark.parametrize(
    ("nbits", "target"),
    [
        (0x00000000, 0),
        (0x01003456, 0),
        (0x01123456, 0x12),
        (0x02008000, 0x80),
        (0x03123456, 0x123456),
        (0x05009234, 0x92340000),
        (0x04923456, 0),  # negative
        (0x20123456, 0x123456 << 232),
        (0x2100FFFF, 0xFFFF << 240),
        (0x2200FFFF, 0),  # overflows
        (0x220000FF, 0xFF << 248),
        (0xFF123456, 0),
    ],
)
def test_compact_form(nbits: int, target: int) -> None:
    assert target_of_nbits(nbits) == target
