"""Numbers that count what everybody does, as they are told to tenants: they say nothing.

The ledger numbers all shares in the order in which they come, a process all connections. Who is
told two such numbers of their own knows how many others' came in between.
"""

from hashlib import blake2b
from secrets import token_bytes

HALF = 26
"""Bits of each half of a number; all of it is exact in JSON, as far as JavaScript reads it."""

MASK = (1 << HALF) - 1
ROUNDS = range(4)
"""Of a Feistel network, with which nobody tells its numbers from random ones (Luby, Rackoff)."""


class Veil:
    """An order of the numbers below 2^52 for each tenant, by a secret of this process."""

    def __init__(self) -> None:
        self._secret = token_bytes(32)

    def told(self, number: int, tenant: str | None) -> int:
        """A number as somebody is told it.

        Args:
            number: what it is.
            tenant: whose token it is; None for those who see everything.
        """
        if tenant is None or number >> (2 * HALF):
            return number
        left, right = number >> HALF, number & MASK
        for turn in ROUNDS:
            left, right = right, left ^ self._mixed(turn, right, tenant)
        return left << HALF | right

    def meant(self, number: int, tenant: str | None) -> int:
        """What was told so.

        Args:
            number: what somebody says that it was told; not negative.
            tenant: who says it; None for those who see everything.
        """
        if tenant is None or number >> (2 * HALF):
            return number
        left, right = number >> HALF, number & MASK
        for turn in reversed(ROUNDS):
            left, right = right ^ self._mixed(turn, left, tenant), left
        return left << HALF | right

    def _mixed(self, turn: int, half: int, tenant: str) -> int:
        text = turn.to_bytes(1, "big") + half.to_bytes(4, "big") + tenant.encode(errors="replace")
        digest = blake2b(text, digest_size=4, key=self._secret).digest()
        return int.from_bytes(digest, "big") & MASK
