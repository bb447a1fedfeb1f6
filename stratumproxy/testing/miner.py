"""A simulated miner that really hashes, and sees what a server does wrong."""

from collections import deque
from collections.abc import Callable

from stratumproxy.errors import ProtocolError
from stratumproxy.testing.broken_miner import BrokenMinerSession
from stratumproxy.testing.miner_job import MinerJob
from stratumproxy.testing.miner_session import MinerCounts, MinerSession
from stratumproxy.testing.rules import Rule, Violation
from stratumproxy.testing.search import MinedShare, Search
from stratumproxy.testing.styles import STYLES, Style

MAX_VIOLATIONS = 100
"""The first ones are kept: the others mostly follow from them."""


class SimulatedMiner:
    """A miner without sockets.

    >>> miner = SimulatedMiner("cgminer", "farm.1")
    >>> to_server = miner.connect()
    >>> to_server = miner.receive(from_server)
    >>> to_server = miner.mine(10_000)       # try so many hashes; submit what is found

    It keeps to the rules that real miners keep to, and to nothing kinder: difficulty is 1 after
    the subscribe reply, a new difficulty or extranonce binds from the next notify, a clean job
    flushes the others. What a server must not do is collected in `violations`.

    A style that gives all its shares one id (cpuminer's 4) can't tell which reply is for which
    share; they are taken in order. Its counts are right all the same.

    Args:
        style: one of `STYLES`, or a name of one.
        worker: the user name.
        password: the password.
        seed: of nonces and extranonce2s.
        strict: raise at the first violation, instead of only collecting it.
        keep_shares: how many of the newest shares are kept in `shares`.
    """

    def __init__(
        self,
        style: Style | str = "cgminer",
        worker: str = "worker",
        password: str = "x",
        *,
        seed: int = 0,
        strict: bool = False,
        keep_shares: int = 1000,
    ) -> None:
        self.style = STYLES[style] if isinstance(style, str) else style
        self.worker = worker
        self.password = password
        self.strict = strict
        self._search = Search(
            seed, six_params=self.style.six_params, pads_nonce=self.style.pads_nonce
        )
        self.shares: deque[MinedShare] = deque(maxlen=keep_shares)
        """The newest ones submitted, with what became of them."""
        self.counts = MinerCounts()
        self.connects = 0
        self._connected = False
        self.violations: list[Violation] = []
        self.on_event: Callable[[str, dict[str, object]], None] | None = None
        """Told what happens, one by one: a name (connected, refused, job, share, violation,
        disconnected) and its facts, of which each is JSON."""
        self.session = self._new_session(self.style.first_session_id)
        """The connection's state: extranonces, mask, jobs, refusals, messages."""

    @property
    def job(self) -> MinerJob | None:
        """The newest job of this connection."""
        return self.session.job

    @property
    def ready(self) -> bool:
        """Whether it can mine."""
        return self.session.authorized and self.session.job is not None

    @property
    def difficulty(self) -> float:
        """What a share must have now; 0 without a job."""
        return self.session.job.difficulty if self.session.job is not None else 0.0

    @property
    def hashes(self) -> int:
        """Hashes tried."""
        return self._search.hashes

    # A connection's life.

    def connect(self) -> bytes:
        """Begin on a new connection, asking for the session of the last one.

        Returns:
            The first lines to send.
        """
        self.disconnected()
        self.connects += 1
        self._connected = True
        self._tell("connected")
        return self.session.advance()

    def disconnected(self) -> None:
        """The connection is gone, and the job with it; shares without an answer are lost."""
        for share in self.session.unanswered():
            share.verdict = "lost"
            self.counts.lost += 1
            self._tell("share", job=share.job_id, verdict="lost")
        if self._connected:
            self._connected = False
            self._tell("disconnected", refused=self.session.refused or None)
            if self.style.retries_without and not self.session.subscribed:
                self.style = self.style.without(self.style.retries_without)
        self.session = self._new_session(self.session.session_id)

    def receive(self, data: bytes, now: float = 0.0) -> bytes:
        """Take bytes from the server, in pieces of any size.

        Args:
            data: what the socket gave.
            now: seconds of any clock, the same as `mine` gets.

        Returns:
            What is to be sent.

        Raises:
            ProtocolError: the server did what it must not, and this miner is strict.
        """
        return self.session.receive(data, now)

    # Mining.

    def mine(self, count: int, now: float = 0.0) -> bytes:
        """Try `count` hashes.

        Args:
            count: hashes.
            now: seconds of the clock that `receive` has; ntime moves on with it.

        Returns:
            Submits of what was found. Empty also when there is nothing to mine on.
        """
        found = []
        end = self.hashes + count
        while self.ready and self.hashes < end:
            share = self.find(end - self.hashes, now)
            if share is not None:
                found.append(self.submit(share))
        return b"".join(found)

    def find(
        self, count: int, now: float = 0.0, *, difficulty: float | None = None
    ) -> MinedShare | None:
        """Look for one share of the newest job, and don't submit it.

        Args:
            count: hashes to try at most.
            now: as in `mine`.
            difficulty: another one than the job's: to submit a share that is too easy, say.

        Returns:
            The first share found, None if there was none.

        Raises:
            ProtocolError: there is no job.
        """
        session = self.session
        if session.job is None:
            raise ProtocolError(f"{self.worker} has no job to mine on")
        return self._search.find(session.job, session.version_mask, count, now, difficulty)

    def submit(self, share: MinedShare) -> bytes:
        """Submit a share: one that `find` found, or one made up.

        Returns:
            The line to send.
        """
        share.verdict = "submitted"
        self.counts.submitted += 1
        self.shares.append(share)
        return self.session.submit(share)

    def _new_session(self, session_id: str | None) -> MinerSession:
        kind = BrokenMinerSession if self.style.fault else MinerSession
        return kind(
            self.style,
            self.worker,
            self.password,
            session_id,
            self.counts,
            self._violation,
            self._tell,
        )

    def _violation(self, rule: Rule, text: str) -> None:
        violation = Violation(rule, f"{self.worker} ({self.style.name})", text)
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(violation)
        self._tell("violation", code=rule.code, severity=rule.severity, text=text)
        if self.strict:
            raise ProtocolError(str(violation))

    def _tell(self, event: str, **facts: object) -> None:
        if self.on_event is not None:
            self.on_event(event, {"worker": self.worker, **facts})
