"""A simulated pool that judges every share itself, with the reference code.

`SimulatedPool` is what all its connections share: jobs, extranonce1s, counts. Sans-IO: what goes
over a wire is `PoolConnection`'s, and the sockets are `serve_pool`'s.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from stratumproxy.shares import _reference as reference
from stratumproxy.testing.broken_pool import BrokenPoolConnection
from stratumproxy.testing.jobs import JobSource, PoolJob
from stratumproxy.testing.judge import Judgement, PreparedJob
from stratumproxy.testing.pool_connection import PoolConnection
from stratumproxy.testing.replies import notification
from stratumproxy.testing.rules import MAX_VIOLATIONS, Violation
from stratumproxy.testing.settings import PoolSettings

MAX_PREPARED = 256
"""Jobs kept ready; one costs a kilobyte or two, and is made again when it is missed."""


@dataclass(slots=True)
class ShareCounts:
    """Shares as a pool counted them."""

    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """By reason: stale, unknown-job, duplicate, low-difficulty, bad-ntime, bad-version,
    malformed, unauthorized, not-subscribed, pool (`PoolSettings.reject_every`)."""
    work: float = 0.0
    """The accepted shares' difficulties, added up: of the job, not of the hash."""

    @property
    def submitted(self) -> int:
        """All of them."""
        return self.accepted + self.rejected.total()


