"""What pools do wrong, one fault at a time: for tests of what is to notice it."""

from typing import Any

import orjson

from stratumproxy.testing import judge
from stratumproxy.testing.judge import Judgement, Reject
from stratumproxy.testing.pool_connection import OTHER, Pool, PoolConnection
from stratumproxy.testing.replies import Json, line, rejection

ACCEPTS: dict[str, Reject] = {
    "duplicates-accepted": judge.DUPLICATE,
    "low-accepted": judge.LOW_DIFFICULTY,
    "unknown-job-accepted": judge.UNKNOWN_JOB,
    "unauthorized-accepted": judge.UNAUTHORIZED,
    "ntime-unchecked": judge.BAD_NTIME,
    "version-unchecked": judge.BAD_VERSION,
}
"""Faults by which a share counts that should not: what would have refused it."""

DAY = 86_400


class BrokenPoolConnection(PoolConnection):
    """A connection to a pool whose settings have a fault."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self._texts: set[tuple[str, ...]] = set()
        self._held = b""

    @property
    def _fault(self) -> str:
        return self._pool.settings.fault or ""

    # What is read.

    def feed(self, data: bytes, now: float) -> None:
        """As a `PoolConnection`, but for what breaks lines."""
        match self._fault:
            case "split-lines" if not data.endswith(b"\n"):
                data += b"\n"
            case "first-line-only":
                data = b"".join(data.partition(b"\n")[:2])
            case "crlf-ignored" if data.endswith(b"\r\n"):
                data = b""
            case "ascii-only" if not data.isascii():
                self.close()
            case "empty-line-ends" if data.startswith(b"\n"):
                self.close()
            case "http-cuts-all" if data.startswith(b"GET "):
                self._pool.drop_connections()
        super().feed(data, now)

    def _is_answered(self, request_id: Json) -> bool:
        return super()._is_answered(request_id) or self._fault == "null-id-answered"

    def _answer(self, method: str, params: list[Json], request_id: Json) -> bytes | None:
        known = method != "mining.no_such_method"
        match self._fault, method:
            case ("configure-unanswered", "mining.configure") | (
                "suggest-unanswered",
                "mining.suggest_difficulty",
            ):
                return None
            case "authorize-first-unanswered", "mining.authorize" if self.session_id is None:
                return None
            case "unknown-unanswered", _ if not known:
                return None
            case "extranonce-subscribe-refused", "mining.extranonce.subscribe":
                return rejection("array", request_id, OTHER, "Not supported.")
            case "subscribe-needs-params", "mining.subscribe" if not params:
                return rejection("array", request_id, OTHER, "Who are you?")
            case "difficulty-early", "mining.subscribe":
                self.send("mining.set_difficulty", [self._difficulty])
            case "subscribe-once", "mining.subscribe" if self.session_id is not None:
                return None
            case "ids-of-32-bits", _ if isinstance(request_id, int):
                request_id &= 0xFFFF_FFFF
            case "ids-as-text", _:
                request_id = str(request_id)
        return super()._answer(method, params, request_id)

    def _configure(self, params: list[Json]) -> dict[str, Json]:
        granted = super()._configure(params)
        match self._fault:
            case "mask-superset" if self.version_mask:
                self.version_mask = self._pool.settings.version_mask or 0
                granted["version-rolling.mask"] = f"{self.version_mask:08x}"
            case "mask-omitted":
                granted.pop("version-rolling.mask", None)
        return granted

    # What is told.

    def _send_first_job(self, now: float) -> None:
        began = bool(self._jobs)
        super()._send_first_job(now)
        if began or not self._jobs:
            return
        match self._fault:
            case "extranonce-unasked":
                self.send("mining.set_extranonce", [self.extranonce1.hex(), self.extranonce2_size])
            case "method-unknown":
                self.send("mining.set_goal", ["everything"])

    def _queue(self, data: bytes, due: float = 0.0) -> None:
        if b'"mining.notify","params"' in data:
            data = self._bent_notify(data)
        if self._fault == "difficulty-late":
            # It waits for the job that it should have come before.
            if b'"mining.set_difficulty","params"' in data and not self._jobs:
                self._held = data
                return
            if self._held:
                data, self._held = data + self._held, b""
        super()._queue(data, due)

    def _bent_notify(self, data: bytes) -> bytes:
        message: dict[str, Any] = orjson.loads(data)
        params = message["params"]
        match self._fault:
            case "job-id-repeated":
                params[0] = "1"
            case "prevhash-as-displayed":
                params[1] = bytes.fromhex(params[1])[::-1].hex()
            case "coinbase-cut":
                params[3] = params[3][:-8]
            case "ntime-of-yesterday":
                params[7] = f"{int(params[7], 16) - DAY:08x}"
            case "clean-never":
                params[8] = False
            case "notify-short":
                params.pop()
            case _:
                return data
        return line(message)

    # What shares are worth.

    def _submit(self, request_id: Json, params: list[Json]) -> bytes | None:
        answer = super()._submit(request_id, params)
        if self._fault == "share-answered-null" and answer and b'"result":true' not in answer:
            return line({"id": request_id, "result": None, "error": None})
        return answer

    def _judge(self, worker: str | None, params: list[Json]) -> Judgement:
        fault, text = self._fault, [each for each in params[1:] if isinstance(each, str)]
        if fault == "job-id-repeated" and self._jobs and text[:1] == ["1"]:
            params = [params[0], list(self._jobs)[-1], *params[2:]]
        refused = {
            "five-refused": len(params) == 5 and bool(self.version_mask),
            "six-refused": len(params) == 6 and not self.version_mask,
            "unpadded-refused": len(text) > 3 and len(text[3]) < 8,
            "upper-case-refused": any(each != each.lower() for each in text),
        }
        if refused.get(fault):
            return Judgement(judge.MALFORMED)
        if (
            fault == "ntime-strict"
            and self._pool.job
            and text[2].lower() != f"{self._pool.job.ntime:08x}"
        ):
            return Judgement(judge.BAD_NTIME)
        if fault == "version-ignored" and len(text) == 5 and int(text[4], 16):
            return Judgement(judge.LOW_DIFFICULTY)
        judgement = super()._judge(worker, params)
        return self._bent_judgement(judgement, text)

    def _bent_judgement(self, judgement: Judgement, text: list[str]) -> Judgement:
        fault, reject = self._fault, judgement.reject
        if reject is None:
            self._texts.add(tuple(text))
            return judgement
        counts = (
            ACCEPTS.get(fault) == reject
            or (fault == "extranonce2-unchecked" and reject.text.endswith("extranonce2"))
            or (
                fault == "duplicates-by-text"
                and reject == judge.DUPLICATE
                and tuple(text) not in self._texts
            )
        )
        if counts:
            return Judgement(None, bytes(32), self._difficulty)
        if fault == "duplicate-code" and reject == judge.DUPLICATE:
            return Judgement(reject._replace(code=OTHER))
        return judgement
