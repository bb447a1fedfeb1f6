"""The question whether a pool takes several names on a session, asked on a session of its own.

Bytes in, bytes out, and an answer in the end. The spare session is authorized as the account and
then once more under another name:

    true                                several names may share a session
    an error, or nothing for 10 s       they may not
    the connection ends, or anything
    that no session is mined on after   they may not
    all of that before the second name  the pool could not be asked: nothing is learnt
"""

from dataclasses import dataclass

from stratumproxy.accounting.naming import Naming
from stratumproxy.errors import PoolError, ProtocolError
from stratumproxy.telemetry.notices import NoNotices
from stratumproxy.upstream.names import PATIENCE, Names, SessionNames
from stratumproxy.upstream.session import Session
from stratumproxy.upstream.sharing import Sharing

WORKER = "probe"
"""The second name's worker. Pools that list a worker from its authorize on will list this one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it."""

    shared: bool | None
    """Whether several names may share a session; None: it could not be asked."""
    why: str
    """What the pool did."""


def probing(naming: Naming) -> SessionNames:
    """Names for a session that is but to be asked on; what it hears is told nobody."""
    silent = NoNotices()
    return SessionNames(Names(naming, Sharing(""), silent))


class Probe:
    """One conversation.

    Args:
        session: a new one with the pool, that nobody will mine on, with names of `probing`.
        naming: of the account.
    """

    def __init__(self, session: Session, naming: Naming) -> None:
        assert session.names is not None
        self.session = session
        self._names: SessionNames = session.names
        self._name = naming.of(WORKER, WORKER, WORKER).name
        self._asked: float | None = None
        self.answer: Answer | None = None
        """Once there is one, the session can be closed."""

    @property
    def until(self) -> float | None:
        """When the pool will have been silent for too long; None: it has not been asked yet."""
        return None if self._asked is None else self._asked + PATIENCE

    def receive(self, data: bytes, now: float) -> None:
        """Take what the pool sent; nothing is that it hung up."""
        if self.answer is not None:
            return
        if not data:
            self._over("it hung up")
            return
        try:
            self.session.receive(data, now)
        except (PoolError, ProtocolError) as error:
            self._over(str(error))
            return
        if self._asked is None and self.session.ready:
            self._asked = now
            self.session.authorize(self._name, now)
        elif self._name in self._names.taken:
            self.answer = Answer(True, "it said true to a second name")
        elif (why := self._names.refused.get(self._name)) is not None:
            self.answer = Answer(False, f"it refused a second name: {why}")

    def tend(self, now: float) -> None:
        """Called when `until` has come."""
        if self.answer is None and self.until is not None and now >= self.until:
            self.answer = Answer(False, f"it gave a second name no answer within {PATIENCE:g} s")

    def broke(self, why: str) -> None:
        """The connection could not be had, or is gone."""
        if self.answer is None:
            self._over(why)

    def _over(self, why: str) -> None:
        if self._asked is None:
            self.answer = Answer(None, why)
        else:
            self.answer = Answer(False, f"asked for a second name, {why}")
