"""Difficulty and target, exactly."""

from fractions import Fraction
from functools import lru_cache

DIFFICULTY_1 = 0xFFFF << 208
"""The target of difficulty 1 (Bitcoin's nbits 1d00ffff)."""

MAX_TARGET = (1 << 256) - 1


def target_of(difficulty: float | int) -> int:
    """The largest hash that meets a difficulty: ``floor((0xffff << 208) / difficulty)``.

    Args:
        difficulty: above 0; a float counts as the exact binary fraction that it is.

    Returns:
        The target as an integer, at most 2**256 - 1. A share meets it when its hash, read as a
        little-endian integer, is not above it.

    Raises:
        ValueError: the difficulty is not a positive finite number.
    """
    if not 0 < difficulty < float("inf"):
        raise ValueError(f"difficulty {difficulty!r} is not a positive number")
    exact = Fraction(difficulty)
    return min(DIFFICULTY_1 * exact.denominator // exact.numerator, MAX_TARGET)


@lru_cache(maxsize=4096)
def target_bytes(difficulty: float | int) -> bytes:
    """`target_of` as the share check wants it: 32 bytes, little-endian.

    Cached, since a fleet that comes back at once asks for few different ones, thousands of times.
    """
    return target_of(difficulty).to_bytes(32, "little")


def difficulty_of(target: int) -> float:
    """The difficulty of a target or hash: ``(0xffff << 208) / target``; infinity for 0."""
    return DIFFICULTY_1 / target if target else float("inf")


def target_of_nbits(nbits: int) -> int:
    """The target that a block header's compact nbits stand for (Bitcoin Core, arith_uint256).

    Negative and overflowing encodings give 0, which nothing meets.
    """
    exponent, mantissa = nbits >> 24, nbits & 0x7FFFFF
    if nbits & 0x800000:
        return 0
    target = mantissa << 8 * (exponent - 3) if exponent > 3 else mantissa >> 8 * (3 - exponent)
    return target if target <= MAX_TARGET else 0