class SimulatedPool:
    """A Stratum V1 pool without sockets.

    >>> pool = SimulatedPool()
    >>> connection = pool.connect()
    >>> to_client = connection.receive(from_client, now=1_700_000_000)
    >>> job = pool.new_job(now=1_700_000_030)
    >>> to_client = connection.take(now=1_700_000_030)

    Time is passed in as Unix seconds; it becomes ntime, and decides when a delayed reply leaves.
    Two pools made with equal arguments and fed equal lines at equal times send equal bytes.

    Args:
        settings: the knobs; the default is a plain, well-behaved pool.
        rng: where jobs and extranonce1s come from; `random.Random(0)` by default.
    """

    def __init__(
        self, settings: PoolSettings | None = None, rng: random.Random | None = None
    ) -> None:
        self.settings = settings or PoolSettings()
        self._rng = rng or random.Random(0)
        self._jobs = JobSource(self._rng)
        self._prepared: dict[tuple[str, int], PreparedJob] = {}
        self._seen = reference.Seen()
        self._next_extranonce1 = self._rng.getrandbits(64)
        self._sessions: dict[str, bytes] = {}
        self.job: PoolJob | None = None
        """The newest job. There is none before the first client is ready for one."""
        self.jobs = 0
        self.clean_jobs = 0
        self.connections: list[PoolConnection] = []
        """The open ones."""
        self.connected = 0
        """Connections there ever were."""
        self.total = ShareCounts()
        self.workers: dict[str, ShareCounts] = {}
        """By worker name; the unauthorized ones are in `total` only."""
        self.blocks = 0
        self.unanswered = 0
        """Counted shares whose verdict was never told (`PoolSettings.drop_every`, `silent`)."""
        self.hashes: deque[bytes] = deque(maxlen=self.settings.keep_hashes)
        """Header hashes of the newest accepted shares, internal byte order."""
        self.violations: list[Violation] = []
        """What clients did that no client should: bad JSON, wrong order, ids that break pools."""
        self.watchers: set[Callable[[], None]] = set()
        """Called after each share, job, and connection that came, got ready or went."""
        self.on_event: Callable[[str, dict[str, object]], None] | None = None
        """Told what happens, one by one: a name (connected, subscribed, authorized, job, share,
        violation, disconnected) and its facts, of which each is JSON."""

    def connect(self) -> PoolConnection:
        """A new connection."""
        kind = BrokenPoolConnection if self.settings.fault else PoolConnection
        connection = kind(self)
        self.connections.append(connection)
        self.connected += 1
        connection.number = self.connected
        self.notice()
        return connection

    def new_job(self, now: float, *, clean: bool | None = None) -> PoolJob:
        """Make the next job and queue it on all connections.

        Args:
            now: Unix seconds; the job's ntime.
            clean: whether it is on a new block, so that older jobs are stale; None: as
                `PoolSettings.clean_every` says.
        """
        settings = self.settings
        if clean is None:
            clean = settings.clean_every > 0 and self.jobs % settings.clean_every == 0
        clean = clean or self.job is None
        job = self._jobs.next(
            int(now),
            clean=clean,
            coinbase_size=settings.coinbase_size,
            branches=settings.merkle_branches,
            version=settings.job_version,
            nbits=settings.nbits,
        )
        if clean:
            self._prepared.clear()
            self._seen = reference.Seen()
        self.job = job
        self.jobs += 1
        self.clean_jobs += clean
        self.tell("job", job=job.job_id, height=job.height, clean=clean)
        for connection in tuple(self.connections):
            connection.send_job(job)
        self.notice()
        return job

    def set_difficulty(self, difficulty: float) -> None:
        """Send another difficulty to all connections. It binds from the next job."""
        self.settings.difficulty = difficulty
        for connection in self.connections:
            connection.send_difficulty(difficulty)

    def set_extranonce(self, extranonce2_size: int | None = None, *, unasked: bool = False) -> None:
        """Give connections a new extranonce1. It binds from the next job, so send a clean one.

        Args:
            extranonce2_size: another size than up to now, for new connections too.
            unasked: also to those that did not ask for it (NiceHash does that).
        """
        if extranonce2_size is not None:
            self.settings.extranonce2_size = extranonce2_size
        for connection in self.connections:
            if unasked or connection.wants_extranonce:
                connection.send_extranonce(self.allocate_extranonce1())

    def set_version_mask(self, mask: int) -> None:
        """Send another mask to all connections that roll versions. It binds at once (BIP310)."""
        self.settings.version_mask = mask
        for connection in self.connections:
            connection.send_version_mask(mask)

    def show_message(self, text: str) -> None:
        """Send ``client.show_message`` to all connections."""
        for connection in self.connections:
            connection.send("client.show_message", [text])

    def reconnect(self, host: str = "", port: int | str = "", wait: int = 0) -> None:
        """Send ``client.reconnect`` to all connections: elsewhere, or without a host to here."""
        for connection in self.connections:
            connection.send("client.reconnect", [host, port, wait] if host else [])

    def restart(self, settings: PoolSettings | None = None) -> None:
        """Be a pool that was cut and came back: no connection, job or session is left.

        Extranonce1s come from another space. Counts and hashes go on.

        Args:
            settings: other ones than up to now.
        """
        self.drop_connections()
        self._sessions.clear()
        self._prepared.clear()
        self._seen = reference.Seen()
        self.job = None
        self._next_extranonce1 = self._rng.getrandbits(64)
        if settings is not None:
            self.settings = settings

    def drop_connections(self) -> None:
        """Close all connections without a word."""
        for connection in tuple(self.connections):
            connection.close()

    # What connections ask of the pool.

    def allocate_extranonce1(self) -> bytes:
        """An extranonce1 that no other connection has."""
        prefix = self.settings.extranonce1_prefix
        size = self.settings.extranonce1_size - len(prefix)
        self._next_extranonce1 += 1
        room: int = 256**size
        return prefix + (self._next_extranonce1 % room).to_bytes(size, "big")

    def open_session(self, session_id: object) -> tuple[str, bytes]:
        """A session id and its extranonce1: the old ones, if that session is known."""
        if self.settings.resume and isinstance(session_id, str) and session_id in self._sessions:
            return session_id, self._sessions[session_id]
        new_id = f"{self._rng.getrandbits(64):016x}"
        self._sessions[new_id] = extranonce1 = self.allocate_extranonce1()
        return new_id, extranonce1

    def prepare(self, job: PoolJob, extranonce_size: int) -> PreparedJob:
        """A job for connections with that many bytes of extranonce1 and 2 together."""
        key = job.job_id, extranonce_size
        prepared = self._prepared.get(key)
        if prepared is None:
            coinb1, coinb2 = job.coinbase(extranonce_size)
            work = reference.Work(
                coinb1,
                coinb2,
                job.branches,
                job.version,
                job.prevhash,
                job.nbits,
                job.ntime,
                extranonce_size,
                bytes(32),  # each connection has a target of its own, and gives that to `check`
                self._seen,
                self.settings.ntime_roll,
            )
            notify = notification("mining.notify", job.notify(extranonce_size))
            prepared = self._prepared[key] = PreparedJob(work, notify)
            while len(self._prepared) > MAX_PREPARED:
                del self._prepared[next(iter(self._prepared))]
        return prepared

    def was_issued(self, job_id: str) -> bool:
        """Whether that job was one of this pool's, once."""
        return self._jobs.was_issued(job_id)

    def count(self, worker: str | None, share: Judgement, *, answered: bool) -> None:
        """Count one share.

        Args:
            worker: whose it is; None for a stranger's.
            share: what it is worth.
            answered: whether its verdict is told.
        """
        if share.reject is None:
            self.hashes.append(share.hash)
            self.blocks += share.block
        self.unanswered += not answered
        counts = [self.total]
        if worker is not None:
            counts.append(self.workers.setdefault(worker, ShareCounts()))
        for each in counts:
            if share.reject is None:
                each.accepted += 1
                each.work += share.difficulty
            else:
                each.rejected[share.reject.reason] += 1
        self.notice()

    def left(self, connection: PoolConnection) -> None:
        """A connection is closed."""
        self.connections.remove(connection)
        self.tell("disconnected", connection=connection.number)
        self.notice()

    def violated(self, connection: PoolConnection, violation: Violation) -> None:
        """Note what a client should not have done."""
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(violation)
        self.tell(
            "violation",
            connection=connection.number,
            code=violation.code,
            severity=violation.severity,
            text=violation.text,
        )

    def tell(self, event: str, **facts: object) -> None:
        """Tell `on_event`."""
        if self.on_event is not None:
            self.on_event(event, facts)

    def notice(self) -> None:
        """Tell the watchers that something changed."""
        for watcher in tuple(self.watchers):
            watcher()
