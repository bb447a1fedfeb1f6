"""HTTP/1.1 with one client, without I/O: bytes in, requests out; answers in, bytes out.

h11 is the protocol. What it lets through and others read differently is refused here, since two
that read one request as two different ones can be played against each other (request smuggling:
RFC 9112, section 11.2).
"""

import re
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus

import h11

from stratumproxy.web.errors import Refusal

HEAD_BYTES = 16 * 1024
"""A request's line and headers; past it the answer is 431. h11 and IIS have the same, Apache 8 KiB
a line."""

HEADERS = 100
"""In a request; as Apache's LimitRequestFields."""

Headers = Iterable[tuple[bytes, bytes]]

_LAX = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\n[ \t]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""In a head: a bare LF or CR, a folded line, a control character."""

_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
"""Answers that have none, whatever they were given (RFC 9110, section 6.4.1)."""


class Http1:
    """One connection: a request, its answer, and then perhaps the next request.

    In turn: `receive` and `request` until there is one; `receive` and `body`, if the body is
    wanted; `start`, and `send` to the answer's end; `next`.
    """

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._last = False
        """Whether nothing is answered after this request."""
        self._bodiless = False

    def receive(self, data: bytes) -> None:
        """Take what came.

        Args:
            data: not empty, and `room` bytes at most.
        """
        self._h11.receive_data(data)

    @property
    def room(self) -> int:
        """Bytes that may come now: what waits to be read never takes more than a head may."""
        return HEAD_BYTES - len(self._h11.trailing_data[0])

    @property
    def begun(self) -> bool:
        """Whether something waits to be read."""
        return self.room < HEAD_BYTES

    def request(self) -> h11.Request | None:
        """The next request, or None if more bytes are needed for it.

        Raises:
            Refusal: what came is none that is answered here. Nothing more is to be read.
        """
        waiting = self._h11.trailing_data[0]
        head, end, _ = waiting.partition(b"\r\n\r\n")
        if _LAX.search(head + end):
            raise Refusal(400, "a request's lines end with CR LF, and hold no control characters")
        event = self._event()
        if not isinstance(event, h11.Request):
            return None
        self._bodiless = event.method == b"HEAD"
        self._check(event)
        return event

    def _check(self, request: h11.Request) -> None:
        if request.http_version not in (b"1.0", b"1.1"):
            raise Refusal(505, "this server speaks HTTP/1.1")
        if len(request.headers) > HEADERS:
            raise Refusal(431, f"a request has {HEADERS} headers at most")
        if not request.target.startswith(b"/"):
            raise Refusal(400, "what is asked for must be a path: this is no proxy")
        headers = dict(request.headers)
        chunked = b"transfer-encoding" in headers
        if chunked and (b"content-length" in headers or request.http_version == b"1.0"):
            raise Refusal(400, "a body's length must be said in one way")
        # In chunks a length is said many times over, and h11 is lenient about how the last one
        # ends: what follows is never read as a request.
        self._last |= chunked
        if not chunked and int(headers.get(b"content-length", 0)) == 0:
            self._event()  # the request's end

    def body(self) -> bytes | None:
        """The next piece of the body, empty at its end; None if more bytes are needed for it.

        Raises:
            Refusal: it is broken.
        """
        if self.complete:
            return b""
        event = self._event()
        if event is h11.NEED_DATA:
            return None
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    def _event(self) -> object:
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            said = str(error)[:200]  # it may quote what was sent
            raise Refusal(error.error_status_hint, f"this is not HTTP/1.1: {said}") from None
        if event is h11.NEED_DATA and self.room <= 0:
            raise Refusal(431, f"a request's line and headers have {HEAD_BYTES} bytes at most")
        return event

    @property
    def complete(self) -> bool:
        """Whether all of the request was read, the end of its body too."""
        return self._h11.their_state is not h11.SEND_BODY

    def go_on(self) -> bytes:
        """What to send before the body is read: something, if the client waits to be told."""
        if not self._h11.they_are_waiting_for_100_continue:
            return b""
        go_on = h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
        return self._h11.send(go_on)

    def start(self, status: int, headers: Headers, now: float, *, last: bool = False) -> bytes:
        """How an answer begins.

        Args:
            status: 200 or above.
            headers: its headers; the date, and those of the connection, are added.
            now: Unix seconds.
            last: whether the connection ends after it. It does in any case if the body was not
                read to its end.
        """
        given = [*headers, (b"date", formatdate(now, usegmt=True).encode())]
        if last or self._last or not self.complete:
            given.append((b"connection", b"close"))
        self._bodiless |= status in _BODILESS
        reason = HTTPStatus(status).phrase
        return self._h11.send(h11.Response(status_code=status, headers=given, reason=reason))

    def send(self, data: bytes, *, more: bool) -> bytes:
        """A piece of an answer's body.

        Args:
            data: may be empty, and is left out where an answer has no body.
            more: whether more comes.
        """
        sent = self._h11.send(h11.Data(data=data)) if data and not self._bodiless else b""
        return sent if more else sent + self._h11.send(h11.EndOfMessage())

    def finish(self) -> None:
        """Have the next answer that begins say that it is the last.

        Nobody is left without a word: who asks just when we hang up can't know whether that was
        heard (RFC 9112, section 9.6).
        """
        self._last = True

    def next(self) -> bool:
        """Turn to the next request, once the answer is out; False if there can't be one."""
        if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        return True
