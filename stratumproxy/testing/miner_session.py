"""What a simulated miner says and hears on one connection, and what it holds against the server."""

from collections import Counter, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import orjson

from stratumproxy.testing import rules
from stratumproxy.testing.miner_job import CoinbaseError, MinerJob
from stratumproxy.testing.replies import Json, line
from stratumproxy.testing.rules import Rule
from stratumproxy.testing.search import MinedShare
from stratumproxy.testing.styles import Step, Style

JOBS_KEPT = 16
"""Jobs that a miner holds, as ESP-Miner does."""


@dataclass(slots=True)
class MinerCounts:
    """What a miner counts."""

    submitted: int = 0
    accepted: int = 0
    rejected: Counter[int] = field(default_factory=Counter)
    """By code; 0 for a reject without one."""
    lost: int = 0
    """Submitted, and the connection ended before the answer."""
    work: float = 0.0
    """The accepted shares' difficulties, added up."""
    jobs: int = 0
    clean_jobs: int = 0

    @property
    def pending(self) -> int:
        """Submitted, and not answered yet."""
        return self.submitted - self.accepted - self.rejected.total() - self.lost

    def add(self, other: "MinerCounts") -> None:
        """Count what another miner counted too."""
        self.submitted += other.submitted
        self.accepted += other.accepted
        self.rejected.update(other.rejected)
        self.lost += other.lost
        self.work += other.work
        self.jobs += other.jobs
        self.clean_jobs += other.clean_jobs


