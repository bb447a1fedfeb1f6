"""Who waits for a session of its own, and who has one and has not authorized yet.

Where miners can't share a session, one has to be there before a subscribe can be answered. A pool
may ban a farm for sessions that anybody opens by a line, so those without an authorized miner are
few. For the next there is the session of one that authorizes, or takes too long to.
"""

from collections import OrderedDict
from collections.abc import Iterator

from stratumproxy.downstream.miner import Miner
from stratumproxy.routing.group import Group

PRESSED = 5.0
"""Seconds from the answer to its subscribe that a miner has to authorize, when others wait. All
firmware does it at once."""


class Lobby:
    """Miners that have not authorized.

    Args:
        most: sessions that may be theirs.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._inside: dict[Miner, float] = {}
        """Those with a group, and since when they could have authorized."""
        self._waiting: OrderedDict[str, dict[Miner, str]] = OrderedDict()
        """The others, with the session id that they name: by address, the next one first. So an
        address from which many come is no more in the way than any other."""

    def enter(self, miner: Miner, now: float) -> None:
        """A miner was given a group."""
        self._forget(miner)
        if miner.worker is None:
            self._inside[miner] = now

    def wait(self, miner: Miner, resume: str) -> None:
        """There is no session for a miner."""
        self._waiting.setdefault(miner.host, {})[miner] = resume

    def gone(self, miner: Miner) -> None:
        """It has left."""
        self._inside.pop(miner, None)
        self._forget(miner)

    def authorized(self, miner: Miner) -> None:
        """It has said its name: what it has is its own."""
        self._inside.pop(miner, None)

    def has_room(self) -> bool:
        """Whether one more session may be opened for a miner that has not authorized."""
        return len(set(self._sessions())) < self.most

    def waits(self, miner: Miner) -> bool:
        """Whether a miner waits for a session."""
        return bool(self._waiting) and miner in self._waiting.get(miner.host, ())

    def resumes(self, miner: Miner) -> str:
        """The session id that one which waits has named."""
        return self._waiting[miner.host][miner]

    def first(self) -> Miner | None:
        """Who is next; None if nobody waits."""
        for miners in self._waiting.values():
            return next(iter(miners))
        return None

    def late(self, now: float) -> list[Miner]:
        """Who has had long enough to authorize, now that others wait."""
        for miner in self._inside:
            if miner.prefix is None:  # its answer waits for the pool
                self._inside[miner] = now
        if not self._waiting:
            return []
        return [each for each, at in self._inside.items() if now - at >= PRESSED]

    def _sessions(self) -> Iterator[Group]:
        for miner in self._inside:
            group = miner.route
            if isinstance(group, Group) and not group.lasting and not group.miners:
                yield group

    def _forget(self, miner: Miner) -> None:
        """It waits no more; another address is next."""
        if not self._waiting:
            return
        if (miners := self._waiting.get(miner.host)) is not None and miner in miners:
            del miners[miner]
            if miners:
                self._waiting.move_to_end(miner.host)
            else:
                del self._waiting[miner.host]
