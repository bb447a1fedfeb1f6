"""On real sockets: what hostile clients do, and a stop that nobody can hold up."""

import select
import socket
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import trio

from stratumproxy.config.control import Api
from stratumproxy.web import serve as serve_app
from tests.fleet.telling import Told, event
from tests.web.asking import TOKEN, Web

serving = __import__("stratumproxy.web.serve", fromlist=["CONNECTIONS"])
"""The module; the package has a function of that name."""

PATIENCE = 120.0
"""Seconds until a test gives up waiting: the machine may be busy."""

MUCH = 300_000
"""Bytes; more than a request's head may have."""


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


def get(path: str, *, close: bool = False, **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["Connection: close"] if close else []
    return "\r\n".join([*lines, "", ""]).encode()


@asynccontextmanager
async def served(web: Web) -> AsyncIterator[Served]:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    stop = trio.Event()
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            await nursery.start(partial(serve_app, web.app, listeners, stop))
            yield Served(web, port, stop)
            stop.set()


@pytest.fixture
def sending(monkeypatch: pytest.MonkeyPatch) -> set[trio.socket.SocketType]:
    """The sockets that the server is sending to."""
    found: set[trio.socket.SocketType] = set()

    class Watched(serving.Connection):  # type: ignore[misc, name-defined]
        async def send_all(self, data: bytes) -> None:
            found.add(self.socket)
            try:
                await super().send_all(data)
            finally:
                found.discard(self.socket)

    monkeypatch.setattr(serving, "Connection", Watched)
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


async def end_of(stream: trio.SocketStream) -> None:
    """Hear what comes until it ends, in good order or not."""
    with suppress(trio.BrokenResourceError):
        while await stream.receive_some():
            pass


async def dribble(stream: trio.SocketStream) -> None:
    """Send a request's line, and take a long time about it."""
    with suppress(trio.BrokenResourceError):
        while True:
            await stream.send_all(b"G")
            await trio.sleep(0.05)


async def silent_client(site: Served) -> trio.SocketStream:
    """A client that asks for events and never reads, with as little room as a socket has."""
    sock = trio.socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    await sock.connect(("127.0.0.1", site.port))
    stream = trio.SocketStream(sock)
    await stream.send_all(get("/api/events"))
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
        """Their sockets are full, and what is being sent to them can't be cancelled."""
        monkeypatch.setattr(serving, "WRITE_SECONDS", 1e6)
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
    monkeypatch.setattr(serving, "WRITE_SECONDS", 1.0)
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
    monkeypatch.setattr(serving, "WRITE_SECONDS", 1e6)
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
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * MUCH + b"\r\n\r\n",
            b"GET /" + b"a" * MUCH + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * (MUCH // 6) + b"\r\n",
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

    @pytest.mark.parametrize(
        "opening",
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: !!!\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        ],
    )
    async def test_other_protocols_harm_nobody_else(self, web: Web, opening: bytes) -> None:
        async with served(web) as site, await site.connect() as stream:
            await stream.send_all(opening)
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

    async def test_more_connections_than_there_may_be(
        self, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(serving, "CONNECTIONS", 3)
        async with served(web) as site:
            streams = [await site.connect() for _ in range(3)]
            for stream in streams:  # so that they are accepted
                await stream.send_all(get("/health"))
                await stream.receive_some()
            async with await site.connect() as another:
                await end_of(another)
            for stream in streams:
                await stream.aclose()

    async def test_one_that_sends_its_headers_slowly_is_hung_up_on(
        self, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(serving, "IDLE_SECONDS", 0.3)
        async with served(web) as site, await site.connect() as stream:
            with trio.fail_after(PATIENCE):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(dribble, stream)
                    await end_of(stream)
                    nursery.cancel_scope.cancel()
