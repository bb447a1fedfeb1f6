"""Sessions that have one worker's name, where a pool takes but one, and how its miners get there.

A miner begins on a session that has the account's name. If its name needs a session of its own,
one is opened once a share of it counted, and the miner goes there by a job when that session has
work; should it lose its pool, the miner comes back in the same way. So nobody waits for a name, or
reconnects for one, and nobody has sessions opened by making names up.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from stratumproxy.downstream.miner import Miner
from stratumproxy.routing.group import Group
from stratumproxy.routing.groups import Groups
from stratumproxy.routing.target import Target
from stratumproxy.telemetry.notices import Notices
from stratumproxy.upstream.names import Who
from stratumproxy.upstream.pool import Pool

MOVES = 256
"""Miners that are looked at in a second: a job each, and a fan-out is 256 at a time, too."""

OPENINGS = 8
"""Sessions that are opened in a second. Pools take many at once for a flood."""

WAIT_SECONDS = 60.0
"""Seconds that a session by name is kept which nobody is on, and at least as long as a slot."""


class Move(Protocol):
    """Has a miner mine on another session of its target's."""

    def __call__(self, miner: Miner, target: Target, now: float, who: Who | None = None) -> bool:
        """See `Allocator.move`."""


class Named:
    """Sessions by name, and miners that are not where their name belongs.

    Args:
        groups: those there are.
        open_group: opens another one, for one worker.
        move: has a miner mine in another group.
        notices: where it is told that there are too many names.
        most: groups by name on one pool, at a time.
    """

    def __init__(
        self,
        groups: Groups,
        open_group: Callable[[Target, Who], Group],
        move: Move,
        notices: Notices,
        most: int,
    ) -> None:
        self._groups = groups
        self._open_group = open_group
        self._move = move
        self._notices = notices
        self.most = most
        self._strays: dict[Miner, None] = {}
        """Who may not be where its name belongs, in the order of their turn."""
        self._past: dict[Miner, None] = {}
        """Whose name would need one session more than there may be."""
        self._answers: dict[Pool, bool | None] = {}
        """Whether pools took several names, when that was last looked at."""
        self._opened = 0
        """In this second."""
        self._before = 0
        """Groups by name a second ago."""

    # -- who comes and goes ----------------------------------------------------------------------

    def came(self, miner: Miner, now: float) -> None:
        """A miner has its group, or said a name."""
        if not self._settle(miner, now):
            self._strays[miner] = None

    def gone(self, miner: Miner) -> None:
        """A miner has left."""
        self._strays.pop(miner, None)
        self._past.pop(miner, None)

    def look_at(self, miners: Iterable[Miner]) -> None:
        """Names may belong somewhere else from now on."""
        self._strays.update(dict.fromkeys(miners))

    # -- regularly -------------------------------------------------------------------------------

    def tend(self, pools: Iterable[Pool], now: float) -> None:
        """Called every second or so: see that names are where they belong.

        Args:
            pools: all there are.
            now: the time.
        """
        self._opened = 0
        answers = {pool: pool.sharing.shared for pool in pools if pool.sharing.wanted}
        for pool, shared in answers.items():
            if shared is not self._answers.get(pool):
                for group in self._groups:
                    if group.target.mines_on(pool):
                        self.look_at(group.miners)
        self._answers = answers
        named = self._groups.named
        for group in named:
            if group.job is None:
                self.look_at(group.miners)
        if len(named) < self._before:
            self.look_at(self._past)
            self._past.clear()
        self._before = len(named)
        for _ in range(min(len(self._strays), MOVES)):
            miner = next(iter(self._strays))
            del self._strays[miner]
            if not self._settle(miner, now):
                self._strays[miner] = None

    def _settle(self, miner: Miner, now: float) -> bool:
        """Have a miner mine where its name belongs.

        Returns:
            False if it is to be looked at again: that session has no work yet.
        """
        group = miner.route
        if not isinstance(group, Group) or miner.worker is None:
            return True  # gone; or it has not said its name
        target, who = group.target, group.target.who(miner)
        if who == group.who and (who is None or group.job is not None):
            return True
        if who is not None and who != group.who:
            there = self._groups_for(target, who, miner, now)
            if there is None:
                self._refuse(miner, target)
                who = None
            elif all(each.job is not None for each in there) and there:
                return self._move(miner, target, now, who)
        if group.who is None:
            return who is None
        account = self._groups.for_who(target, None)
        moved = any(each.job is not None for each in account) and self._move(miner, target, now)
        return who is None and moved

    def _refuse(self, miner: Miner, target: Target) -> None:
        """There are as many sessions by name as may be: it goes as the account."""
        if not self._past:
            self._notices.warning(
                "there are more workers than sessions by name: the others go as the account",
                named_sessions=self.most,
                tenant=target.tenant,
                target=target.name,
            )
        self._past[miner] = None

    def _groups_for(self, target: Target, who: Who, miner: Miner, now: float) -> list[Group] | None:
        """Where a worker's miners mine; None if there is no room for its name."""
        there = list(self._groups.for_who(target, who))
        if any(group.has_room(target.miners_per_session) for group in there):
            return there
        if not miner.accepted:
            return []
        if not self._has_room(target):
            return None
        if self._opened < OPENINGS:
            self._opened += 1
            group = self._open_group(target, who)
            group.empty_since = now
            there.append(group)
        return there

    def _has_room(self, target: Target) -> bool:
        """Whether each pool of a target's that takes but one name takes one more session."""
        named = self._groups.named
        return all(
            sum(group.target.mines_on(login.pool) for group in named) < self.most
            for login in target.logins
            if login.way == "own"
        )
