"""On real sockets: what hostile clients do, and a stop that nobody can hold up."""

import select
import socket
import struct
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
import trio
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs

from stratumproxy.config.control import Api
from stratumproxy.web import serve as serve_app
from stratumproxy.web import wire
from stratumproxy.web.http1 import HEAD_BYTES
from stratumproxy.web.wire import Wire
from tests.fleet.telling import Told, event
from tests.web.asking import TOKEN, Web

PATIENCE = 120.0
"""Seconds until a test gives up waiting: the machine may be busy."""

LARGE = "/static/vendor/uplot/uPlot.esm.js"
"""The largest of our files, more than a socket holds."""


class Served:
    """An API on a port."""

    def __init__(self, web: Web, port: int, stop: trio.Event) -> None:
        self.web = web
        self.port = port
        self.stop = stop

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def ask(self, *pieces: bytes) -> bytes:
        """Send, and hear what comes until it hangs up."""
        heard = b""
        with trio.fail_after(PATIENCE):
            async with await self.connect() as stream:
                try:
                    for piece in pieces:
                        await stream.send_all(piece)
                    async for data in stream:
                        heard += bytes(data)
                except trio.BrokenResourceError:
                    pass
        return heard

    async def is_well(self) -> None:
        """It answers others."""
        answer = await self.ask(get("/health", close=True))
        assert answer.startswith(b"HTTP/1.1 200"), answer


def get(path: str, *, close: bool = False, **headers: Any) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["Connection: close"] if close else []
    return "\r\n".join([*lines, "", ""]).encode()


EVENTS = get("/api/events")


@asynccontextmanager
async def served(web: Web, app: ASGIApp | None = None, **options: Any) -> AsyncIterator[Served]:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    stop = trio.Event()
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            await nursery.start(partial(serve_app, app or web.app, listeners, stop, **options))
            yield Served(web, port, stop)
            stop.set()


@pytest.fixture
def sending(monkeypatch: pytest.MonkeyPatch) -> set[trio.socket.SocketType]:
    """The sockets that the server is sending to."""
    found: set[trio.socket.SocketType] = set()

    class Watched(Wire):
        async def say(self, head: bytes, body: bytes = b"") -> None:
            assert isinstance(self._stream, trio.SocketStream)
            found.add(self._stream.socket)
            try:
                await super().say(head, body)
            finally:
                found.discard(self._stream.socket)

    monkeypatch.setattr("stratumproxy.web.server.Wire", Watched)
    return found


async def until_stuck(sending: set[trio.socket.SocketType], count: int) -> None:
    """Wait for so many to be sent what they have no room for."""
    while True:
        ready = select.select([], [sock.fileno() for sock in sending], [], 0)[1]
        if len(sending) - len(ready) >= count:
            return
        await trio.sleep(0.01)


async def until_open(web: Web, streams: int) -> None:
    """Wait for event streams to be there, or gone."""
    while web.app.state.site.streams.open != streams:  # noqa: ASYNC110 nobody tells
        await trio.sleep(0.01)


async def until_answered(streams: list[trio.SocketStream]) -> None:
    """Wait for each to have something to read, were it the end."""
    for stream in streams:
        await trio.lowlevel.wait_readable(stream.socket)


async def end_of(stream: trio.SocketStream) -> None:
    """Hear what comes until it ends, in good order or not."""
    with suppress(trio.BrokenResourceError):
        while await stream.receive_some():
            pass


async def silent_client(site: Served, request_: bytes = EVENTS) -> trio.SocketStream:
    """A client that asks for events and never reads, with as little room as a socket has."""
    sock = trio.socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    await sock.connect(("127.0.0.1", site.port))
    stream = trio.SocketStream(sock)
    with trio.move_on_after(1):  # nor may it be read
        await stream.send_all(request_)
    return stream


async def test_answers_one_after_another(web: Web) -> None:
    async with served(web) as site:
        answer = await site.ask(get("/health") + get("/api/jobs") + get("/nothing", close=True))
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.count(b"HTTP/1.1 404") == 1


