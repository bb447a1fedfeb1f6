"""One connection to a server that is tried, as one of its miners: what was said, and came of it."""

import re
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import orjson
import trio

from stratumproxy.conform.outcome import Fault
from stratumproxy.testing import rules
from stratumproxy.testing.miner_job import CoinbaseError, MinerJob

Message = dict[str, Any]
Key = tuple[type, Hashable]
Found = TypeVar("Found")

LINES_KEPT = 60
"""Of the transcript."""
LINE_SHOWN = 400
"""Characters of one line in it."""
READ_SIZE = 65_536
MAX_LINE = 1 << 20
"""Bytes that a server may say without ending the line."""
MESSAGES_KEPT = 10_000


class Conversation:
    """Says what it is told to, hears all the time, and keeps what a miner would know.

    Args:
        stream: an open connection.
        timeout: seconds that an answer may take.
    """

    def __init__(self, stream: trio.abc.Stream, timeout: float) -> None:
        self._stream = stream
        self.timeout = timeout
        self._buffer = b""
        self._news = trio.Event()
        self._methods: dict[Key, str] = {}
        self._last_id = 1000
        self._job_ids: set[str] = set()
        self.transcript: deque[str] = deque(maxlen=LINES_KEPT)
        self.closed = False
        """By the server."""
        self.fault: Fault | None = None
        """What no miner could understand."""
        self.replies: dict[Key, Message] = {}
        self.told: deque[tuple[str, list[Any]]] = deque(maxlen=MESSAGES_KEPT)
        """Methods and params, in order."""
        self.heard = 0
        """Methods told, as a count that only grows."""
        self.subscriptions: list[Any] = []
        self.extranonce1 = b""
        self.extranonce2_size = 0
        self.mask = 0
        self.difficulty = 1.0
        self.job: MinerJob | None = None
        self.first_job: MinerJob | None = None
        self.prevhash_on_wire = b""

    # Saying.

    def new_id(self) -> int:
        """An id that was not used yet."""
        self._last_id += 1
        return self._last_id

    def note(self, request_id: Hashable, method: str) -> None:
        """Remember what an id is for; the reply to it that may have come before is forgotten."""
        self._methods[key_of(request_id)] = method
        self.replies.pop(key_of(request_id), None)

    async def send(self, data: bytes, pieces: int = 1) -> None:
        """Send bytes, in as many segments; a server that is gone takes none."""
        for line in data.decode(errors="backslashreplace").splitlines() or [""]:
            self.transcript.append(f">> {line[:LINE_SHOWN]}")
        size = -(-len(data) // pieces)
        try:
            for start in range(0, len(data), size):
                await self._stream.send_all(data[start : start + size])
                if pieces > 1:
                    await trio.sleep(0.05)  # or the kernel makes one segment of them
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._ended()

    async def close(self) -> None:
        """Hang up."""
        await trio.aclose_forcefully(self._stream)

    # Hearing.

    async def hear(self) -> None:
        """Hear all that the server says, until it hangs up or is hung up on."""
        try:
            while not self.closed:
                data = await self._stream.receive_some(READ_SIZE)
                if not data:
                    break
                self._receive(bytes(data))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        except Fault as fault:
            self.fault = fault
        finally:
            await trio.aclose_forcefully(self._stream)
        self._ended()

    async def until(self, find: Callable[[], Found | None], seconds: float) -> Found | None:
        """Wait for something that is found in what was heard; None if it does not come.

        Raises:
            Fault: the server said what no miner can understand.
        """
        with trio.move_on_after(seconds):
            while True:
                if self.fault is not None:
                    raise self.fault
                found = find()
                if found is not None or self.closed:
                    return found
                self._news = trio.Event()
                await self._news.wait()
        return None

    async def reply(self, request_id: Hashable, seconds: float | None = None) -> Message:
        """The reply to an id.

        Raises:
            Fault: there was none; says what came instead.
        """
        key = key_of(request_id)
        what = f"{self._methods.get(key, 'the request')} (id {request_id!r})"

        def find() -> Message | None:
            for other in self.replies:
                if other not in self._methods and str(other[1]) == str(request_id):
                    raise Fault(f"the reply to {what} has the id {other[1]!r}", rules.REPLY_ID.code)
            return self.replies.get(key)

        seconds = self.timeout if seconds is None else seconds
        message = await self.until(find, seconds)
        if message is not None:
            return message
        if self.closed:
            raise Fault(f"the connection was ended instead of a reply to {what}")
        raise Fault(f"no reply to {what} in {seconds:g} s")

    def _ended(self) -> None:
        if not self.closed:
            self.closed = True
            self.transcript.append("-- the connection is ended")
        self._news.set()

    def _receive(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._receive_line(line)
        self._news.set()
        if len(self._buffer) > MAX_LINE:
            raise Fault(f"a line does not end within {MAX_LINE} bytes", rules.FRAME_JSON.code)

    def _receive_line(self, line: bytes) -> None:
        self.transcript.append(f"<< {line.decode(errors='backslashreplace')[:LINE_SHOWN]}")
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError:
            message = None
        if not isinstance(message, dict):
            raise Fault(f"a line is no JSON object: {line[:80]!r}", rules.FRAME_JSON.code)
        method, params = message.get("method"), message.get("params")
        if method is None:
            self._replied(message)
            return
        self.heard += 1
        self.told.append((str(method), params if isinstance(params, list) else []))
        match method, params:
            case "mining.set_difficulty", [int() | float() as difficulty] if difficulty > 0:
                self.difficulty = float(difficulty)
            case "mining.set_extranonce", [str(extranonce1), int(size)]:
                self._set_extranonce(extranonce1, size)
            case "mining.set_version_mask", [str(mask)] if re.fullmatch("[0-9A-Fa-f]{1,8}", mask):
                self.mask = int(mask, 16)
            case "mining.notify", list():
                self._notified(params)

    def _replied(self, message: Message) -> None:
        request_id = message.get("id")
        key = key_of(request_id if isinstance(request_id, Hashable) else None)
        self.replies[key] = message
        result = message.get("result")
        match self._methods.get(key), result:
            case "mining.subscribe", [list(subscriptions), str(extranonce1), int(size)]:
                self.subscriptions = subscriptions
                self._set_extranonce(extranonce1, size)
            case "mining.configure", {"version-rolling": True, "version-rolling.mask": str(mask)}:
                if re.fullmatch("[0-9A-Fa-f]{1,8}", mask):
                    self.mask = int(mask, 16)

    def _set_extranonce(self, extranonce1: str, size: int) -> None:
        try:
            self.extranonce1 = bytes.fromhex(extranonce1)
        except ValueError:
            raise Fault(
                f"extranonce1 is no hex: {extranonce1!r:.80}", rules.EXTRANONCE1_HEX.code
            ) from None
        self.extranonce2_size = max(size, 0)

    def _notified(self, params: list[Any]) -> None:
        try:
            job = MinerJob(params, self.extranonce1, self.extranonce2_size, self.difficulty)
        except CoinbaseError as error:
            if not self.extranonce2_size:
                return  # sent before the reply to subscribe; another case is about that
            raise Fault(f"notify: {error}", rules.JOB_COINBASE.code) from None
        except ValueError as error:
            raise Fault(f"notify: {error}", rules.JOB_SHAPE.code) from None
        if job.job_id in self._job_ids:
            raise Fault(f"job id {job.job_id!r} a second time", rules.JOB_ID_REPEATED.code)
        self._job_ids.add(job.job_id)
        self.prevhash_on_wire = bytes.fromhex(params[1])
        self.job = job
        self.first_job = self.first_job or job


def key_of(request_id: Hashable) -> Key:
    """An id with its type: 4, "4" and 4.0 are three."""
    return type(request_id), request_id


def refusal(message: Message) -> tuple[int | None, str] | None:
    """Code and text of a reply that says no, in whatever shape; None if it says something else."""
    error = message.get("error")
    if not error and message.get("result") is not False and "reject-reason" not in message:
        return None
    match error:
        case [int(code), str(text), *_] | {"code": int(code), "message": str(text)}:
            return code, text
        case [int(code), *_]:
            return code, ""
        case str(text):
            return None, text
    return None, str(message.get("reject-reason", error or "false"))
