"""A session with a pool, sans-IO, whatever it speaks: bytes in, events out, bytes to send gather.

Bytes go in by `Session.receive`, which returns what happened as events; bytes to send gather in
`Session.outgoing`. The states, in their order:

    greeting   the handshake is under way; jobs are held
    ready      subscribed, authorized, and a job has come: shares are taken
    ended      the connection is gone (`abandon`)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from stratumproxy.mining.issued import Found
from stratumproxy.mining.job import PoolJob, Terms
from stratumproxy.mining.submission import Submission
from stratumproxy.upstream.names import SessionNames


@dataclass(frozen=True, slots=True)
class NewJob:
    """The pool sent a job, and the session is ready to mine on it."""

    job: PoolJob
    terms: Terms


@dataclass(frozen=True, slots=True)
class TermsChanged:
    """What the pool asks changed for the job that it sent last, and not only from the next on."""

    terms: Terms


@dataclass(frozen=True, slots=True)
class ReconnectAsked:
    """The pool sent client.reconnect. Empty host or port 0: the same as now."""

    host: str
    port: int
    wait: float


@dataclass(frozen=True, slots=True)
class Said:
    """The pool has a message for people."""

    text: str


@dataclass(frozen=True, slots=True)
class Odd:
    """The pool sent what makes no sense, or can't be followed; it was passed over."""

    text: str


Event = Submission | NewJob | TermsChanged | ReconnectAsked | Said | Odd
"""What happened. A `Submission` share is one that the pool gave its verdict on, in `error`."""


def condensed(events: list[Event]) -> list[Event]:
    """What counts of all that a session said before it is mined on: its newest job and terms.

    Of messages and oddities the last; no more, however long it talks.
    """
    last: dict[type, Event] = {}
    for event in events:
        if isinstance(event, NewJob):
            last.pop(TermsChanged, None)
        last.pop(type(event), None)
        last[type(event)] = event
    return list(last.values())


class Session(ABC):
    """The client's side of one connection to a pool.

    Args:
        user: the name to mine as.
        wake: called when there is something to send.
        names: names that shares go under, beside the user's; None: all go as the user.
    """

    def __init__(
        self, user: str, wake: Callable[[], None], names: SessionNames | None = None
    ) -> None:
        self.user = user
        self.names = names
        self.outgoing = bytearray()
        """Bytes to send; whoever sends takes them out."""
        self.pending: dict[int, Submission] = {}
        """Shares without a verdict, by the number they were sent under, oldest first."""
        self.ready = False
        """It can be mined on: it takes shares, and a job has come."""
        self.answered = False
        """The pool has said anything at all."""
        self.session_id = ""
        """What names this session to the pool when it is to be taken up again."""
        self.extranonce1 = b""
        self.extranonce2_size = 0
        self.fingerprint: object = None
        """How it introduced itself, as far as that tells one pool's software from another's."""
        self.unreported: list[Submission] = []
        """Shares with a verdict that `receive` could not return, because of what came after it."""
        self._wake = wake

    @abstractmethod
    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what the pool sent.

        Returns:
            What happened, in order.

        Raises:
            ProtocolError: this is no protocol of ours; the connection can't be used any more.
            PoolError: the pool refused us, or its sizes can't be mined on.
        """

    @abstractmethod
    def submit_head(self, pool_job_id: str) -> bytes:
        """What every share on a job begins with, made once for `submit`; opaque to all others."""

    @abstractmethod
    def submit(self, share: Submission, head: bytes, found: Found) -> None:
        """Send a share, and remember it until the verdict comes.

        Args:
            share: what to remember.
            head: of `submit_head`, for its job.
            found: it, in the pool's terms.
        """

    @property
    def named(self) -> int:
        """Names that the pool takes shares under, beside the user's."""
        return len(self.names.taken) if self.names is not None else 0

    def authorize(self, name: str, now: float) -> bool:
        """Have shares taken under one more name, on a session that has `names`.

        Args:
            name: which.
            now: the time.

        Returns:
            Whether an answer of the pool is to come; otherwise it said no before, or there are too
            many, or the protocol has no second name.
        """
        return False

    def tend(self, now: float) -> None:  # noqa: B027
        """Called every second or so: names that the pool gave no answer for are not waited for."""

    def overdue(self, before: float) -> list[Submission]:
        """Take out the shares that were sent before a moment and still have no verdict."""
        late = []
        for number, share in self.pending.items():
            if share.sent >= before:
                break
            late.append(number)
        return [self.pending.pop(number) for number in late]

    def abandon(self) -> list[Submission]:
        """The connection is gone: take out every share without a verdict."""
        shares = list(self.pending.values())
        self.pending.clear()
        self.ready = False
        return shares

    def cut(self) -> None:
        """The connection is gone, and not because we closed it."""
        if self.names is not None:
            self.names.cut()