async def test_events_flow(web: Web, told: Told) -> None:
    async with served(web) as site, await site.connect() as stream:
        await stream.send_all(get("/api/events"))
        heard = b""
        while b"event: summary" not in heard:
            heard += await stream.receive_some()
        told.tell(events=[event(text="live")])
        while b'"live"' not in heard:
            heard += await stream.receive_some()
    assert heard.startswith(b"HTTP/1.1 200")


async def test_a_stream_ends_with_its_client(web: Web) -> None:
    async with served(web) as site:
        stream = await site.connect()
        await stream.send_all(get("/api/events"))
        await until_open(web, 1)
        await stream.aclose()
        await until_open(web, 0)


async def test_a_mistake_of_ours_harms_nobody_else(web: Web) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["path"] == "/health"
        await web.app(scope, receive, send)

    with capture_logs() as logs:
        async with served(web, app) as site:
            assert await site.ask(get("/api/summary")) == b""
            await site.is_well()
    assert [line["log_level"] for line in logs] == ["error"]


class TestStop:
    async def test_an_idle_connection_is_closed(self, web: Web) -> None:
        async with served(web) as site:
            stream = await site.connect()
            await stream.send_all(get("/health"))
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
            site.stop.set()
            while await stream.receive_some():
                pass
            await stream.aclose()

    async def test_streams_do_not_hold_it_up(self, web: Web) -> None:
        async with served(web) as site, await site.connect() as stream:
            await stream.send_all(get("/api/events"))
            await until_open(web, 1)
            site.stop.set()
            await end_of(stream)
        assert web.app.state.site.streams.open == 0

    async def test_clients_that_do_not_read_do_not_hold_it_up(
        self,
        web: Web,
        told: Told,
        monkeypatch: pytest.MonkeyPatch,
        sending: set[trio.socket.SocketType],
    ) -> None:
        """Their sockets are full, and will be."""
        monkeypatch.setattr(wire, "WRITE_SECONDS", 1e6)
        big = [event(text="x" * 10_000) for _ in range(400)]
        told.tell(events=big)
        async with served(web) as site:
            clients = [await silent_client(site) for _ in range(3)]
            await until_open(web, 3)
            told.tell(events=big)
            await until_stuck(sending, 3)
            site.stop.set()
        for client in clients:
            await client.aclose()
        assert web.app.state.site.streams.open == 0


async def test_a_client_that_does_not_read_is_hung_up_on(
    web: Web, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "WRITE_SECONDS", 1.0)
    monkeypatch.setattr("stratumproxy.web.events.STALLED", 1.0)
    async with served(web) as site:
        client = await silent_client(site)
        await until_open(web, 1)
        while web.app.state.site.streams.open:
            told.tell(events=[event(text="x" * 10_000) for _ in range(400)])
            await trio.sleep(0.1)
        await client.aclose()
        await site.is_well()
    assert web.app.state.site.streams.dropped == 1


async def test_a_client_that_does_not_read_costs_what_one_message_does(
    web: Web,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    sending: set[trio.socket.SocketType],
) -> None:
    """However much there is to tell: nothing is queued for it."""
    monkeypatch.setattr(wire, "WRITE_SECONDS", 1e6)
    monkeypatch.setattr("stratumproxy.web.events.STALLED", 1e6)

    def tell() -> None:
        told.tell(events=[event(text="x" * 10_000) for _ in range(600)])

    async with served(web) as site:
        tell()
        clients = [await silent_client(site) for _ in range(3)]
        await until_open(web, 3)
        tell()
        await until_stuck(sending, 3)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(20):
            tell()
            await site.is_well()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        for client in clients:
            await client.aclose()
    journal = 500 * 10_000
    assert after - before < 2 * journal + 1_000_000


