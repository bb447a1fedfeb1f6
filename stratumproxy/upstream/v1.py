"""A session in Stratum V1: what the pool may say, and what we send.

The handshake is pipelined (configure, subscribe, authorize), as Bitaxe
firmware does it with every pool there is.

Pools speak in any order around that: jobs and difficulties before the replies, masks before the
subscription. So a job waits until it can be mined on, and the terms are what is in force by then.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from stratumproxy import __version__
from stratumproxy.errors import PoolError, ProtocolError
from stratumproxy.mining.extranonce import LARGEST, SMALLEST
from stratumproxy.mining.issued import Found
from stratumproxy.mining.job import PoolJob, Terms
from stratumproxy.mining.submission import Submission
from stratumproxy.protocol.v1.configure import is_difficulty, parse_hex32
from stratumproxy.protocol.v1.framing import split_lines
from stratumproxy.protocol.v1.messages import (
    Message,
    encode_error,
    encode_id,
    encode_request,
    encode_result,
    error_of,
    parse,
)
from stratumproxy.protocol.v1.notify import parse_notify
from stratumproxy.protocol.v1.submit import encode_name, encode_submit, encode_submit_head
from stratumproxy.upstream.names import SessionNames
from stratumproxy.upstream.session import (
    Event,
    NewJob,
    Odd,
    ReconnectAsked,
    Said,
    Session,
    TermsChanged,
)

USER_AGENT = f"stratumproxy/{__version__}"

LINE_LIMIT = 256 * 1024
"""Longest line from a pool: a notify with a 16 KiB coinbase in hex, several times over."""

MAX_OUTGOING = 16 * 1024 * 1024
"""Bytes that may wait for a pool before it gets no answers: more than half a minute of shares."""

MAX_EXTRANONCE1 = 32
"""Bytes. NiceHash gives 9, the most seen in the wild."""

BAD_LINES = 10
"""Lines that are not understood before a pool is left; one is forgiven each `FORGIVEN` seconds. One
bad line in 30 s was seen from a pool that was mined on all the same (bfgminer issue 676)."""

FORGIVEN = 20.0

BAD_JOBS = 3
"""Jobs in a row that can't be mined on: what is mined on meanwhile gets older and older."""

CONFIGURE, SUBSCRIBE, AUTHORIZE = 1, 2, 3
FIRST_SUBMIT = 16


