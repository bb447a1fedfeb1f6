"""Who mines where in the extranonce space (docs/architecture.md, "Extranonce").

A pool gives a session an extranonce1 and S bytes of extranonce2. Of these S bytes a miner gets a
*slot* of its own as its extranonce1 and m bytes as its extranonce2; spare bytes in front are zero:

    pool's coinb1 ‖ pool's extranonce1 ‖ 00… ‖ slot ‖ miner's extranonce2 ‖ coinb2

A slot's first byte is never zero, so a slot can't be mistaken for padding, and miners that were
given slots under different sizes can share a session.
"""

from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

from stratumproxy.errors import PoolError

SMALLEST = 2
LARGEST = 16
"""extranonce2 sizes that can be mined on: cgminer refuses below 2 and above 16 (util.c)."""


MOST_EXTRANONCE2 = 8
"""Bytes of extranonce2 for a miner: with more, cgminer and WhatsMiner silently never submit."""


MOST_RESTING = 1 << 15
"""Slots that rest at a time, some 8 MB of them: nearly twice the largest site that was ever off at
once. A flood of connections frees the oldest sooner."""


class Shape(NamedTuple):
    """How one miner's bytes are split."""

    slot: int
    """Bytes of extranonce1."""
    extranonce2: int
    """Bytes of extranonce2."""

    @property
    def total(self) -> int:
        """Bytes it takes of the pool's extranonce2."""
        return self.slot + self.extranonce2


class Layout(NamedTuple):
    """How the pool's extranonce2 is shared among miners.

    An S19 (110 TH/s) that rolls versions runs through 1 byte in 655 s, 2 bytes in 46 h; without
    rolling through 2 bytes in 2.6 s and 3 bytes in 655 s. Hence two shapes where room is small.
    """

    rolling: Shape
    """For miners that roll versions."""
    plain: Shape
    """For the others, which need 3 bytes of their own at least."""

    @property
    def shared(self) -> bool:
        """Whether more than one miner fits on a session."""
        return self.rolling.slot > 0

    @classmethod
    def of(cls, size: int, *, alone: bool = False) -> "Layout":
        """The layout for the smallest extranonce2 size that must carry it.

        Args:
            size: in bytes.
            alone: every miner has a session to itself, and is given all of a small extranonce2:
                hashrate markets such as NiceHash want 4 bytes at least.

        Raises:
            PoolError: outside 2 to 16.
        """
        if not SMALLEST <= size <= LARGEST:
            raise PoolError(
                f"extranonce2 size {size} can't be mined on: {SMALLEST} to {LARGEST} bytes can"
            )
        if alone and size < 6:
            return cls(Shape(0, size), Shape(0, size))
        if size >= 6:
            shape = Shape(min(size - 4, 4), 4)
            return cls(shape, shape)
        if size == 5:
            return cls(Shape(2, 3), Shape(1, 4))
        if size == 4:
            return cls(Shape(2, 2), Shape(1, 3))
        if size == 3:
            return cls(Shape(1, 2), Shape(1, 2))
        return cls(Shape(0, 2), Shape(0, 2))


Kept = TypeVar("Kept")


class SlotSpace(Generic[Kept]):
    """Slots of one or two lengths in one prefix-free space, each given to one miner at a time.

    Short slots take whole first bytes from the top, long ones share first bytes from the bottom,
    so neither length splits what the other could use.

    A slot that is given back rests for a while, in case its miner comes back and resumes; it is
    reused before that only when nothing else is left.

    Args:
        layout: which lengths there are.
        rest: seconds a slot rests.
    """

    def __init__(self, layout: Layout, rest: float) -> None:
        self.layout = layout
        lengths = {layout.rolling.slot, layout.plain.slot}
        self._short, self._long = min(lengths), max(lengths)
        self._rest = rest
        self._next_long = 1 << 8 * (self._long - 1)
        self._top = 0x100  # first bytes from here on belong to short slots
        self._free: dict[int, list[bytes]] = {self._short: [], self._long: []}
        self._resting: OrderedDict[bytes, tuple[str, Kept, float]] = OrderedDict()

    def take(self, length: int, now: float) -> bytes | None:
        """A slot nobody has, or None when there is none of this length."""
        self._wake(now)
        free = self._free[length]
        if free:
            return free.pop()
        if length == self._long:
            slot = self._next_long
            if slot >> 8 * (length - 1) < self._top:
                self._next_long += 1
                return slot.to_bytes(length, "big")
        else:
            first_used_up_to = (self._next_long - 1) >> 8 * (self._long - 1)
            if self._top - 1 > first_used_up_to:
                self._top -= 1
                return self._top.to_bytes(1, "big") + bytes(length - 1)
        for slot_bytes in self._resting:
            if len(slot_bytes) == length:
                del self._resting[slot_bytes]
                return slot_bytes
        return None

    def has_room(self, length: int, now: float) -> bool:
        """Whether `take` would give one."""
        slot = self.take(length, now)
        if slot is None:
            return False
        self._free[length].append(slot)
        return True

    def give_back(self, slot: bytes, session_id: str, now: float, kept: Kept) -> None:
        """The slot's miner is gone; it may come back, name the session id, and get what is kept."""
        self._resting[slot] = (session_id, kept, now)
        if len(self._resting) > MOST_RESTING:
            oldest, _ = self._resting.popitem(last=False)
            self._free[len(oldest)].append(oldest)

    def resume(self, slot: bytes, session_id: str) -> Kept | None:
        """Take this very slot again; None if it does not rest under that session id."""
        resting = self._resting.get(slot)
        if resting is None or resting[0] != session_id:
            return None
        del self._resting[slot]
        return resting[1]

    def _wake(self, now: float) -> None:
        """Free what has rested long enough; the oldest stand in front."""
        while self._resting:
            slot, (*_, since) = next(iter(self._resting.items()))
            if now - since < self._rest:
                return
            del self._resting[slot]
            self._free[len(slot)].append(slot)