class MinerSession:
    """One connection of a `SimulatedMiner`, which makes a new one each time it connects.

    Args:
        style: how it speaks.
        worker: the user name.
        password: the password.
        session_id: what subscribe asks to resume.
        counts: where to count.
        violation: told the rule that the server broke, and how; may raise.
        tell: told what else happens: a name and its facts.
    """

    def __init__(
        self,
        style: Style,
        worker: str,
        password: str,
        session_id: str | None,
        counts: MinerCounts,
        violation: Callable[[Rule, str], None],
        tell: Callable[..., None],
    ) -> None:
        self._style = style
        self._worker = worker
        self._password = password
        self._counts = counts
        self._violation = violation
        self._tell = tell
        self._buffer = b""
        self._groups = deque(style.steps)
        self._waiting: dict[tuple[type, Hashable], deque[Step | MinedShare]] = {}
        self._steps_waiting: set[Step] = set()
        self._last_id = 0
        self._next_difficulty: float | None = None
        self._job_ids: set[str] = set()
        self.session_id = session_id
        self.subscribed = False
        self.authorized = False
        self.refused = ""
        """Why subscribe or authorize was refused."""
        self.extranonce1 = b""
        self.extranonce2_size = 0
        self.version_mask = 0
        """What may be rolled; 0: nothing."""
        self.job: MinerJob | None = None
        """The newest."""
        self.jobs: dict[str, MinerJob] = {}
        """Those that shares may be sent for, by id, the newest last."""
        self.reconnect_to: tuple[str, int, float] | None = None
        """``client.reconnect``'s host ("": the same), port (0: the same), seconds to wait."""
        self.messages: deque[str] = deque(maxlen=100)
        """What ``client.show_message`` said."""

    def receive(self, data: bytes, now: float) -> bytes:
        """Take bytes from the server; `SimulatedMiner.receive` says more."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return b"".join([self._receive_line(text, now) for text in lines])

    def unanswered(self) -> list[MinedShare]:
        """Shares that no reply came to."""
        return [
            what
            for waiting in self._waiting.values()
            for what in waiting
            if isinstance(what, MinedShare)
        ]

    @property
    def unanswered_steps(self) -> set[Step]:
        """Steps of the handshake that no reply came to yet."""
        return set(self._steps_waiting)

    # What is said.

    def submit(self, share: MinedShare) -> bytes:
        """The line that submits a share."""
        params: list[Json] = [
            self._worker,
            share.job_id,
            share.extranonce2,
            share.ntime,
            share.nonce,
        ]
        if share.version_bits is not None:
            params.append(share.version_bits)
        request_id = self._style.submit_id
        if request_id is None:
            request_id = self._new_id()
        self._expect(request_id, share)
        return line({"params": params, "id": request_id, "method": "mining.submit"})

    def advance(self) -> bytes:
        """The next requests of the handshake; none while some still wait for their replies."""
        if self._steps_waiting or not self._groups or self.refused:
            return b""
        lines = []
        for step in self._groups.popleft():
            method, params = self._style.request(
                step, self._worker, self._password, self.session_id
            )
            request_id: int | str | None
            if step == "suggest_target":
                request_id = None  # bfgminer's: whoever answers it breaks it
            else:
                request_id = dict(self._style.named_ids).get(step) or self._new_id()
                self._expect(request_id, step)
                self._steps_waiting.add(step)
            lines.append(line({"id": request_id, "method": method, "params": params}))
        return b"".join(lines)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _expect(self, request_id: Hashable, what: Step | MinedShare) -> None:
        # An id comes back as it went: 4 is not "4", and not 4.0, which Python holds for equal.
        self._waiting.setdefault((type(request_id), request_id), deque()).append(what)

    # What is heard.

    def _receive_line(self, text: bytes, now: float) -> bytes:
        if not text.strip() or self.refused:  # it hangs up, and reads no more
            return b""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        if not isinstance(message, dict):
            self._violation(rules.FRAME_JSON, f"not a JSON object: {text[:80]!r}")
            return b""
        if message.get("method") is None:
            return self._receive_reply(message)
        return self._receive_method(message, now)

    def _receive_reply(self, message: dict[str, Json]) -> bytes:
        request_id, result = message.get("id"), message.get("result")
        key = (type(request_id), request_id if isinstance(request_id, Hashable) else None)
        waiting = self._waiting.get(key)
        if waiting is None:
            self._unexpected_reply(request_id)
            return b""
        what = waiting.popleft()
        if not waiting:
            del self._waiting[key]
        no = self._refusal(message)
        if isinstance(what, MinedShare):
            self._share_answered(what, result, no)
            return b""
        self._steps_waiting.discard(what)
        match what:
            case "configure":
                self._configure_answered(result, no)
            case "subscribe":
                self._subscribe_answered(result, no)
            case "authorize":
                self.authorized = no is None and result is True
                if not self.authorized:
                    self.refused = f"authorize: {no[1] if no else repr(result)}"
            case "extranonce.subscribe" if result is not True:
                self._violation(
                    rules.EXTRANONCE_SUBSCRIBE,
                    f"mining.extranonce.subscribe is answered true, not {message!r}",
                )
        return self.advance()

    def _unexpected_reply(self, request_id: Json) -> None:
        text = f"a reply to id {request_id!r}, which nothing waits for"
        if request_id is not None:
            self._violation(rules.REPLY_ID, text)
        elif self._style.retries_without and not self.subscribed:
            # bfgminer's initiate_stratum takes it for subscribe's, and begins again without.
            self.refused = f"subscribe: {text}"
        else:
            self._violation(rules.REPLY_NULL_ID, text)

    def _refusal(self, message: dict[str, Json]) -> tuple[int, str] | None:
        """Code and text of an error, None if it is none. All shapes are read, one is right."""
        error = message.get("error")
        if not error and "reject-reason" not in message:
            return None
        match error:
            case [int(code), str(text), _]:
                return code, text
            case [int(code), str(text), *_] | {"code": int(code), "message": str(text)}:
                refusal = code, text
            case str(text):
                refusal = 0, text
            case _:
                refusal = 0, str(message.get("reject-reason", error))
        self._violation(rules.ERROR_SHAPE, f"an error is [code, text, null], not {message!r:.120}")
        return refusal

    def _share_answered(self, share: MinedShare, result: Json, no: tuple[int, str] | None) -> None:
        if no is None and result is True:
            share.verdict = "accepted"
            self._counts.accepted += 1
            self._counts.work += share.difficulty
            self._tell("share", job=share.job_id, verdict="accepted")
            return
        if no is None:
            self._violation(
                rules.SUBMIT_RESULT,
                f"a share is answered true or with an error, not {result!r:.80}",
            )
        share.verdict = "rejected"
        share.code, share.text = no or (0, repr(result))
        self._counts.rejected[share.code] += 1
        self._tell("share", job=share.job_id, verdict="rejected", code=share.code, text=share.text)

    def _configure_answered(self, result: Json, no: tuple[int, str] | None) -> None:
        if no is not None or not isinstance(result, dict) or not result.get("version-rolling"):
            return  # an old pool; cgminer would leave it, and come back without configure
        mask = _hex32(result.get("version-rolling.mask"))
        if not mask:
            self._violation(
                rules.MASK_MISSING,
                f"version rolling is granted, and the mask is not: {result!r:.80}",
            )
            return
        self._set_mask(mask)

    def _subscribe_answered(self, result: Json, no: tuple[int, str] | None) -> None:
        match result:
            case [list(subscriptions), str(extranonce1), int(size)]:
                self._set_extranonce(extranonce1, size)
            case _:
                self.refused = f"subscribe: {no[1] if no else repr(result)}"
                return
        self.subscribed = True
        for entry in subscriptions:
            if isinstance(entry, list) and entry[:1] == ["mining.notify"] and len(entry) == 2:
                self.session_id = str(entry[1])  # where cgminer takes it from

    def _receive_method(self, message: dict[str, Json], now: float) -> bytes:
        method, params, request_id = message["method"], message.get("params"), message.get("id")
        waits = not self.subscribed or "configure" in self._steps_waiting
        if waits and self._style.takes_next_line:
            # cgminer and cpuminer take the next line for the reply, whatever it is.
            self._violation(rules.NEXT_LINE, f"{method} where the next line must be a reply")
        match method, params:
            case "mining.notify", list():
                self._notified(params, now)
            case "mining.set_difficulty", [int() | float() as difficulty] if difficulty > 0:
                self._next_difficulty = float(difficulty)
            case "mining.set_extranonce", [str(extranonce1), int(size)]:
                if not any("extranonce.subscribe" in group for group in self._style.steps):
                    self._violation(
                        rules.EXTRANONCE_UNASKED, "mining.set_extranonce, which was not asked for"
                    )
                self._set_extranonce(extranonce1, size)
            case "mining.set_version_mask", [str(mask)] if _hex32(mask) is not None:
                if not self.version_mask:
                    self._violation(
                        rules.MASK_UNASKED, "mining.set_version_mask, and no mask was negotiated"
                    )
                self._set_mask(_hex32(mask) or 0)
            case "client.reconnect", []:
                self.reconnect_to = "", 0, 0.0
            case "client.reconnect", [str(host), port, *rest] if str(port).isdecimal():
                wait = rest[0] if rest and isinstance(rest[0], int | float) else 0
                self.reconnect_to = host, int(str(port)), float(wait)
            case "client.show_message", [str(text)]:
                self.messages.append(text)
            case "client.get_version", list():
                return line({"id": request_id, "result": self._style.user_agent, "error": None})
            case "mining.ping", list() if self._style.pongs:
                return line({"id": self._new_id(), "method": "pong", "params": []})
            case "mining.ping", list():
                return line({"id": request_id, "result": "pong", "error": None})
            case _:
                self._violation(
                    rules.METHOD_KNOWN, f"no miner knows {method!r} with params {params!r:.80}"
                )
        return b""

    def _notified(self, params: list[Json], now: float) -> None:
        if self._next_difficulty is None:
            self._violation(
                rules.DIFFICULTY_FIRST,
                "a notify before set_difficulty: miners are at difficulty 1 then",
            )
        difficulty = self._next_difficulty or 1.0
        try:
            job = MinerJob(params, self.extranonce1, self.extranonce2_size, difficulty, now)
        except ValueError as error:
            coinbase = isinstance(error, CoinbaseError)
            rule = rules.JOB_COINBASE if coinbase else rules.JOB_SHAPE
            self._violation(rule, f"notify: {error}")
            return
        if job.job_id in self._job_ids:
            self._violation(
                rules.JOB_ID_REPEATED,
                f"job id {job.job_id!r} a second time: Bitaxe would ignore the job",
            )
        self._job_ids.add(job.job_id)
        self._tell("job", job=job.job_id, difficulty=difficulty, clean=job.clean)
        self._counts.jobs += 1
        self._counts.clean_jobs += job.clean
        if job.clean:
            self.jobs.clear()
        while len(self.jobs) >= JOBS_KEPT:
            del self.jobs[next(iter(self.jobs))]
        self.jobs[job.job_id] = self.job = job

    def _set_mask(self, mask: int) -> None:
        if mask & ~self._style.version_mask:
            self._violation(rules.MASK_SUBSET, f"mask {mask:08x} has bits that were not asked for")
        self.version_mask = mask & self._style.version_mask

    def _set_extranonce(self, extranonce1: str, size: int) -> None:
        try:
            self.extranonce1 = bytes.fromhex(extranonce1)
        except ValueError:
            self._violation(rules.EXTRANONCE1_HEX, f"extranonce1 is no hex: {extranonce1!r:.80}")
        if len(self.extranonce1) > 16:
            self._violation(
                rules.EXTRANONCE1_LENGTH,
                "extranonce1 is longer than 16 bytes: some firmwares can't hold it",
            )
        if not 2 <= size <= 8:
            self._violation(
                rules.EXTRANONCE2_SIZE,
                f"extranonce2_size {size} is not 2 to 8: cgminer never submits",
            )
        self.extranonce2_size = max(size, 0)


def _hex32(text: Json) -> int | None:
    try:
        return int(str(text), 16) & 0xFFFF_FFFF
    except ValueError:
        return None
