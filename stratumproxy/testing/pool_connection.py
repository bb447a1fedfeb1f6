"""One client's connection to a simulated pool: bytes in, bytes out."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

import orjson

from stratumproxy.testing import judge, rules
from stratumproxy.testing.jobs import PoolJob
from stratumproxy.testing.judge import Judgement, PreparedJob, Reject, SentJob
from stratumproxy.testing.names import KICKED, Names
from stratumproxy.testing.replies import Json, line, notification, rejection, reply
from stratumproxy.testing.rules import Rule, Violation
from stratumproxy.testing.settings import PoolSettings

MAX_LINE = 16_384
MAX_QUEUED = 1 << 22
"""Bytes that wait for a client which does not read; past that it is dropped."""

OTHER = 20


class Pool(Protocol):
    """What a connection asks of its pool."""

    settings: PoolSettings
    job: PoolJob | None
    """The newest job. There is none before the first client is ready for one."""

    def open_session(self, session_id: object) -> tuple[str, bytes]:
        """A session id and its extranonce1: the old ones, if that session is known."""

    def new_job(self, now: float) -> PoolJob:
        """Make the next job and queue it on all connections."""

    def prepare(self, job: PoolJob, extranonce_size: int) -> PreparedJob:
        """A job for connections with that many bytes of extranonce1 and 2 together."""

    def was_issued(self, job_id: str) -> bool:
        """Whether that job was one of this pool's, once."""

    def count(self, worker: str | None, share: Judgement, *, answered: bool) -> None:
        """Count one share."""

    def violated(self, connection: "PoolConnection", violation: Violation) -> None:
        """Note what a client should not have done."""

    def left(self, connection: "PoolConnection") -> None:
        """A connection is closed."""

    def drop_connections(self) -> None:
        """Close all connections without a word."""

    def tell(self, event: str, **facts: object) -> None:
        """Tell who listens to it what happened."""

    def notice(self) -> None:
        """Tell the watchers that something changed."""


