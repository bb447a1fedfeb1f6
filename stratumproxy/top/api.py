"""The API as ``stratumproxy top`` asks it: HTTP/1.1 by h11 on trio, and an event stream.

A connection for each request, closed after it: on loopback that costs little, and nothing is ever
left in a half-read state.
"""

import os
import ssl
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import h11
import orjson
import trio

from stratumproxy import __version__
from stratumproxy.errors import ProtocolError, StratumProxyError
from stratumproxy.top.events import Events

ANSWER_SECONDS = 10.0
"""To connect, and for a whole answer."""

SILENCE_SECONDS = 15.0
"""Without an event, of which there is one a second, before the stream is taken to be dead."""

LARGEST = 32 << 20
"""Bytes of an answer."""

READ = 65536


class ApiError(StratumProxyError):
    """The API can't be reached, or does not answer as it should."""


class Unauthorized(ApiError):
    """It wants a token, or another one. Trying again is of no use."""


class Address(NamedTuple):
    """Where the API is."""

    host: str
    port: int
    tls: bool
    path: str
    """What its paths begin with: empty, unless a proxy in front puts it into a folder."""

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Take a URL apart.

        Raises:
            ValueError: it is none, or not one of HTTP.
        """
        if not url.isprintable() or " " in url:  # urlsplit overlooks some of these
            raise ValueError(f"{url!r} holds what no URL may")
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not a URL such as http://127.0.0.1:8080")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError(f"{url!r} holds more than scheme, host, port and path")
        try:
            parts.hostname.encode("idna")
            port = parts.port
        except (ValueError, UnicodeError):
            raise ValueError(f"{url!r} has a host or port that can't be") from None
        tls = parts.scheme == "https"
        return cls(parts.hostname, port or (443 if tls else 80), tls, parts.path.rstrip("/"))

    def __str__(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


class Api:
    """Asks one API.

    Args:
        address: where it is.
        token: sent as a bearer token; empty for none.
    """

    def __init__(self, address: Address, token: str = "") -> None:
        self.address = address
        self._token = token

    async def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        """Ask for something.

        Args:
            path: such as ``/api/summary``, percent-encoded.
            query: what goes behind the question mark.

        Returns:
            The JSON of the answer.

        Raises:
            ApiError: there was no answer, or not the right one.
        """
        target = path + (f"?{urlencode(query)}" if query else "")
        body = bytearray()

        def take(data: bytes) -> None:
            body.extend(data)
            if len(body) > LARGEST:
                raise ApiError(f"{self.address} answers more than {LARGEST} bytes")

        with trio.move_on_after(ANSWER_SECONDS) as patience:
            await self._ask(target, "application/json", take)
        if patience.cancelled_caught:
            raise ApiError(f"{self.address} gave no answer within {ANSWER_SECONDS:.0f} s")
        return self._json(body)

    async def follow(self, take: Callable[[str, Any], None]) -> None:
        """Read the event stream until it ends, and hand over each event: its name and its JSON.

        Raises:
            ApiError: it can't be had, or fell silent.
        """
        events = Events()
        with trio.move_on_after(SILENCE_SECONDS) as patience:

            def heard(data: bytes) -> None:
                patience.deadline = trio.current_time() + SILENCE_SECONDS
                try:
                    for name, text in events.feed(data):
                        take(name, self._json(text))
                except ProtocolError as error:
                    raise ApiError(f"{self.address}: {error}") from None

            await self._ask("/api/events", "text/event-stream", heard)
        if patience.cancelled_caught:
            raise ApiError(f"{self.address} says nothing any more")

    async def _ask(self, target: str, accept: str, take: Callable[[bytes], None]) -> None:
        """Send a request, and hand over the body of a good answer as it comes."""
        headers = [
            ("Host", self.address.authority),
            ("User-Agent", f"stratumproxy-top/{__version__}"),
            ("Accept", accept),
            ("Connection", "close"),
        ]
        if self._token:
            headers.append(("Authorization", f"Bearer {self._token}"))
        connection = h11.Connection(h11.CLIENT)
        request = h11.Request(method="GET", target=self.address.path + target, headers=headers)
        asked = (connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b"")
        try:
            async with await self._connect() as stream:
                await stream.send_all(asked)
                await self._answer(connection, stream, take)
        except OSError as error:
            raise ApiError(
                f"{self.address} can't be reached: {_reason(error)}; does the proxy run, and is "
                "that what [api] listen says?"
            ) from None
        except trio.BrokenResourceError as error:
            raise ApiError(
                f"{self.address} broke off: {_reason(error.__cause__ or error)}"
            ) from None
        except h11.RemoteProtocolError as error:
            raise ApiError(f"{self.address} does not speak HTTP: {error}") from None

    async def _connect(self) -> trio.abc.Stream:
        host, port = self.address.host, self.address.port
        if not self.address.tls:
            return await trio.open_tcp_stream(host, port)
        return await trio.open_ssl_over_tcp_stream(
            host, port, https_compatible=True, ssl_context=ssl.create_default_context()
        )

    async def _answer(
        self, connection: h11.Connection, stream: trio.abc.Stream, take: Callable[[bytes], None]
    ) -> None:
        status, said = 0, b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(bytes(await stream.receive_some(READ)))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                if status == 200:
                    take(bytes(event.data))
                elif len(said) < READ:
                    said += event.data
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                break
        if status == 401:
            raise Unauthorized(
                f"{self.address} wants another token than the one it was given"
                if self._token
                else f"{self.address} wants a token: --token-file FILE, the file that token_file "
                "names in the proxy's configuration"
            )
        if status != 200:
            raise ApiError(f"{self.address} answered {_refusal(status, said)}")

    def _json(self, text: bytes | bytearray | str) -> Any:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise ApiError(f"{self.address} is not the API of stratumproxy") from None


def _refusal(status: int, said: bytes) -> str:
    """A status that is no success, with the API's own sentence if there is one."""
    try:
        text = str(orjson.loads(said)["error"])
    except (ValueError, LookupError, TypeError):
        text = "is that the address of stratumproxy's API?"
    return f"{status}: {text}"


def _reason(error: BaseException) -> str:
    """What went wrong underneath, in the system's words."""
    while isinstance(error, BaseExceptionGroup) or not getattr(error, "strerror", None):
        inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__
        if inner is None:
            return str(error)
        error = inner
    assert isinstance(error, OSError)
    if isinstance(error, ssl.SSLError):  # its errno is not the system's
        return getattr(error, "verify_message", "") or str(error.reason or error.strerror)
    # A failure to connect has the address in its text too.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)