class TestHostile:
    @pytest.mark.parametrize(
        "request_",
        [
            b"\x00\x01\x02\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /static/../app.py HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"GET /static/%2e%2e/app.py HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
            b"GET /api/workers/%ff%00%0a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * HEAD_BYTES + b"\r\n\r\n",
            b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * (HEAD_BYTES // 6) + b"\r\n",
            b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
            b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            b"Content-Length: 6\r\n\r\n",
            b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"zz\r\n",
            b"GET /health HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1\r\n"
            b"Connection: close\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: \xff\xfe;q=x\r\n"
            b"Connection: close\r\n\r\n",
        ],
    )
    async def test_nonsense_gets_an_error_and_no_trace(self, web: Web, request_: bytes) -> None:
        async with served(web) as site:
            answer = await site.ask(request_)
            assert b"Traceback" not in answer
            assert b" 500 " not in answer.partition(b"\r\n")[0]
            await site.is_well()

    async def test_a_body_without_end_is_cut(self, told: Told, token_file: str) -> None:
        web = Web(told, Api(token_file=token_file))
        head = (
            "POST /api/actions/reload HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
        async with served(web) as site:
            answer = await site.ask(head.encode(), *[chunk] * 500)
            assert b"HTTP/1.1 413" in answer or answer == b"", answer
            await site.is_well()

    async def test_a_body_that_nobody_reads(self, web: Web) -> None:
        head = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n"
        async with served(web) as site:
            answer = await site.ask(head, *[b" " * 100_000] * 90)
            assert b"HTTP/1.1 404" in answer or answer == b"", answer
            await site.is_well()


class TestCrowd:
    """However many there are, a new one is answered."""

    @pytest.mark.parametrize(
        "opening",
        [
            b"",
            b"GET / HTTP/1.1\r\nHost: lo",
            get("/health"),
            b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 9\r\n\r\n{",
            get(LARGE),
        ],
        ids=["silent", "half a head", "idle", "half a body", "does not read"],
    )
    async def test_one_that_keeps_us_waiting_gives_way(self, web: Web, opening: bytes) -> None:
        async with served(web, connections=10) as site:
            streams = [await silent_client(site, opening) for _ in range(25)]
            for _ in range(5):
                await site.is_well()
            await end_of(streams[0])
            for stream in streams:
                await stream.aclose()

    async def test_event_streams_leave_room(self, told: Told) -> None:
        web = Web(told, Api(event_streams=8))
        async with served(web, connections=10) as site:
            streams = [await silent_client(site) for _ in range(25)]
            await until_answered(streams)
            for _ in range(5):
                await site.is_well()
            assert web.app.state.site.streams.open == 8
            for stream in streams:
                await stream.aclose()


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One of HTTP/2 (RFC 9113, section 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def http2(requests: int) -> bytes:
    """Requests that are to be answered into a window of no bytes."""
    path = LARGE.encode()
    # Method and scheme from HPACK's table, path and authority in full (RFC 7541, appendix A).
    headers = b"\x82\x86\x04" + bytes([len(path)]) + path + b"\x01\x09localhost"
    return (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        + frame(4, 0, 0, struct.pack(">HI", 4, 0))
        + b"".join(frame(1, 5, 2 * number + 3, headers) for number in range(requests))
    )


class TestMemory:
    """What a client does not read is not made."""

    @pytest.mark.parametrize(
        "opening",
        [
            get(LARGE) * 95,
            http2(95),
            get(LARGE, Connection="Upgrade, HTTP2-Settings", Upgrade="h2c", HTTP2_Settings="")
            + http2(95),
        ],
        ids=["one after another", "HTTP/2", "HTTP/2 by upgrade"],
    )
    async def test_requests_without_end_cost_one_answer(self, web: Web, opening: bytes) -> None:
        clients = 20
        async with served(web) as site:
            await site.ask(get(LARGE, close=True))
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
            streams = [await silent_client(site, opening) for _ in range(clients)]
            await until_answered(streams)
            for _ in range(20):
                await site.is_well()
            after, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            for stream in streams:
                await stream.aclose()
        assert after - before < clients * 2 * wire.SLICE