class PoolConnection:
    """One connection, sans-IO; made by `SimulatedPool.connect`.

    `receive` takes what the client sent and gives back what is to be sent. What the pool pushes
    meanwhile waits for `take`; `on_output` is called then, and when the connection is closed.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._buffer = b""
        self._out: deque[tuple[float, bytes]] = deque()
        self._queued = 0
        self._leaving = False
        """It is closed once all is sent that waits."""
        self._last_due = 0.0
        self._jobs: dict[str, SentJob] = {}
        self._names = Names()
        self._shares = 0
        self._good_shares = 0
        self._difficulty = pool.settings.difficulty
        self.number = 0
        """From 1, in the order they came."""
        self.peer = ""
        """Who it is, where that is known: host:port."""
        self.on_output: Callable[[], None] | None = None
        self.closed = False
        """Close the socket, once `take` gave its last."""
        self.user_agent = ""
        self.session_id: str | None = None
        """None before subscribe."""
        self.extranonce1 = b""
        self.extranonce2_size = 0
        self.version_mask = 0
        """What this client may roll; 0 without BIP310."""
        self.wants_extranonce = False

    @property
    def ready(self) -> bool:
        """Whether it gets jobs."""
        return self.session_id is not None and (
            bool(self._names) or self._pool.settings.work_after == "subscribe"
        )

    # Bytes.

    def receive(self, data: bytes, now: float) -> bytes:
        """Take bytes from the client, in pieces of any size.

        Args:
            data: what the socket gave.
            now: Unix seconds.

        Returns:
            What is to be sent now; more may become due later (`next_due`).
        """
        self.feed(data, now)
        return self.take(now)

    def feed(self, data: bytes, now: float) -> None:
        """`receive`, leaving what is to be sent to `take`."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for text in lines:
            if self.closed:
                break
            if text.strip():
                self._receive_line(text, now)
        if len(self._buffer) > MAX_LINE:
            self._violation(rules.MINER_LINE_LENGTH, "a line is longer than 16 KiB")
            self.close()

    def take(self, now: float) -> bytes:
        """What is due to be sent."""
        due = []
        while self._out and self._out[0][0] <= now:
            due.append(self._out.popleft()[1])
        data = b"".join(due)
        self._queued -= len(data)
        if self._leaving and not self._out:
            self.close()
        return data

    @property
    def next_due(self) -> float | None:
        """When `take` will have something, in Unix seconds; None: when it is told to."""
        return self._out[0][0] if self._out else None

    def hurry(self) -> None:
        """Have everything that is delayed (`PoolSettings.reply_delay`) leave now."""
        self._last_due = 0.0
        self._out = deque((0.0, data) for _, data in self._out)
        self._notice()

    def close(self) -> None:
        """Drop this connection. What waited to be sent is gone."""
        if self.closed:
            return
        self.closed = True
        self._out.clear()
        self._notice()
        self._pool.left(self)

    # What the pool pushes.

    def send(self, method: str, params: list[Json]) -> None:
        """Queue any notification."""
        self._queue(notification(method, params))

    def request(self, method: str, params: list[Json], request_id: Json) -> None:
        """Queue a request; what is answered is an event of `SimulatedPool.on_event`."""
        self._queue(line({"id": request_id, "method": method, "params": params}))

    def send_line(self, data: bytes) -> None:
        """Queue bytes as they are, of no Stratum perhaps."""
        self._queue(data)

    def send_job(self, job: PoolJob) -> None:
        """Queue a job, if this client is far enough to get one."""
        if not self.ready:
            return
        pool = self._pool
        extranonce_size = len(self.extranonce1) + self.extranonce2_size
        first = not self._jobs
        if job.clean:
            self._jobs.clear()
        while len(self._jobs) >= pool.settings.jobs_kept:
            del self._jobs[next(iter(self._jobs))]
        prepared = pool.prepare(job, extranonce_size)
        self._jobs[job.job_id] = SentJob(
            prepared.work, self.extranonce1, self.extranonce2_size, self._difficulty
        )
        notify = prepared.notify
        if first and not job.clean:  # new here: nothing that it held before is worth anything
            notify = notify.replace(b",false]}", b",true]}")
        self._queue(notify)

    def send_difficulty(self, difficulty: float) -> None:
        """Queue a difficulty; it binds from the next job."""
        self._difficulty = difficulty
        if self.ready:
            self.send("mining.set_difficulty", [difficulty])

    def send_extranonce(self, extranonce1: bytes) -> None:
        """Queue another extranonce1, and the pool's extranonce2_size; both bind from the next job.

        The session id keeps standing for the extranonce1 of its subscribe.
        """
        if self.session_id is None:
            return
        self.extranonce1 = extranonce1
        self.extranonce2_size = self._pool.settings.extranonce2_size
        self.send("mining.set_extranonce", [extranonce1.hex(), self.extranonce2_size])

    def send_version_mask(self, mask: int) -> None:
        """Queue another mask, if this client rolls versions; it binds at once."""
        if self.version_mask:
            self.version_mask = mask
            self.send("mining.set_version_mask", [f"{mask:08x}"])

    def _queue(self, data: bytes, due: float = 0.0) -> None:
        """Queue a line behind those that wait already: a pool's lines never overtake."""
        if self._pool.settings.silent or self.closed:
            return
        if self._queued + len(data) > MAX_QUEUED:
            self._violation(rules.MINER_READS, "does not read what it is sent")
            self.close()
            return
        self._last_due = due = max(due, self._last_due)
        self._queued += len(data)
        self._out.append((due, data))
        self._notice()

    def _notice(self) -> None:
        if self.on_output is not None:
            self.on_output()

    def _violation(self, rule: Rule, text: str) -> None:
        self._pool.violated(self, Violation(rule, self.user_agent or "client", text))

    # What the client says.

    def _receive_line(self, text: bytes, now: float) -> None:
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            self._violation(rules.MINER_JSON, f"no JSON: {text[:80]!r}")
            self.close()
            return
        if not isinstance(message, dict):
            self._violation(rules.MINER_JSON, f"no JSON object: {text[:80]!r}")
            return
        method = message.get("method")
        if method is None:  # an answer to a request of ours
            self._pool.tell("answer", connection=self.number, id=message.get("id"))
            return
        request_id, params = message.get("id"), message.get("params")
        if not isinstance(method, str) or not isinstance(params, list):
            self._violation(rules.MINER_REQUEST, f"no request: {text[:80]!r}")
            return
        settings = self._pool.settings
        if settings.integer_ids_only and type(request_id) is not int:
            self._violation(rules.MINER_ID_INTEGER, f"request id {request_id!r} is no integer")
            self.close()
            return
        answer = self._answer(method, params, request_id)
        if answer is None or not self._is_answered(request_id):
            return
        self._queue(answer, now + settings.reply_delay)
        if method in ("mining.subscribe", "mining.authorize"):
            self._send_first_job(now)

    def _is_answered(self, request_id: Json) -> bool:
        """JSON-RPC 1.0, section 1.3: a request with a null id is a notification."""
        return request_id is not None

    def _answer(self, method: str, params: list[Json], request_id: Json) -> bytes | None:
        """The answer to one request; None for none."""
        match method:
            case "mining.submit":
                return self._submit(request_id, params)
            case "mining.configure" if self._pool.settings.supports_configure:
                return reply(request_id, self._configure(params))
            case "mining.subscribe":
                return self._subscribe(request_id, params)
            case "mining.authorize":
                return self._authorize(request_id, params)
            case "mining.extranonce.subscribe":
                self.wants_extranonce = True
                return reply(request_id, True)
            case "mining.ping":
                return reply(request_id, "pong")
            case "mining.get_transactions":
                return reply(request_id, [])
            case "mining.multi_version" | "mining.suggest_difficulty" | "mining.suggest_target":
                return reply(request_id, True)
            case "pong":
                return None
        return rejection("array", request_id, OTHER, f"Method {method!r} not found")

    def _configure(self, params: list[Json]) -> dict[str, Json]:
        """BIP310: what of the asked extensions there is, and with which values."""
        wanted = params[0] if params else None
        values = params[1] if len(params) > 1 else None
        if not isinstance(wanted, list) or not isinstance(values, dict | None):
            self._violation(
                rules.MINER_CONFIGURE,
                "mining.configure without a list of extensions and their values",
            )
            return {}
        if self.session_id is not None and "version-rolling" in wanted:
            # Allowed; pools differ in what they make of it, so a proxy should not do it.
            self._violation(rules.MINER_CONFIGURE_FIRST, "mining.configure after mining.subscribe")
        granted: dict[str, Json] = {}
        for extension in wanted:
            match extension:
                case "version-rolling":
                    mask = self._pool.settings.version_mask or 0
                    asked = (values or {}).get("version-rolling.mask", "ffffffff")
                    try:
                        self.version_mask = mask & int(asked, 16)
                    except (TypeError, ValueError):
                        self._violation(
                            rules.MINER_MASK_HEX, f"version-rolling.mask {asked!r} is no hex number"
                        )
                        self.version_mask = 0
                    granted["version-rolling"] = bool(self.version_mask)
                    if self.version_mask:
                        granted["version-rolling.mask"] = f"{self.version_mask:08x}"
                case "subscribe-extranonce":
                    self.wants_extranonce = granted["subscribe-extranonce"] = True
                case "minimum-difficulty" | "info":
                    granted[extension] = True
                case _:
                    granted[str(extension)] = False
        return granted

    def _subscribe(self, request_id: Json, params: list[Json]) -> bytes:
        pool = self._pool
        if params and isinstance(params[0], str):
            self.user_agent = params[0]
        if self.session_id is not None:
            self._violation(rules.MINER_SUBSCRIBE_ONCE, "mining.subscribe a second time")
        known = params[1] if len(params) > 1 else None
        self.session_id, self.extranonce1 = pool.open_session(known)
        self.extranonce2_size = pool.settings.extranonce2_size
        pool.tell(
            "subscribed",
            connection=self.number,
            peer=self.peer,
            user_agent=self.user_agent,
            extranonce1=self.extranonce1.hex(),
            resumed=self.session_id == known,
        )
        subscriptions = [
            ["mining.set_difficulty", self.session_id],
            ["mining.notify", self.session_id],
        ]
        return reply(request_id, [subscriptions, self.extranonce1.hex(), self.extranonce2_size])

    def _authorize(self, request_id: Json, params: list[Json]) -> bytes | None:
        settings = self._pool.settings
        worker = params[0] if params else None
        if settings.refuse_authorize or not isinstance(worker, str) or not worker:
            taken: Reject | bool = judge.UNAUTHORIZED
        else:
            taken = self._names.authorize(settings.second_name, worker)
        if isinstance(taken, Reject):
            self._leaving = taken is KICKED
            return rejection(settings.reject_shape, request_id, taken.code, taken.text)
        if not taken:
            return None
        self._pool.tell("authorized", connection=self.number, worker=worker)
        return reply(request_id, True)

    def _send_first_job(self, now: float) -> None:
        """As soon as it may: difficulty, then the job. cgminer resets to 1 at subscribe."""
        if not self.ready or self._jobs:
            return
        self._pool.notice()
        self.send("mining.set_difficulty", [self._difficulty])
        if self._pool.job is None:
            self._pool.new_job(now)
        else:
            self.send_job(self._pool.job)

    # Shares.

    def _submit(self, request_id: Json, params: list[Json]) -> bytes | None:
        pool, settings = self._pool, self._pool.settings
        whose = self._names.of(settings.second_name, params[0] if params else None)
        worker = whose if isinstance(whose, str) else None
        share = self._judge(worker, params)
        if isinstance(whose, Reject) and share.reject == judge.UNAUTHORIZED:
            share = share._replace(reject=whose)
        if share.reject is None:
            self._good_shares += 1
            if settings.reject_every and self._good_shares % settings.reject_every == 0:
                share = share._replace(reject=judge.POOL)
        self._shares += 1
        dropped = settings.drop_every and self._shares % settings.drop_every == 0
        answered = not (dropped or settings.silent)
        pool.count(worker, share, answered=answered)
        reject = share.reject
        pool.tell(
            "share",
            connection=self.number,
            worker=worker,
            rejected=reject.reason if reject else None,
            difficulty=share.difficulty,
        )
        if not answered:
            return None
        if reject is not None:
            return rejection(settings.reject_shape, request_id, reject.code, reject.text)
        if type(request_id) is int:  # the most frequent line by far: spare it the encoder
            return b'{"id":%d,"result":true,"error":null}\n' % request_id
        return reply(request_id, True)

    def _judge(self, worker: str | None, params: list[Json]) -> Judgement:
        if self.session_id is None:
            self._violation(rules.MINER_SUBMIT_EARLY, "a share before mining.subscribe")
            return Judgement(judge.NOT_SUBSCRIBED)
        if worker is None:
            return Judgement(judge.UNAUTHORIZED)
        submit = [each for each in params if isinstance(each, str)]
        if len(submit) != len(params) or len(submit) not in (5, 6):
            self._violation(
                rules.MINER_SUBMIT_SHAPE, f"a share with odd params: {str(params)[:120]}"
            )
            return Judgement(judge.MALFORMED)
        job = self._jobs.get(submit[1])
        if job is None:
            known = self._pool.was_issued(submit[1])
            return Judgement(judge.STALE if known else judge.UNKNOWN_JOB)
        return job.judge(submit, self.version_mask)
