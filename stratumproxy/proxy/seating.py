"""Seating: which lane a miner mines on, and which bytes of the extranonce are its own."""

from typing import TYPE_CHECKING

from stratumproxy.errors import PoolError
from stratumproxy.mining.extranonce import MOST_EXTRANONCE2, Layout, Shape, SlotSpace
from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.protocol.v1.messages import encode_notification
from stratumproxy.proxy.drops import DOES_NOT_FIT
from stratumproxy.proxy.seat import NO_PAST, Past, Seat

if TYPE_CHECKING:
    from stratumproxy.proxy.lane import Lane
    from stratumproxy.proxy.miner import MinerSession
    from stratumproxy.proxy.proxy import Proxy


class Seating:
    """Gives miners their lane and their slot.

    Slots of two or more bytes come from one space for all lanes while it lasts, so that a slot is
    one miner's in the whole proxy and a miner could be moved between lanes by a job alone. A lane
    that is opened because slots ran out starts a space of its own.

    Args:
        proxy: whose miners they are.
        rest: seconds a slot is kept for a miner that may come back.
    """

    def __init__(self, proxy: "Proxy", rest: float) -> None:
        self._proxy = proxy
        self.rest = rest
        self._layout: Layout | None = None
        self._space: SlotSpace[Past] | None = None

    @property
    def shared(self) -> bool:
        """Whether miners share sessions."""
        return self._layout is not None and self._layout.shared

    def learn(self, smallest: int) -> bool:
        """The smallest extranonce2 size of any pool is known, or has become smaller.

        Miners seated before keep what they have, as long as it fits (`fit`). Where miners share
        sessions from now on no more, those who do go on.

        Returns:
            Whether the layout changed.
        """
        layout = Layout.of(smallest, alone=self._proxy.miners_per_session == 1)
        if layout == self._layout:
            return False
        self._layout = layout
        self._space = SlotSpace[Past](layout, self.rest) if layout.shared else None
        if self._space is not None:
            for lane in self._proxy.lanes:
                lane.space = self._space
        return True

    def _shape(self, miner: "MinerSession") -> Shape:
        if self._layout is None:
            raise PoolError("no pool's extranonce2 size is known yet")
        return self._layout.rolling if miner.mask else self._layout.plain

    def admit(self, miner: "MinerSession", resume: str, now: float) -> None:
        """Seat a miner that subscribes.

        Args:
            miner: has no lane yet. It has no seat then either, if its answer has to wait for the
                lane.
            resume: the session id it names, from an earlier connection; may be anything.
            now: the time.
        """
        shape = self._shape(miner)
        if not self.shared:
            self._seat_alone(miner, resume, now)
            return
        if resume and self._resume(miner, resume):
            return
        for lane in self._proxy.lanes:
            if lane.members < lane.capacity and self._seat(miner, lane, shape, now):
                return
        if self._space is None or not self._space.has_room(shape.slot, now):
            assert self._layout is not None
            self._space = SlotSpace[Past](self._layout, self.rest)
        self._seat(miner, self._proxy.open_lane(self._space), shape, now)

    def _seat_alone(self, miner: "MinerSession", resume: str, now: float) -> None:
        empty = [lane for lane in self._proxy.lanes if not lane.members]
        lane = next((lane for lane in empty if resume and lane.kept[0] == resume), None)
        if lane is not None:
            miner.take_up(lane.kept[1])
        elif empty:
            lane = empty[0]
        else:
            lane = self._proxy.open_lane(None)
        lane.kept = "", NO_PAST
        if lane.space is not None:
            lane.is_for_one(now)
        lane.join(miner)
        if not self.place(miner, lane):
            lane.waiting.append(miner)

    def _seat(self, miner: "MinerSession", lane: "Lane", shape: Shape, now: float) -> bool:
        slot = lane.space.take(shape.slot, now) if lane.space is not None else None
        if slot is None:
            return False
        self._give(miner, lane, slot, shape, f"{slot.hex()}{self._proxy.random_bits():08x}")
        return True

    def _resume(self, miner: "MinerSession", session_id: str) -> bool:
        """Give a miner that comes back the slot it had."""
        try:
            slot = bytes.fromhex(session_id[:-8])
        except ValueError:
            return False  # not one of ours: WhatsMiner's may even have an odd length
        assert self._layout is not None
        shapes = (self._layout.rolling, self._layout.plain)
        shape = next((shape for shape in shapes if shape.slot == len(slot)), None)
        if shape is None:
            return False
        for lane in self._proxy.lanes:
            if lane.members >= lane.capacity or lane.space is None:
                continue
            past = lane.space.resume(slot, session_id)
            if past is not None:
                miner.take_up(past)
                self._give(miner, lane, slot, shape, session_id)
                return True
        return False

    def _give(
        self, miner: "MinerSession", lane: "Lane", slot: bytes, shape: Shape, session_id: str
    ) -> None:
        if miner.lane is None:
            lane.join(miner)
        seat = Seat(lane, lane.space, slot, shape.extranonce2, session_id=session_id)
        miner.take_seat(seat)

    def leave(self, miner: "MinerSession", now: float) -> None:
        """A miner is gone: what it had is kept for a while, for its return."""
        lane, seat = miner.lane, miner.seat
        if lane is None:
            return
        lane.leave(miner, now)
        if seat is None:
            return
        if seat.space is not None:
            seat.space.give_back(seat.slot, seat.session_id, now, miner.past())
        else:
            lane.kept = seat.session_id, miner.past()

    def place(self, miner: "MinerSession", lane: "Lane") -> bool:
        """Give a miner that has a session to itself the pool's own extranonce1.

        Returns:
            False if the lane has no job yet, so the extranonce1 is not known.
        """
        job = lane.job
        if job is None:
            return False
        slot, padding = whole_slot(job.terms)
        seat = Seat(
            lane,
            None,
            slot,
            job.terms.extranonce2_size - len(padding),
            padding=padding,
            total=job.room,
            session_id=f"{self._proxy.random_bits():08x}",
        )
        miner.take_seat(seat)
        return True

    def fits(self, miner: "MinerSession", job: Job) -> bool:
        """Whether a miner can mine on a job with the bytes it has."""
        seat = miner.seat
        if seat is None:
            return False
        if job.whole:
            return seat.slot == whole_slot(job.terms)[0] and seat.total == job.room
        return seat.space is not None and seat.total <= job.room

    def fit(self, miner: "MinerSession", job: Job, now: float) -> bytes | None:
        """See that a miner's bytes fit a job.

        Returns:
            Nothing, if they do; mining.set_extranonce, if they did not and the miner takes it;
            None, if the miner has to reconnect: it is let go then, at a gentle pace.
        """
        if self.fits(miner, job):
            return b""
        if not (miner.takes_extranonce and self._reseat(miner, job, now)):
            self._proxy.leaving.add([miner], DOES_NOT_FIT)
            return None
        assert miner.seat is not None
        return encode_notification(
            "mining.set_extranonce", [miner.seat.slot.hex(), miner.seat.extranonce2_size]
        )

    def _reseat(self, miner: "MinerSession", job: Job, now: float) -> bool:
        lane, before = miner.lane, miner.seat
        if lane is None or before is None:
            return False
        if job.whole:
            placed = lane.members == 1 and self.place(miner, lane)
        else:
            shape = self._shape(miner)
            placed = self.shared and shape.total <= job.room and self._seat(miner, lane, shape, now)
        if placed and before.space is not None:
            before.space.give_back(before.slot, "", now, NO_PAST)
        return placed


def whole_slot(terms: Terms) -> tuple[bytes, bytes]:
    """The extranonce1 of a miner that has a session to itself, and the padding at its end.

    It is the pool's, and zeros where the pool's extranonce2 has more bytes than a miner can use.
    """
    padding = bytes(max(terms.extranonce2_size - MOST_EXTRANONCE2, 0))
    return terms.extranonce1 + padding, padding
