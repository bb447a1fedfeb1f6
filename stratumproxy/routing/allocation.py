"""Which group a miner mines in, and which bytes of the extranonce are its own."""

from collections.abc import Callable

from stratumproxy.downstream.miner import Miner
from stratumproxy.errors import PoolError
from stratumproxy.mining.extranonce import MOST_EXTRANONCE2, Layout, Shape, SlotSpace
from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.mining.prefix import NO_PAST, Past, Prefix
from stratumproxy.routing.group import Group

NO_LIMIT = 1 << 32


class Allocator:
    """Gives miners their group and their slot.

    Slots of two or more bytes come from one space for all groups while it lasts, so that a slot is
    one miner's in the whole proxy and a miner could be moved between groups by a job alone. A group
    that is opened because slots ran out starts a space of its own.

    Args:
        groups: those there are.
        open_group: opens another one, whose slots come from a space.
        reconnect: called with a miner that has to reconnect, since its bytes do not fit any more.
        random_bits: 32 of them, for session ids.
        rest: seconds a slot is kept for a miner that may come back.
    """

    def __init__(
        self,
        groups: list[Group],
        open_group: Callable[[SlotSpace[Past] | None], Group],
        reconnect: Callable[[Miner], None],
        random_bits: Callable[[], int],
        rest: float,
    ) -> None:
        self._groups = groups
        self._open_group = open_group
        self._reconnect = reconnect
        self._random_bits = random_bits
        self.rest = rest
        self.miners_per_session = NO_LIMIT
        """What every pool allows: a group moves from pool to pool as a whole."""
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
        layout = Layout.of(smallest, alone=self.miners_per_session == 1)
        if layout == self._layout:
            return False
        self._layout = layout
        self._space = SlotSpace[Past](layout, self.rest) if layout.shared else None
        if self._space is not None:
            for group in self._groups:
                group.space = self._space
        return True

    def _shape(self, miner: Miner) -> Shape:
        if self._layout is None:
            raise PoolError("no pool's extranonce2 size is known yet")
        return self._layout.rolling if miner.mask else self._layout.plain

    def admit(self, miner: Miner, resume: str, now: float) -> None:
        """Give a miner that subscribes its group and its bytes.

        Args:
            miner: has no group yet. It has no bytes then either, if its answer has to wait for the
                group.
            resume: the session id it names, from an earlier connection; may be anything.
            now: the time.
        """
        shape = self._shape(miner)
        if not self.shared:
            self._admit_alone(miner, resume, now)
            return
        if resume and self._resume(miner, resume):
            return
        for group in self._groups:
            if group.has_room(self.miners_per_session) and self._give_slot(
                miner, group, shape, now
            ):
                return
        if self._space is None or not self._space.has_room(shape.slot, now):
            assert self._layout is not None
            self._space = SlotSpace[Past](self._layout, self.rest)
        self._give_slot(miner, self._open_group(self._space), shape, now)

    def _admit_alone(self, miner: Miner, resume: str, now: float) -> None:
        empty = [group for group in self._groups if not group.members]
        group = next((group for group in empty if resume and group.kept[0] == resume), None)
        if group is not None:
            miner.take_up(group.kept[1])
        elif empty:
            group = empty[0]
        else:
            group = self._open_group(None)
        group.kept = "", NO_PAST
        if group.space is not None:
            group.is_for_one(now)
        group.join(miner)
        if not self.place(miner, group):
            group.waiting.append(miner)

    def _give_slot(self, miner: Miner, group: Group, shape: Shape, now: float) -> bool:
        slot = group.space.take(shape.slot, now) if group.space is not None else None
        if slot is None:
            return False
        self._give(miner, group, slot, shape, f"{slot.hex()}{self._random_bits():08x}")
        return True

    def _resume(self, miner: Miner, session_id: str) -> bool:
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
        for group in self._groups:
            if not group.has_room(self.miners_per_session) or group.space is None:
                continue
            past = group.space.resume(slot, session_id)
            if past is not None:
                miner.take_up(past)
                self._give(miner, group, slot, shape, session_id)
                return True
        return False

    def _give(self, miner: Miner, group: Group, slot: bytes, shape: Shape, session_id: str) -> None:
        if miner.route is None:
            group.join(miner)
        prefix = Prefix(group, group.space, slot, shape.extranonce2, session_id=session_id)
        miner.take_prefix(prefix)

    def leave(self, miner: Miner, now: float) -> None:
        """A miner is gone: what it had is kept for a while, for its return."""
        group, prefix = group_of(miner), miner.prefix
        if group is None:
            return
        group.leave(miner, now)
        if prefix is None:
            return
        if prefix.space is not None:
            prefix.space.give_back(prefix.slot, prefix.session_id, now, miner.past())
        else:
            group.kept = prefix.session_id, miner.past()

    def place(self, miner: Miner, group: Group) -> bool:
        """Give a miner that has a session to itself the pool's own extranonce1.

        Returns:
            False if the group has no job yet, so the extranonce1 is not known.
        """
        job = group.job
        if job is None:
            return False
        slot, padding = whole_slot(job.terms)
        prefix = Prefix(
            group,
            None,
            slot,
            job.terms.extranonce2_size - len(padding),
            padding=padding,
            total=job.room,
            session_id=f"{self._random_bits():08x}",
        )
        miner.take_prefix(prefix)
        return True

    def fits(self, miner: Miner, job: Job) -> bool:
        """Whether a miner can mine on a job with the bytes it has."""
        prefix = miner.prefix
        if prefix is None:
            return False
        if job.whole:
            return prefix.slot == whole_slot(job.terms)[0] and prefix.total == job.room
        return prefix.space is not None and prefix.total <= job.room

    def fit(self, miner: Miner, job: Job, now: float) -> bool | None:
        """See that a miner's bytes fit a job.

        Returns:
            Whether they are others than before; None if the miner has to reconnect: it is let go
            then, at a gentle pace.
        """
        if self.fits(miner, job):
            return False
        if miner.takes_extranonce and self._give_others(miner, job, now):
            return True
        self._reconnect(miner)
        return None

    def _give_others(self, miner: Miner, job: Job, now: float) -> bool:
        group, before = group_of(miner), miner.prefix
        if group is None or before is None:
            return False
        if job.whole:
            placed = group.members == 1 and self.place(miner, group)
        else:
            shape = self._shape(miner)
            placed = (
                self.shared
                and shape.total <= job.room
                and self._give_slot(miner, group, shape, now)
            )
        if placed and before.space is not None:
            before.space.give_back(before.slot, "", now, NO_PAST)
        return placed


def group_of(miner: Miner) -> Group | None:
    """The group that a miner was given here."""
    assert miner.route is None or isinstance(miner.route, Group)
    return miner.route


def whole_slot(terms: Terms) -> tuple[bytes, bytes]:
    """The extranonce1 of a miner that has a session to itself, and the padding at its end.

    It is the pool's, and zeros where the pool's extranonce2 has more bytes than a miner can use.
    """
    padding = bytes(max(terms.extranonce2_size - MOST_EXTRANONCE2, 0))
    return terms.extranonce1 + padding, padding
