"""The application on sockets, by Hypercorn's HTTP under trio, and a stop that nobody can hold up.

Hypercorn shields what it sends from cancellation, so a client that does not read would keep it from
stopping, and its buffers alive, for ever (Hypercorn 0.18, trio/tcp_server.py). So connections are
accepted here, and each is given a stream that gives up by itself.
"""

import logging
from functools import partial
from typing import Any

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState, Framework
from hypercorn.utils import wrap_app

CONNECTIONS = 1000
"""At a time; the next is hung up on. Browsers open six each."""

WRITE_SECONDS = 10.0
"""Within which a client must take `SLICE` bytes."""

SLICE = 1 << 16

GRACE = 0.5
"""Seconds that answers under way have when the server stops."""

IDLE_SECONDS = 30
"""After which a connection without a request is closed: also one that sends its headers slowly."""

HEADER_BYTES = 16 * 1024
"""A request's line and headers, unless they come in one piece (of 64 KiB at most); past it the
answer is 431."""


async def serve(
    app: Framework,
    listeners: list[trio.SocketListener],
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until told to stop, and then for `GRACE` seconds at most.

    Args:
        app: an ASGI application.
        listeners: where; they are closed in the end.
        stop: set to stop.
        task_status: told when connections are accepted.
    """
    server = Server(app)
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            await accepting.start(
                partial(trio.serve_listeners, server.attend, listeners, handler_nursery=connections)
            )
            task_status.started()
            await stop.wait()
            accepting.cancel_scope.cancel()
        await server.drain()
        connections.cancel_scope.cancel()


class Server:
    """Open connections, and what they are served by.

    Args:
        app: an ASGI application.
    """

    def __init__(self, app: Framework) -> None:
        self._app = wrap_app(app, 0, "asgi")
        self._config = _settings()
        self._context = WorkerContext(None)
        self._open: set[Connection] = set()
        self._ended = trio.lowlevel.ParkingLot()

    async def attend(self, stream: trio.SocketStream) -> None:
        """Serve one connection to its end."""
        if len(self._open) >= CONNECTIONS:
            await trio.aclose_forcefully(stream)
            return
        connection = Connection(stream)
        self._open.add(connection)
        try:
            # What it needs of a stream is what `Connection` has; TLS is what it says it wants.
            as_tls: Any = connection
            await TCPServer(
                self._app, self._config, self._context, ConnectionState({}), as_tls
            ).run()
        except Exception:
            # Hypercorn lets some that a client can cause through; the others must not suffer.
            structlog.get_logger().debug("an HTTP connection broke", exc_info=True)
        finally:
            self._open.discard(connection)
            self._ended.unpark_all()
            connection.abort()

    async def drain(self) -> None:
        """Let answers under way end, close what is idle, and then hang up."""
        await self._context.terminated.set()
        with trio.move_on_after(GRACE):
            while self._open:
                await self._ended.park()
        for connection in self._open:
            connection.abort()


class Connection:
    """A stream as Hypercorn wants it, whose sending fails when the client does not read.

    Args:
        stream: the connection.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self.socket = stream.socket

    async def send_all(self, data: bytes) -> None:
        """Send, as fast as the client reads.

        Raises:
            trio.BrokenResourceError: it does not, or is gone.
        """
        view = memoryview(data)
        for start in range(0, len(view), SLICE):
            with trio.move_on_after(WRITE_SECONDS) as scope:
                await self._stream.send_all(view[start : start + SLICE])
            if scope.cancelled_caught:
                self.abort()
                raise trio.BrokenResourceError("the client does not read")

    async def receive_some(self, most: int) -> bytes | bytearray:
        """Receive."""
        return await self._stream.receive_some(most)

    async def send_eof(self) -> None:
        """Say that nothing more comes."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close."""
        await self._stream.aclose()

    def abort(self) -> None:
        """Close, whatever is under way: it fails at once."""
        self.socket.close()


def _settings() -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = _logger()
    config.include_server_header = False
    config.h11_max_incomplete_size = HEADER_BYTES
    config.keep_alive_timeout = IDLE_SECONDS
    return config


def _logger() -> logging.Logger:
    """What Hypercorn logs, which is errors of applications, as our own."""
    logger = logging.getLogger("stratumproxy.web")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_Log())
    return logger


class _Log(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell: Any = structlog.get_logger()
        level = "error" if record.levelno >= logging.ERROR else "debug"
        getattr(tell, level)(record.getMessage(), exc_info=record.exc_info or None)
