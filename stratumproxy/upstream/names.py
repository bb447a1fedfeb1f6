"""Which name a share goes under: the worker's own, from when the pool has said true to it.

    wanted     somebody found a share under it; there are others that the pool has to answer first
    asked      the pool was asked to authorize it
    taken      it said true: shares go under it
    refused    it said no, or nothing for `PATIENCE`; a late true still counts

Until a name is taken its shares go as the account, and so do those past `MOST` names. None of that
is silent: `Sharing.unnamed` counts them.
"""

from collections import deque
from typing import NamedTuple

from stratumproxy.accounting.naming import Naming
from stratumproxy.mining.submission import Submission
from stratumproxy.telemetry.notices import Notices
from stratumproxy.upstream.sharing import Sharing

MOST = 10_000
"""Names on one session. A share of the pool's difficulty is what asks for one, so nobody fills this
by making names up; a session with more miners than that has a pool of the biggest."""

MOST_ASKED = 16
"""Names that a pool has to answer for at a time: it may count requests as a flood."""

PATIENCE = 10.0
"""Seconds for an answer to an authorize: pools look users up, some of them far off."""

REMEMBERED = 100_000
"""Names that are kept once they are made: as many as workers are remembered."""

UNAUTHORIZED = 24
MISMATCH = ("mismatch", "unauthori", "not authori")
"""How pools without that code say that a share's name is not the session's (ckpool: "Worker
mismatch")."""


class Who(NamedTuple):
    """What a name is made of."""

    tenant: str
    worker: str
    host: str = ""
    """The machine's address, and the name of the listener that it came in by: both empty where
    names are not made of them."""
    listener: str = ""


class Names:
    """How the workers of one account are called at its pool, over all of its sessions.

    Args:
        naming: what they are called.
        sharing: whether the pool takes several on one session.
        notices: where it is told what was cut, and who came to the same name.
    """

    def __init__(self, naming: Naming, sharing: Sharing, notices: Notices) -> None:
        self.naming = naming
        self.sharing = sharing
        self._notices = notices
        self._names: dict[tuple[str, str, str, str], str] = {}
        """By `Who`, of which a plain tuple is made faster."""
        self._first = sharing.first
        sharing.want(notices)

    def of(self, share: Submission) -> str:
        """What the finder of a share is called."""
        worker, host, listener = share.worker, "", ""
        if self.naming.by_machine:
            host, listener = share.miner.host, share.miner.listener.name
        who = worker.tenant, worker.name, host, listener
        return self._names.get(who) or self._make(Who(*who))

    def name(self, who: Who) -> str:
        """What somebody is called."""
        if not self.naming.by_machine:
            who = Who(who.tenant, who.worker)
        return self._names.get(who) or self._make(who)

    def _make(self, who: Who) -> str:
        tenant, worker, *machine = who
        name, cut = self.naming.of(worker, *machine)
        if len(self._names) >= REMEMBERED:
            forgotten = next(iter(self._names))
            self._first.pop(self._names.pop(forgotten), None)
        self._names[who] = name
        if name == self.naming.account:
            return name
        if cut:
            self._notices.warning(
                "a name is changed to what pools take", worker=worker, tenant=tenant, name=name
            )
        first = self._first.setdefault(name, who)
        if first != who:
            self._notices.warning(
                "two workers have the same name at the pool; here they are counted apart",
                name=name,
                worker=worker,
                tenant=tenant,
                other=first[1],
            )
        return name


class SessionNames:
    """The names of one session.

    Args:
        names: what workers are called.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.taken: dict[str, bytes] = {}
        """And what a share under each begins with, in the words of the session's protocol."""
        self.refused: dict[str, str] = {}
        """And why."""
        self._asked: dict[str, float] = {}
        """And when, the first asked first."""
        self._wanted: deque[str] = deque()
        self._waiting: set[str] = set()
        """The same, and those that were asked for."""
        self._credited = False
        """A share under a name was taken."""

    def __len__(self) -> int:
        return len(self.taken) + len(self.refused) + len(self._waiting)

    def want(self, name: str) -> bool:
        """Somebody found a share under a name that is not taken.

        Returns:
            Whether an answer of the pool is to come.
        """
        if name in self._waiting:
            return True
        if name in self.refused or len(self) >= MOST:
            return False
        self._waiting.add(name)
        self._wanted.append(name)
        return True

    def ask(self, now: float) -> list[str]:
        """Those to be asked for now."""
        ask = []
        while self._wanted and len(self._asked) < MOST_ASKED:
            name = self._wanted.popleft()
            self._asked[name] = now
            ask.append(name)
        return ask

    def take(self, name: str, head: bytes) -> None:
        """The pool said true, however late."""
        self._done(name)
        self.refused.pop(name, None)
        self.taken[name] = head

    def refuse(self, name: str, why: str) -> None:
        """The pool said no, be it after a yes."""
        self._done(name)
        self.taken.pop(name, None)
        if name not in self.refused:
            self.refused[name] = why
            if self.names.sharing.shared:
                self.names.sharing.doubt(f'to the name "{name}": {why}')

    def _done(self, name: str) -> None:
        self._waiting.discard(name)
        self._asked.pop(name, None)

    def tend(self, now: float) -> list[str]:
        """Those that the pool gave no answer for in time; they are refused."""
        late = []
        for name, since in self._asked.items():
            if now - since < PATIENCE:
                break
            late.append(name)
        for name in late:
            self.refuse(name, f"no answer within {PATIENCE:g} s")
        return late

    def cut(self) -> None:
        """The connection is gone: perhaps because of what was asked."""
        if self._asked:
            self._asked.clear()
            self.names.sharing.suspend("it hung up when it was asked for another name")

    def judged(self, share: Submission, now: float) -> None:
        """There is a verdict on a share: whether the pool does what it said of its name."""
        if share.name not in self.taken:
            return
        if share.error is None:
            self._credited = True
            return
        code, text = share.error
        if code != UNAUTHORIZED and not any(word in text.lower() for word in MISMATCH):
            return
        self.refuse(share.name, text)
        if not self._credited:
            self.names.sharing.contradict(f"it takes names, and no shares under them: {text}", now)