class V1Session(Session):
    """The client's side of one Stratum V1 connection to a pool.

    Args:
        user: the name to authorize as.
        password: its password.
        version_mask: bits to ask for in mining.configure; 0 leaves the message out.
        resume: the session id of an earlier session, to ask for its extranonce1 again.
        wake: called when there is something to send.
        floor: the least that it is taken to ask for, whatever it says.
        names: names that shares go under, beside the user's; None: all go as the user.
    """

    def __init__(
        self,
        user: str,
        password: str,
        version_mask: int,
        resume: str = "",
        wake: Callable[[], None] = lambda: None,
        floor: float | int = 0,
        names: SessionNames | None = None,
    ) -> None:
        super().__init__(user, wake, names)
        self.difficulty: float | int = 1
        self.version_mask = 0
        self._asked_mask = version_mask
        self._password = password
        self._authorized = False
        self._floor = floor
        self._terms = Terms(b"", 0, 1, 0)
        """Of the newest job."""
        self._held: PoolJob | None = None
        """The newest job, until it can be mined on."""
        self._first_job = False
        """It has sent one job so far."""
        self._bad_jobs = 0
        self._bad_lines, self._bad_at = 0.0, 0.0
        self._tail = b""
        self._next_id = FIRST_SUBMIT
        self._events: list[Event] = []
        self._name_asked: dict[int, str] = {}
        """Names that were asked for, by the number of the request."""
        self._held_back: dict[str, list[tuple[int, bytes, Found]]] = {}
        """Shares, by number, that go out once the pool has answered for their name."""
        self._began = encode_name(user)
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
                try:
                    message = parse(line)
                    if "method" in message and not _is_reply(message):
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
                except ProtocolError as error:
                    self._pass_over(error, now)
            if self._held is not None:
                self._begin(self._held)
            if self.names is not None:
                self._hear_names(self.names, events, now)
        except (PoolError, ProtocolError):
            self.unreported = [event for event in events if isinstance(event, Submission)]
            raise
        return events

    def _pass_over(self, error: ProtocolError, now: float) -> None:
        """A line made no sense; what never spoke Stratum, or goes on like that, is left."""
        self._bad_lines = max(self._bad_lines - (now - self._bad_at) / FORGIVEN, 0) + 1
        self._bad_at = now
        if not self.answered or self._bad_lines > BAD_LINES or self._bad_jobs >= BAD_JOBS:
            raise error
        self._events.append(Odd(str(error)))

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
        elif request_id in self._name_asked:
            self._name_answered(self._name_asked[request_id], message)

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
        kinds = []
        for entry in subscriptions:
            kinds.append(str(entry[0]) if isinstance(entry, list) and entry else "")
            # cgminer's rule: the session id is the one that stands beside mining.notify
            if isinstance(entry, list) and len(entry) > 1 and entry[0] == "mining.notify":
                self.session_id = entry[1] if isinstance(entry[1], str) else ""
        self._set_extranonce(result[1:3], None)
        self.fingerprint = tuple(kinds), len(self.extranonce1), self.extranonce2_size
        if self.names is not None:
            self.names.names.sharing.meet(self.fingerprint)

    def _authorize_answered(self, message: Message) -> None:
        refused = error_of(message)
        if refused is not None:
            # NiceHash answers true first and false later; both are its last word on us.
            raise PoolError(f'the pool refused to authorize "{self.user}": {refused[1]}')
        self._authorized = True

    def _notify(self, params: list[Any], _id: object) -> None:
        self._bad_jobs += 1
        job = parse_notify(params)
        self._bad_jobs = 0
        if self.ready:
            self._begin(job)
        else:
            self._held = job

    def _begin(self, job: PoolJob) -> None:
        """Mine on a job, if the pool takes shares yet."""
        if not (self.extranonce2_size and self._authorized):
            return
        terms = Terms(self.extranonce1, self.extranonce2_size, self.difficulty, self.version_mask)
        if terms != self._terms:
            self._terms = terms  # the same object as long as they are equal: see `settled`
        self._first_job = not self.ready
        self.ready = True
        self._held = None
        self._events.append(NewJob(job, self._terms))

    def _set_difficulty(self, params: list[Any], _id: object) -> None:
        if not params or not is_difficulty(params[0]):
            raise ProtocolError("mining.set_difficulty without a positive number")
        self.difficulty = max(params[0], self._floor)
        if params[0] < self._floor:
            self._events.append(
                Odd(f"it asks for a difficulty of {params[0]:g}: taken for min_difficulty")
            )
        if self._first_job and self.difficulty > self._terms.difficulty:
            # What the first job came with was no more than a default (cgminer takes the first
            # difficulty at once). A lower one is safe to wait with.
            self._change_terms(replace(self._terms, difficulty=self.difficulty))

    def _change_terms(self, terms: Terms) -> None:
        if terms != self._terms:
            self._terms = terms
            self._events.append(TermsChanged(terms))

    def _set_extranonce(self, params: list[Any], _id: object) -> None:
        extranonce1, size = (*params, self.extranonce2_size)[:2] if params else ("?", 0)
        try:
            self.extranonce1 = bytes.fromhex(extranonce1)
        except (TypeError, ValueError):
            raise PoolError("the pool's extranonce1 is not hex") from None
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
        if self.ready:
            self._change_terms(replace(self._terms, version_mask=self.version_mask))

    def _reconnect(self, params: list[Any], _id: object) -> None:
        host, port, wait = (*params, None, None, None)[:3]
        port, wait = _number(port), _number(wait)
        self._events.append(
            ReconnectAsked(
                host if isinstance(host, str) else "",
                int(port) if 0 < port < 65536 else 0,
                float(wait) if 0 < wait < 3600 else 0.0,
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

    _METHODS: ClassVar[dict[str, Callable[["V1Session", list[Any], object], None]]] = {
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

    def submit_head(self, pool_job_id: str) -> bytes:
        """How the params of every share on a job begin, made once for `submit`."""
        return encode_submit_head(self.user, pool_job_id)

    def submit(self, share: Submission, head: bytes, found: Found) -> None:
        """Send a share.

        Args:
            share: what to remember until the verdict comes.
            head: of `submit_head`, for its job.
            found: it, in the pool's terms.
        """
        request_id = self._next_id
        self._next_id = request_id + 1
        self.pending[request_id] = share
        share.found = found
        if self.names is not None:
            named = self._named(self.names, share, request_id, head, found)
            if named is None:
                return
            head = named
        if not self.outgoing:
            self._wake()
        self.outgoing += encode_submit(request_id, head, *found)

    # -- names -----------------------------------------------------------------------------------

    def _named(
        self, names: SessionNames, share: Submission, request_id: int, head: bytes, found: Found
    ) -> bytes | None:
        """How a share begins that goes under its finder's name; None: it goes out later."""
        share.name = name = names.names.of(share)
        if name == self.user:
            return head
        if names.names.sharing.shared:
            if (begin := names.taken.get(name)) is not None:
                return begin + head[len(self._began) :]
            if self.authorize(name, share.sent) and share.again:
                # It was found under that name, and nothing is won by haste.
                self._held_back.setdefault(name, []).append((request_id, head, found))
                return None
        share.name = self.user
        names.names.sharing.unnamed += 1
        return head

    def authorize(self, name: str, now: float) -> bool:
        """Have shares taken under one more name; see `Session.authorize`."""
        if self.names is None or not self.names.want(name):
            return False
        self._ask_names(self.names, now)
        return True

    def _ask_names(self, names: SessionNames, now: float) -> None:
        """Have the pool authorize those names whose turn it is."""
        if not self._authorized:
            return
        for name in names.ask(now):
            request_id = self._next_id
            self._next_id = request_id + 1
            self._name_asked[request_id] = name
            if not self.outgoing:
                self._wake()
            self._request(request_id, "mining.authorize", [name, self._password])

    def _name_answered(self, name: str, message: Message) -> None:
        """The pool's word on a name; its last one counts, as it does for the user."""
        assert self.names is not None
        refused = error_of(message)
        if refused is None:
            self.names.take(name, encode_name(name))
        else:
            self.names.refuse(name, refused[1])
        self._let_go(self.names, name)

    def _let_go(self, names: SessionNames, name: str) -> None:
        """Send the shares that waited for an answer."""
        begin = names.taken.get(name)
        for request_id, head, found in self._held_back.pop(name, ()):
            share = self.pending.get(request_id)
            if share is None:
                continue  # it took too long, and was given up
            if begin is None:
                share.name = self.user
                names.names.sharing.unnamed += 1
            else:
                head = begin + head[len(self._began) :]
            if not self.outgoing:
                self._wake()
            self.outgoing += encode_submit(request_id, head, *found)

    def _hear_names(self, names: SessionNames, events: list[Event], now: float) -> None:
        """What verdicts say of names, and whose turn it is to be asked for."""
        for event in events:
            if isinstance(event, Submission):
                names.judged(event, now)
        self._ask_names(names, now)

    def tend(self, now: float) -> None:
        """Called every second or so: names that the pool gave no answer for are not waited for."""
        if self.names is not None:
            for name in self.names.tend(now):
                self._let_go(self.names, name)
            self._ask_names(self.names, now)


def _is_reply(message: Message) -> bool:
    """Whether a message that has a method is one all the same: some name what they reply to."""
    return message["method"] is None or ("result" in message and "params" not in message)


def _number(value: object) -> float:
    """A number, which some pools send as a string of digits; 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5:
        return int(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0
