"""Which group a miner mines in, and which bytes of the extranonce are its own."""

from collections.abc import Callable

from stratumproxy.downstream.drops import HANDSHAKE
from stratumproxy.downstream.miner import Miner
from stratumproxy.errors import PoolError
from stratumproxy.mining.extranonce import MOST_EXTRANONCE2, Layout, Shape, SlotSpace
from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.mining.prefix import NO_PAST, Past, Prefix
from stratumproxy.routing.group import Group
from stratumproxy.routing.lobby import Lobby

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
        lobby: who has not authorized yet.
    """

    def __init__(
        self,
        groups: list[Group],
        open_group: Callable[[SlotSpace[Past] | None], Group],
        reconnect: Callable[[Miner], None],
        random_bits: Callable[[], int],
        rest: float,
        lobby: Lobby,
    ) -> None:
        self._groups = groups
        self._open_group = open_group
        self._reconnect = reconnect
        self._random_bits = random_bits
        self.rest = rest
        self._lobby = lobby
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
                group, nor a group, if it has to wait for one.
            resume: the session id it names, from an earlier connection; may be anything.
            now: the time.
        """
        if not self._let_in(miner, resume, now):
            self._lobby.wait(miner, resume)

    def authorized(self, miner: Miner, now: float) -> None:
        """A miner that may have to wait for a group has authorized: then there is one for it."""
        if self._lobby.waits(miner):
            self._serve_one(miner, now)

    def tend(self, now: float) -> None:
        """Called every second or so: see to those who have not authorized, and who wait."""
        for miner in self._lobby.late(now):
            miner.link.close(HANDSHAKE)
        self._serve(now)

    def _serve(self, now: float) -> None:
        """Let those in who wait, as far as there are sessions."""
        while (miner := self._lobby.first()) is not None and self._serve_one(miner, now):
            pass

    def _serve_one(self, miner: Miner, now: float) -> bool:
        let_in = self._let_in(miner, self._lobby.resumes(miner), now)
        if let_in and miner.prefix is not None:
            miner.link.send(miner.say_subscribed(now))
        return let_in

    def _let_in(self, miner: Miner, resume: str, now: float) -> bool:
        """Give a miner its group; whether there is one for it."""
        if self.shared:
            let_in = self._admit(miner, resume, now)
        else:
            let_in = self._admit_alone(miner, resume, now)
        if let_in:
            self._lobby.enter(miner, now)
        return let_in

    def _may_open(self, miner: Miner) -> bool:
        """Whether another session may be opened for a miner."""
        return miner.worker is not None or self._lobby.has_room()

    def _admit(self, miner: Miner, resume: str, now: float) -> bool:
        shape = self._shape(miner)
        if resume and self._resume(miner, resume):
            return True
        for group in self._groups:
            if group.has_room(self.miners_per_session) and self._give_slot(
                miner, group, shape, now
            ):
                return True
        if not self._may_open(miner):
            return False
        if self._space is None or not self._space.has_room(shape.slot, now):
            assert self._layout is not None
            self._space = SlotSpace[Past](self._layout, self.rest)
        return self._give_slot(miner, self._open_group(self._space), shape, now)

    def _admit_alone(self, miner: Miner, resume: str, now: float) -> bool:
        self._shape(miner)
        empty = [group for group in self._groups if not group.members]
        group = next((group for group in empty if resume and group.kept[0] == resume), None)
        if group is not None:
            miner.take_up(group.kept[1])
        elif empty:
            group = min(empty, key=lambda group: group.earned)
        elif self._may_open(miner):
            group = self._open_group(None)
        else:
            return False
        group.kept, group.earned = ("", NO_PAST), False
        if group.space is not None:
            group.is_for_one(now)
        group.join(miner)
        if not self.place(miner, group):
            group.waiting.append(miner)
        return True

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
        self._lobby.gone(miner)
        group, prefix = group_of(miner), miner.prefix
        if group is None:
            return
        group.leave(miner, now)
        if prefix is not None:
            self._keep(group, prefix, miner, now)
        self._serve(now)

    def _keep(self, group: Group, prefix: Prefix, miner: Miner, now: float) -> None:
        if prefix.space is not None:
            prefix.space.give_back(prefix.slot, prefix.session_id, now, miner.past())
        else:
            group.kept = prefix.session_id, miner.past()

    def surplus(self) -> list[Group]:
        """Groups that nobody is in, and that need not be kept for whom they were of: none of their
        shares counted, and there are more of these than may be without a miner.
        """
        empty = [
            group
            for group in self._groups
            if group.number and not group.members and not group.earned
        ]
        return empty[self._lobby.most :]

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
