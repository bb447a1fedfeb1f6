"""Slots: no two miners of a session ever have the same bytes of the pool's extranonce2."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stratumproxy.errors import PoolError
from stratumproxy.mining.extranonce import LARGEST, SMALLEST, Layout, Shape, SlotSpace

SIZES = range(SMALLEST, LARGEST + 1)
SHARED = [size for size in SIZES if Layout.of(size).shared]


@pytest.mark.parametrize(
    ("size", "rolling", "plain"),
    [
        (2, (0, 2), (0, 2)),
        (3, (1, 2), (1, 2)),
        (4, (2, 2), (1, 3)),
        (5, (2, 3), (1, 4)),
        (6, (2, 4), (2, 4)),
        (7, (3, 4), (3, 4)),
        *[(size, (4, 4), (4, 4)) for size in range(8, 17)],
    ],
)
def test_the_layout_of_a_size(size: int, rolling: tuple[int, int], plain: tuple[int, int]) -> None:
    assert Layout.of(size) == Layout(Shape(*rolling), Shape(*plain))


@pytest.mark.parametrize("size", SIZES)
def test_every_layout_fits_and_suits_miners(size: int) -> None:
    layout = Layout.of(size)
    for shape in (layout.rolling, layout.plain):
        assert shape.total <= size
        assert 2 <= shape.extranonce2 <= 8, "cgminer and WhatsMiner never submit beyond 8"
        assert shape.slot <= 16, "FutureBit Apollo takes no longer extranonce1"
    if size >= 4:
        assert layout.plain.extranonce2 >= 3, "an S19 is through with 2 bytes in 2.6 s"
    assert layout.shared == (size > 2)


@pytest.mark.parametrize("size", [-1, 0, 1, 17, 1 << 40])
def test_sizes_that_can_not_be_mined_on(size: int) -> None:
    with pytest.raises(PoolError, match=f"size {size} can't be mined on: 2 to 16 bytes can"):
        Layout.of(size)


def region(slot: bytes, total: int, size: int) -> tuple[bytes, bytes]:
    """The first and the last extranonce2 upstream that a miner can make."""
    front = bytes(size - total) + slot
    return front.ljust(size, b"\x00"), front.ljust(size, b"\xff")


def overlaps(regions: list[tuple[bytes, bytes]]) -> bool:
    """Bytes compare as numbers of equal length do."""
    ordered = sorted(regions)
    return any(before[1] >= after[0] for before, after in pairwise(ordered))


class Slots(RuleBasedStateMachine):
    """Miners of both kinds come and go, come back, and time passes."""

    size = 4
    rest = 10.0

    def __init__(self) -> None:
        super().__init__()
        self.layout = Layout.of(self.size)
        self.space = SlotSpace(self.layout, self.rest)
        self.now = 0.0
        self.taken: dict[bytes, str] = {}
        self.gone: dict[bytes, tuple[str, float]] = {}
        self.sessions = 0

    def _take(self, shape: Shape) -> None:
        slot = self.space.take(shape.slot, self.now)
        if slot is None:
            assert len(self.taken) > 200, "there was room"
            return
        assert len(slot) == shape.slot
        assert slot not in self.taken
        resting = self.gone.pop(slot, None)
        if resting is not None and self.now - resting[1] < self.rest:
            fresh = self.space.take(shape.slot, self.now)
            assert fresh is None or fresh in self.gone, "a slot that rests was given before others"
            if fresh is not None:
                self._seat(fresh)
                self.gone.pop(fresh)
        self._seat(slot)

    def _seat(self, slot: bytes) -> None:
        self.sessions += 1
        self.taken[slot] = f"session {self.sessions}"

    @rule(count=st.sampled_from([1, 1, 1, 40]))
    def roll(self, count: int) -> None:
        for _ in range(count):
            self._take(self.layout.rolling)

    @rule(count=st.sampled_from([1, 1, 1, 40, 120]))
    def roll_not(self, count: int) -> None:
        for _ in range(count):
            self._take(self.layout.plain)

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), count=st.sampled_from([1, 1, 30]))
    def leave(self, data: st.DataObject, count: int) -> None:
        for _ in range(min(count, len(self.taken))):
            slot = data.draw(st.sampled_from(sorted(self.taken)))
            session = self.taken.pop(slot)
            self.space.give_back(slot, session, self.now, True)
            self.gone[slot] = session, self.now

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.gone)))
        session, since = self.gone[slot]
        resumed = self.space.resume(slot, session)
        if self.now - since < self.rest:
            assert resumed, "it rests, and its own session asks for it"
        if resumed:
            del self.gone[slot]
            self.taken[slot] = session

    @rule(slot=st.binary(max_size=5), session=st.text(max_size=3))
    def resume_what_is_not_ours(self, slot: bytes, session: str) -> None:
        assert not self.space.resume(slot, session)

    @rule(seconds=st.sampled_from([0.0, 1.0, 9.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(rolls=st.booleans())
    def look_for_room(self, rolls: bool) -> None:
        shape = self.layout.rolling if rolls else self.layout.plain
        if self.space.has_room(shape.slot, self.now):
            slot = self.space.take(shape.slot, self.now)
            assert slot is not None
            self.gone.pop(slot, None)
            self._seat(slot)
        else:
            assert self.space.take(shape.slot, self.now) is None

    @invariant()
    def nobody_shares_a_byte(self) -> None:
        shapes = {shape.slot: shape.total for shape in (self.layout.rolling, self.layout.plain)}
        assert not overlaps([region(slot, shapes[len(slot)], self.size) for slot in self.taken])
        assert all(slot[0] for slot in self.taken), "zero is padding"


def machine(size: int) -> type:
    case = type(f"Slots{size}", (Slots,), {"size": size}).TestCase  # type: ignore[attr-defined]
    case.settings = settings(max_examples=15, stateful_step_count=40)
    return case


TestSlotsOf3 = machine(3)
TestSlotsOf4 = machine(4)
TestSlotsOf5 = machine(5)
TestSlotsOf6 = machine(6)
TestSlotsOf16 = machine(16)


@pytest.mark.parametrize("size", [3, 4, 5])
def test_all_slots_of_one_byte(size: int) -> None:
    length = Layout.of(size).plain.slot
    space = SlotSpace(Layout.of(size), 0)
    slots = [space.take(length, 0) for _ in range(255)]
    assert len(set(slots)) == 255
    assert None not in slots
    assert space.take(length, 0) is None
    assert space.take(Layout.of(size).rolling.slot, 0) is None, "long ones have no first byte left"
    assert not space.has_room(length, 0)


@pytest.mark.parametrize("size", [4, 5, 6])
def test_all_slots_of_two_bytes(size: int) -> None:
    space = SlotSpace(Layout.of(size), 0)
    slots = {space.take(2, 0) for _ in range(65_280)}
    assert len(slots) == 65_280
    assert space.take(2, 0) is None


def test_one_short_slot_costs_256_long_ones() -> None:
    space = SlotSpace(Layout.of(4), 0)
    short = space.take(1, 0)
    assert short == b"\xff"
    long = [space.take(2, 0) for _ in range(65_280 - 256)]
    assert None not in long
    assert space.take(2, 0) is None
    assert space.take(1, 0) is None


def test_a_slot_rests_until_it_is_reused() -> None:
    space = SlotSpace(Layout.of(8), 10)
    slot = space.take(4, 0)
    assert slot is not None
    space.give_back(slot, "one", 5, True)
    assert space.take(4, 14.9) != slot
    assert space.take(4, 15) == slot
    assert not space.resume(slot, "one"), "somebody else has it now"


def test_a_slot_that_rests_is_reused_before_its_time_when_nothing_else_is_left() -> None:
    space = SlotSpace(Layout.of(3), 10)
    slots = [space.take(1, 0) for _ in range(255)]
    for number, slot in enumerate(slots):
        assert slot is not None
        space.give_back(slot, "gone", number / 100, True)
    assert space.take(1, 3) == slots[0], "the one that is gone longest"
    assert space.resume(b"\x02", "gone")


@given(st.lists(st.tuples(st.sampled_from([3, 4, 5, 6, 7, 8]), st.booleans()), max_size=60))
def test_layouts_of_several_sizes_on_one_session(miners: list[tuple[int, bool]]) -> None:
    """After a pool with less room came along, miners of both layouts are on the larger session."""
    spaces = {size: SlotSpace(Layout.of(size), 0) for size in SHARED}
    regions = []
    for size, rolls in miners:
        layout = Layout.of(size)
        shape = layout.rolling if rolls else layout.plain
        slot = spaces[size].take(shape.slot, 0)
        assert slot is not None
        regions.append(region(slot, shape.total, 8))
    assert not overlaps(regions)


def test_a_flood_of_miners_frees_the_oldest_resting_slots_first(monkeypatch) -> None:
    monkeypatch.setattr("stratumproxy.mining.extranonce.MOST_RESTING", 3)
    space = SlotSpace(Layout.of(8), rest=600)
    slots = [space.take(4, 0.0) for _ in range(5)]
    for slot in slots:
        space.give_back(slot, slot.hex(), 0.0, True)
    assert not space.resume(slots[0], slots[0].hex())
    assert not space.resume(slots[1], slots[1].hex())
    assert space.resume(slots[2], slots[2].hex())
    assert space.take(4, 0.0) in slots[:2]
