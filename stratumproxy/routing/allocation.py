"""Which group a miner mines in, and which bytes of the extranonce are its own."""

from collections.abc import Callable, Iterable

from stratumproxy.downstream.drops import HANDSHAKE
from stratumproxy.downstream.miner import Miner
from stratumproxy.errors import PoolError
from stratumproxy.mining.extranonce import MOST_EXTRANONCE2, Layout, Shape, SlotSpace
from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.mining.prefix import NO_PAST, Past, Prefix
from stratumproxy.routing.group import Group
from stratumproxy.routing.groups import Groups
from stratumproxy.routing.listener import Listener
from stratumproxy.routing.lobby import Lobby
from stratumproxy.routing.target import Target
from stratumproxy.routing.tenant import Tenant
from stratumproxy.upstream.names import Who


class Allocator:
    """Gives miners their group and their slot.

    Slots come from one space for each layout while it lasts, so that a slot is one miner's in the
    whole proxy, and a miner can be moved between groups by a job alone. When slots run out there is
    another space; the miners of a group have theirs from the same one.

    A miner is given its group when it subscribes, if it is known by then to whom it belongs. If its
    name decides that, it is given a slot at once and its group when it authorizes.

    Args:
        groups: those there are.
        open_group: opens another one for a target.
        reconnect: called with a miner that has to reconnect, since its bytes do not fit any more.
        random_bits: 32 of them, for session ids.
        rest: seconds a slot is kept for a miner that may come back.
        lobby: who has not authorized yet.
    """

    def __init__(
        self,
        groups: Groups,
        open_group: Callable[[Target], Group],
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
        self.came: Callable[[Miner, float], None] = lambda miner, now: None
        """Called with one whose name or target is another than before, and who has a group."""
        self.left: Callable[[Miner], None] = lambda miner: None
        self._spaces: dict[Layout, SlotSpace[Past]] = {}
        """Where slots come from now."""

    # -- who comes -------------------------------------------------------------------------------

    def admit(self, miner: Miner, resume: str, now: float) -> None:
        """Give a miner that subscribes its bytes, and its group if it is known whose it is.

        Args:
            miner: has no group yet. It has no bytes then either, if its answer has to wait for the
                group, nor a group, if it has to wait for one.
            resume: the session id it names, from an earlier connection; may be anything.
            now: the time.
        """
        if not self._let_in(miner, resume, now):
            self._lobby.wait(miner, resume)
        elif miner.worker is not None:
            self.came(miner, now)

    def authorized(self, miner: Miner, now: float) -> None:
        """A miner has authorized a name: then there is a group for it, if it subscribed."""
        self._lobby.authorized(miner)
        group, tenant = group_of(miner), tenant_of(miner)
        if self._lobby.waits(miner):
            self._serve_one(miner, now)
        elif group is None and miner.prefix is not None:
            self._seat(miner, miner.prefix, now)
        elif group is not None and tenant is not None and group.target not in tenant.targets:
            self.move(miner, tenant.choose(miner, now), now)  # it was another's when it subscribed
        self.came(miner, now)

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
        """Give a miner its group, or its bytes if it has to say its name first.

        Returns:
            Whether there was one for it.
        """
        tenant = tenant_of(miner)
        if tenant is None:
            self._admit_stranger(miner, resume, now)
            return True
        target = tenant.choose(miner, now)
        if target.shared:
            let_in = self._admit(miner, tenant, target, resume, now)
        else:
            let_in = self._admit_alone(miner, target, resume, now)
        if let_in:
            self._lobby.enter(miner, now)
        return let_in

    def _may_open(self, miner: Miner) -> bool:
        """Whether another session may be opened for a miner."""
        return miner.worker is not None or self._lobby.has_room()

    def _admit_stranger(self, miner: Miner, resume: str, now: float) -> None:
        """Its name will say whose it is: give it bytes that fit wherever that leads."""
        layout = listener_of(miner).layout
        shape = _shape(layout, miner)
        assert layout is not None
        if not shape.slot:
            raise PoolError("every pool is too narrow for miners that are told apart by name")
        if resume and self._resume(miner, self._all_spaces(), layout, resume) is not None:
            return
        space = self._with_room(layout, shape, now)
        slot = space.take(shape.slot, now)
        assert slot is not None
        self._give(miner, None, space, slot, shape, self._random_bits())

    def _admit(self, miner: Miner, tenant: Tenant, target: Target, resume: str, now: float) -> bool:
        layout, most = tenant.layout, target.miners_per_session
        shape = _shape(layout, miner)
        assert layout is not None
        roomy = [group for group in self._groups.for_who(target, None) if group.has_room(most)]
        if resume:
            for group in roomy:
                space = self._resume(miner, group.spaces.values(), layout, resume)
                if space is not None:
                    self._enter(miner, group)
                    return True
        for group in roomy:
            if not group.alone and self._give_slot(miner, group, layout, shape, now):
                return True
        if not self._may_open(miner):
            return False
        self._with_room(layout, shape, now)
        return self._give_slot(miner, self._open_group(target), layout, shape, now)

    def _admit_alone(self, miner: Miner, target: Target, resume: str, now: float) -> bool:
        _shape(target.layout, miner)
        empty = [group for group in self._groups.for_who(target, None) if not group.members]
        group = next((group for group in empty if resume and group.kept[0] == resume), None)
        if group is not None:
            miner.take_up(group.kept[1])
        elif empty:
            group = min(empty, key=lambda group: group.earned)
        elif self._may_open(miner):
            group = self._open_group(target)
        else:
            return False
        group.kept, group.earned = ("", NO_PAST), False
        if not group.alone:
            group.is_for_one(now)
        group.join(miner)
        if not self.place(miner, group):
            group.waiting.append(miner)
        return True

    # -- slots -----------------------------------------------------------------------------------

    def _all_spaces(self) -> list[SlotSpace[Past]]:
        """Every space that a slot may rest in."""
        spaces = dict.fromkeys(self._spaces.values())
        for group in self._groups:
            spaces.update(dict.fromkeys(group.spaces.values()))
        return list(spaces)

    def space(self, layout: Layout) -> SlotSpace[Past]:
        """Where slots of a layout come from now."""
        if layout not in self._spaces:
            self._spaces[layout] = SlotSpace[Past](layout, self.rest)
        return self._spaces[layout]

    def _with_room(self, layout: Layout, shape: Shape, now: float) -> SlotSpace[Past]:
        """The same, or another one if that has none of a shape."""
        if not self.space(layout).has_room(shape.slot, now):
            del self._spaces[layout]
        return self.space(layout)

    def _give_slot(
        self, miner: Miner, group: Group, layout: Layout, shape: Shape, now: float
    ) -> bool:
        space = group.spaces.get(layout)
        if space is None:
            space = self._with_room(layout, shape, now)
        slot = space.take(shape.slot, now)
        if slot is None:
            return False
        group.takes(space)
        self._give(miner, group, space, slot, shape, self._random_bits())
        return True

    def _resume(
        self,
        miner: Miner,
        spaces: Iterable[SlotSpace[Past]],
        layout: Layout,
        session_id: str,
    ) -> SlotSpace[Past] | None:
        """Give a miner that comes back the slot it had.

        Returns:
            The space that it was in; None if it was in none.
        """
        try:
            slot, token = bytes.fromhex(session_id[:-8]), int(session_id[-8:], 16)
        except ValueError:
            return None  # not one of ours: WhatsMiner's may even have an odd length
        shapes = (layout.rolling, layout.plain)
        shape = next((shape for shape in shapes if shape.slot == len(slot)), None)
        if shape is None:
            return None
        for space in spaces:
            past = space.resume(slot, session_id) if space.layout == layout else None
            if past is not None:
                miner.take_up(past)
                self._give(miner, None, space, slot, shape, token)
                return space
        return None

    def _give(
        self,
        miner: Miner,
        group: Group | None,
        space: SlotSpace[Past],
        slot: bytes,
        shape: Shape,
        token: int,
    ) -> None:
        miner.take_prefix(Prefix(group, space, slot, shape.extranonce2, token=token))
        if group is not None:
            self._enter(miner, group)

    def _enter(self, miner: Miner, group: Group) -> None:
        """A miner that has its bytes is in a group from now on."""
        assert miner.prefix is not None
        miner.prefix.group = group
        if miner.earlier and any(_tenant(each) != group.target.tenant for each in miner.earlier):
            miner.forget_past()
        if miner.route is None:
            group.join(miner)

    # -- who is here -----------------------------------------------------------------------------

    def _seat(self, miner: Miner, prefix: Prefix, now: float) -> None:
        """A miner that has its bytes has said whose it is."""
        tenant = tenant_of(miner)
        assert tenant is not None
        group = self._group_for(tenant.choose(miner, now), prefix)
        if group is None:
            self._reconnect(miner)
        else:
            self._enter(miner, group)

    def _group_for(self, target: Target, prefix: Prefix, who: Who | None = None) -> Group | None:
        """A group of a target's that a miner can mine in with the bytes that it has.

        Args:
            target: the target.
            prefix: the bytes.
            who: whose name its sessions have; one of those there is none of is not opened for it.

        Returns:
            None if its bytes don't fit.
        """
        space = prefix.space
        if space is None or not target.shared or prefix.total > (target.smallest or 0):
            return None
        for group in self._groups.for_who(target, who):
            if group.has_room(target.miners_per_session) and group.takes(space):
                return group
        if who is not None:
            return None
        group = self._open_group(target)
        group.takes(space)
        return group

    def move(self, miner: Miner, target: Target, now: float, who: Who | None = None) -> bool:
        """Have a miner mine for another target, with a job and the bytes that it has.

        Shares that are under way count where they were found.

        Args:
            miner: the miner.
            target: which.
            now: the time.
            who: whose name the session is to have; None for the account's.

        Returns:
            False if its bytes don't fit there: it has to reconnect, at a gentle pace. Where it is
            but the name that changes, it stays.
        """
        before, prefix = group_of(miner), miner.prefix
        group = self._group_for(target, prefix, who) if prefix is not None else None
        if group is None or prefix is None:
            if before is None or before.target is not target:
                self._reconnect(miner)
            return False
        if before is not None:
            before.leave(miner, now)
        group.join(miner)
        again = Prefix(
            group,
            prefix.space,
            prefix.slot,
            prefix.extranonce2_size,
            token=prefix.token,
        )
        if data := miner.move(again, now):
            miner.link.send(data)
        if before is None or before.target is not target:
            self.came(miner, now)
        return True

    def leave(self, miner: Miner, now: float) -> None:
        """A miner is gone: what it had is kept for a while, for its return."""
        self._lobby.gone(miner)
        self.left(miner)
        group, prefix = group_of(miner), miner.prefix
        if group is not None:
            group.leave(miner, now)
        if prefix is not None and prefix.space is not None:
            prefix.space.give_back(prefix.slot, prefix.session_id, now, miner.past())
        elif prefix is not None and group is not None:
            group.kept = prefix.session_id, miner.past()
        if group is not None:
            self._serve(now)

    def surplus(self) -> list[Group]:
        """Groups that nobody is in, and that need not be kept for whom they were of: none of their
        shares counted, and there are more of these than may be without a miner.
        """
        empty = [
            group
            for group in self._groups
            if not group.lasting and not group.members and not group.earned and not group.who
        ]
        return empty[self._lobby.most :]

    # -- whether bytes fit -----------------------------------------------------------------------

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
            token=self._random_bits(),
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
            target, layout = group.target, group.target.layout
            placed = (
                layout is not None
                and target.shared
                and _shape(layout, miner).total <= job.room
                and self._give_slot(miner, group, layout, _shape(layout, miner), now)
            )
        if placed and before.space is not None:
            before.space.give_back(before.slot, "", now, NO_PAST)
        return placed


def group_of(miner: Miner) -> Group | None:
    """The group that a miner was given here."""
    assert miner.route is None or isinstance(miner.route, Group)
    return miner.route


def tenant_of(miner: Miner) -> Tenant | None:
    """Whose a miner is, once that is known."""
    assert miner.tenant is None or isinstance(miner.tenant, Tenant)
    return miner.tenant


def listener_of(miner: Miner) -> Listener:
    """Where a miner came in."""
    assert isinstance(miner.listener, Listener)
    return miner.listener


def _tenant(prefix: Prefix) -> str:
    """For whom shares on a prefix were found."""
    return prefix.group.target.tenant if isinstance(prefix.group, Group) else ""


def _shape(layout: Layout | None, miner: Miner) -> Shape:
    if layout is None:
        raise PoolError("no pool's extranonce2 size is known yet")
    return layout.rolling if miner.mask else layout.plain


def whole_slot(terms: Terms) -> tuple[bytes, bytes]:
    """The extranonce1 of a miner that has a session to itself, and the padding at its end.

    It is the pool's, and zeros where the pool's extranonce2 has more bytes than a miner can use.
    """
    padding = bytes(max(terms.extranonce2_size - MOST_EXTRANONCE2, 0))
    return terms.extranonce1 + padding, padding
