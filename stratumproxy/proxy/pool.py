"""One session with a pool, sans-IO: what the pool may say, and what we send.

Bytes go in by `PoolSession.receive`, which returns what happened as events; bytes to send gather
in `PoolSession.outgoing`. The handshake is pipelined (configure, subscribe, authorize), as Bitaxe
firmware does it with every pool there is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from stratumproxy import __version__
from stratumproxy.errors import PoolError, ProtocolError
from stratumproxy.proxy.forwarded import Forwarded
from stratumproxy.stratum.configure import is_difficulty, parse_hex32
from stratumproxy.stratum.framing import split_lines
from stratumproxy.stratum.messages import (
    Message,
    encode_error,
    encode_id,
    encode_request,
    encode_result,
    error_of,
    parse,
)
from stratumproxy.work.extranonce import LARGEST, SMALLEST
from stratumproxy.work.job import PoolJob, Terms

USER_AGENT = f"stratumproxy/{__version__}"

LINE_LIMIT = 256 * 1024
"""Longest line from a pool: a notify with a 16 KiB coinbase in hex, several times over."""

MAX_OUTGOING = 16 * 1024 * 1024
"""Bytes that may wait for a pool before it gets no answers: more than half a minute of shares."""

MAX_EXTRANONCE1 = 32
"""Bytes. NiceHash gives 9, the most seen in the wild."""

CONFIGURE, SUBSCRIBE, AUTHORIZE = 1, 2, 3
FIRST_SUBMIT = 16


@dataclass(frozen=True, slots=True)
class NewJob:
    """The pool sent a job, and the session is ready to mine on it."""

    job: PoolJob
    terms: Terms


@dataclass(frozen=True, slots=True)
class MaskChanged:
    """The pool sent mining.set_version_mask."""

    version_mask: int


@dataclass(frozen=True, slots=True)
class ReconnectAsked:
    """The pool sent client.reconnect. Empty host or port 0: the same as now."""

    host: str
    port: int
    wait: float


@dataclass(frozen=True, slots=True)
class Said:
    """The pool has a message for people, or did something an operator should know of."""

    text: str


Event = Forwarded | NewJob | MaskChanged | ReconnectAsked | Said
"""What happened. A `Forwarded` share is one that the pool gave its verdict on, in `error`."""


class PoolSession:
    """The client's side of one Stratum V1 connection to a pool.

    Args:
        user: the name to authorize as.
        password: its password.
        version_mask: bits to ask for in mining.configure; 0 leaves the message out.
        resume: the session id of an earlier session, to ask for its extranonce1 again.
    """

    def __init__(
        self,
        user: str,
        password: str,
        version_mask: int,
        resume: str = "",
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.user = user
        self.outgoing = bytearray()
        """Bytes to send; whoever sends takes them out."""
        self.pending: dict[int, Forwarded] = {}
        """Forwarded shares without a verdict, by request id, oldest first."""
        self.ready = False
        """Subscribed, authorized, and a job has come."""
        self.session_id = ""
        self.extranonce1 = b""
        self.extranonce2_size = 0
        self.difficulty: float | int = 1
        self.version_mask = 0
        self.answered = False
        """The pool has said anything at all."""
        self.unreported: list[Forwarded] = []
        """Shares with a verdict that `receive` could not return, because of what came after it."""
        self._wake = wake
        self._asked_mask = version_mask
        self._authorized = False
        self._terms = Terms(b"", 0, 1, 0)
        self._held: NewJob | None = None
        self._tail = b""
        self._next_id = FIRST_SUBMIT
        self._events: list[Event] = []
        if version_mask:
            options = {
                "version-rolling.mask": f"{version_mask:08x}",
                "version-rolling.min-bit-count": 2,
            }
            self._request(CONFIGURE, "mining.configure", [["version-rolling"], options])
        self._request(SUBSCRIBE, "mining.subscribe", [USER_AGENT, resume][: 2 if resume else 1])
        self._request(AUTHORIZE, "mining.authorize", [user, password])

    def _request(self, request_id: int, method: str, params: list[Any]) -> None:
        self.outgoing += encode_request(request_id, method, params)

    def _reply(self, line: bytes) -> None:
        if len(self.outgoing) > MAX_OUTGOING:
            raise PoolError("the pool asks more than it reads")
        self.outgoing += line

    # -- from the pool ---------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what the pool sent.

        Returns:
            What happened, in order.

        Raises:
            ProtocolError: this is not Stratum; the connection can't be used any more.
            PoolError: the pool refused us, or its sizes can't be mined on.
        """
        events: list[Event] = []
        self._events = events
        lines, self._tail = split_lines(self._tail, data, LINE_LIMIT)
        pending = self.pending
        try:
            for line in lines:
                if not line or line.isspace():
                    continue
                message = parse(line)
                if message.get("method") is not None:
                    self._request_of_pool(message)
                elif type(request_id := message.get("id")) is int:
                    share = pending.pop(request_id, None)
                    if share is None:
                        self._answered(request_id, message)
                    else:
                        accepted = message.get("result") is True and not message.get("error")
                        share.error = None if accepted else error_of(message)
                        events.append(share)
                self.answered = True
        except (PoolError, ProtocolError):
            self.unreported = [event for event in events if isinstance(event, Forwarded)]
            raise
        return events

    def _request_of_pool(self, message: Message) -> None:
        method, request_id = message["method"], message.get("id")
        handler = self._METHODS.get(method) if isinstance(method, str) else None
        if handler is not None:
            params = message.get("params")
            handler(self, params if isinstance(params, list) else [], request_id)
        elif request_id is not None:
            self._reply(encode_error(encode_id(request_id), 20, "Unknown method"))

    def _answered(self, request_id: int, message: Message) -> None:
        if request_id == SUBSCRIBE:
            self._subscribed(message)
        elif request_id == AUTHORIZE:
            self._authorize_answered(message)
        elif request_id == CONFIGURE:
            self._configured(message)

    def _configured(self, message: Message) -> None:
        result = message.get("result")
        if not isinstance(result, dict) or result.get("version-rolling") is not True:
            return  # not supported, or the method is unknown: no version rolling
        mask = parse_hex32(result.get("version-rolling.mask"))
        self.version_mask = (mask if mask is not None else 0) & self._asked_mask

    def _subscribed(self, message: Message) -> None:
        result = message.get("result")
        error = message.get("error")
        if not isinstance(result, list) or len(result) < 3:
            refused = error_of(message) if error else None
            reason = refused[1] if refused else "no [subscriptions, extranonce1, size]"
            raise PoolError(f"the pool refused mining.subscribe: {reason}")
        subscriptions = result[0] if isinstance(result[0], list) else []
        for entry in subscriptions:
            # cgminer's rule: the session id is the one that stands beside mining.notify
            if isinstance(entry, list) and len(entry) > 1 and entry[0] == "mining.notify":
                self.session_id = entry[1] if isinstance(entry[1], str) else ""
        self._set_extranonce(result[1:3], None)

    def _authorize_answered(self, message: Message) -> None:
        refused = error_of(message)
        if refused is not None:
            # NiceHash answers true first and false later; both are its last word on us.
            raise PoolError(f'the pool refused to authorize "{self.user}": {refused[1]}')
        self._authorized = True
        if self._held is not None:
            self._start(self._held)

    def _start(self, new_job: NewJob) -> None:
        self.ready = True
        self._held = None
        self._events.append(new_job)

    def _notify(self, params: list[Any], _id: object) -> None:
        if not self.extranonce2_size:
            raise ProtocolError("mining.notify before the reply to mining.subscribe")
        terms = Terms(self.extranonce1, self.extranonce2_size, self.difficulty, self.version_mask)
        if terms != self._terms:
            self._terms = terms  # the same object as long as they are equal: see `settled`
        new_job = NewJob(PoolJob.parse(params), self._terms)
        if self._authorized:
            self._start(new_job)
        else:
            self._held = new_job  # shares on it would be refused until then

    def _set_difficulty(self, params: list[Any], _id: object) -> None:
        if not params or not is_difficulty(params[0]):
            raise ProtocolError("mining.set_difficulty without a positive number")
        self.difficulty = params[0]

    def _set_extranonce(self, params: list[Any], _id: object) -> None:
        extranonce1, size = (*params, None, None)[:2]
        try:
            self.extranonce1 = bytes.fromhex(extranonce1)
        except (TypeError, ValueError):
            raise ProtocolError("the pool's extranonce1 is not hex") from None
        if len(self.extranonce1) > MAX_EXTRANONCE1:
            raise PoolError(f"the pool's extranonce1 is longer than {MAX_EXTRANONCE1} bytes")
        if type(size) is not int or not SMALLEST <= size <= LARGEST:
            raise PoolError(
                f"the pool's extranonce2 size is {size!r}; {SMALLEST} to {LARGEST} can be mined on"
            )
        self.extranonce2_size = size

    def _set_version_mask(self, params: list[Any], _id: object) -> None:
        mask = parse_hex32(params[0]) if params else None
        if mask is None:
            raise ProtocolError("mining.set_version_mask without 8 hex digits")
        self.version_mask = mask & self._asked_mask
        self._events.append(MaskChanged(self.version_mask))

    def _reconnect(self, params: list[Any], _id: object) -> None:
        host, port, wait = (*params, None, None, None)[:3]
        if isinstance(port, str) and port.isascii() and port.isdigit() and len(port) <= 5:
            port = int(port)
        self._events.append(
            ReconnectAsked(
                host if isinstance(host, str) else "",
                port if type(port) is int and 0 < port < 65536 else 0,
                float(wait) if type(wait) in (int, float) and 0 <= wait < 3600 else 0.0,
            )
        )

    def _show_message(self, params: list[Any], request_id: object) -> None:
        if params and isinstance(params[0], str):
            self._events.append(Said(params[0][:200]))
        if request_id is not None:
            self._reply(encode_result(encode_id(request_id), True))

    def _get_version(self, _params: list[Any], request_id: object) -> None:
        if request_id is not None:
            self._reply(encode_result(encode_id(request_id), USER_AGENT))

    def _ping(self, _params: list[Any], request_id: object) -> None:
        if request_id is not None:
            self._reply(encode_result(encode_id(request_id), "pong"))

    _METHODS: ClassVar[dict[str, Callable[["PoolSession", list[Any], object], None]]] = {
        "mining.notify": _notify,
        "mining.set_difficulty": _set_difficulty,
        "mining.set_extranonce": _set_extranonce,
        "mining.set_version_mask": _set_version_mask,
        "client.reconnect": _reconnect,
        "client.show_message": _show_message,
        "client.get_version": _get_version,
        "mining.ping": _ping,
    }

    # -- to the pool -----------------------------------------------------------------------------

    def submit(self, share: Forwarded, head: str, fields: str) -> None:
        """Send a share.

        Args:
            share: what to remember until the verdict comes.
            head: how the params begin: ``["user","job id"``, as JSON.
            fields: extranonce2, ntime, nonce and, where a mask was negotiated, the version bits:
                hex, with ``","`` between them.
        """
        request_id = self._next_id
        self._next_id = request_id + 1
        self.pending[request_id] = share
        share.head = head
        share.fields = fields
        if not self.outgoing:
            self._wake()
        line = f'{{"id":{request_id},"method":"mining.submit","params":{head},"{fields}"]}}\n'
        self.outgoing += line.encode()

    def overdue(self, before: float) -> list[Forwarded]:
        """Take out the shares that were sent before a moment and still have no verdict."""
        late = []
        for request_id, share in self.pending.items():
            if share.sent >= before:
                break
            late.append(request_id)
        return [self.pending.pop(request_id) for request_id in late]

    def abandon(self) -> list[Forwarded]:
        """The connection is gone: take out every share without a verdict."""
        shares = list(self.pending.values())
        self.pending.clear()
        self.ready = False
        return shares
