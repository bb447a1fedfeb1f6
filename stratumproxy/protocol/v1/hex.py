"""Hex as miners send it: digits of either case and nothing else.

`int` and `bytes.fromhex` take more: signs, blanks, underscores, the digits of other scripts.
"""

_DIGITS = frozenset("0123456789abcdefABCDEF")


def read_bytes(text: object) -> bytes | None:
    """Bytes of two digits each; None for anything else."""
    if not isinstance(text, str) or len(text) % 2 or not _DIGITS.issuperset(text):
        return None
    return bytes.fromhex(text)


def read_uint32(text: object) -> int | None:
    """An integer of 1 to 8 digits (NerdMiner does not pad its nonces); None for anything else."""
    if not isinstance(text, str) or not 1 <= len(text) <= 8 or not _DIGITS.issuperset(text):
        return None
    return int(text, 16)
