"""The simulated pool on a socket."""

import ssl
import time
from collections.abc import Awaitable, Callable
from functools import partial

import trio

from stratumproxy.errors import ProtocolError
from stratumproxy.testing.pool import SimulatedPool
from stratumproxy.testing.pool_connection import PoolConnection

Clock = Callable[[], float]
"""Unix seconds."""


def trio_clock() -> Clock:
    """Unix time that goes as trio's clock does, so that a test's clock rules it too."""
    offset = time.time() - trio.current_time()
    return lambda: trio.current_time() + offset


async def serve_pool(
    pool: SimulatedPool,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: ssl.SSLContext | None = None,
    behind_balancer: bool = False,
    task_status: trio.TaskStatus[tuple[str, int]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve a simulated pool until cancelled, and give it new jobs as its settings say.

    ``host, port = await nursery.start(serve_pool, pool)`` starts it. When it is cancelled all its
    connections are cut; the same pool (after `SimulatedPool.restart`, or as it was) can be served
    again at once on the same port.

    Args:
        pool: what answers. It may be used meanwhile: `new_job`, `set_difficulty`, `restart`, …
        host: an address of this machine.
        port: 0 is any free one.
        tls: speak TLS, with the certificate in this.
        behind_balancer: each connection begins with a PROXY header, version 1 or 2; what does not
            is cut.
        task_status: told host and port once connections are taken.

    Raises:
        OSError: the address can't be had.
    """
    clock = trio_clock()
    listeners = await trio.open_tcp_listeners(port, host=host)
    address = listeners[0].socket.getsockname()[:2]

    async def serve_client(plain: trio.SocketStream) -> None:
        stream = trio.SSLStream(plain, tls, server_side=True) if tls else plain
        await serve_stream(pool, stream, clock, partial(_peer, plain, behind_balancer))

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(make_jobs, pool, clock)
            await nursery.start(trio.serve_listeners, serve_client, listeners)
            task_status.started((address[0], address[1]))
    finally:
        pool.drop_connections()


async def wait_until(pool: SimulatedPool, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, looking anew whenever something changed at the pool.

    ``await wait_until(pool, lambda: pool.total.accepted >= 100)``

    Args:
        pool: its shares, jobs and connections make it look.
        condition: may be about anything that changes with these.
    """
    changed = trio.Event()

    def notice() -> None:
        changed.set()

    pool.watchers.add(notice)
    try:
        while not condition():
            changed = trio.Event()
            await changed.wait()
    finally:
        pool.watchers.discard(notice)


async def make_jobs(pool: SimulatedPool, clock: Clock) -> None:
    """Give a pool new jobs as its settings say, until cancelled."""
    while True:
        await trio.sleep(pool.settings.job_interval or 1.0)
        if pool.settings.job_interval:
            pool.new_job(clock())


async def serve_stream(
    pool: SimulatedPool,
    stream: trio.abc.Stream,
    clock: Clock | None = None,
    peer: Callable[[], Awaitable[str]] | None = None,
) -> None:
    """Serve one client on a stream that is there already: memory, a pipe, a socket of yours.

    Args:
        pool: what answers.
        stream: is closed in the end.
        clock: the pool's; all its connections want the same one.
        peer: finds out who it is; what it raises ends the connection.
    """
    clock = clock or trio_clock()
    connection = pool.connect()
    try:
        async with stream, trio.open_nursery() as nursery:
            connection.peer = await peer() if peer is not None else ""
            pool.tell("connected", connection=connection.number, peer=connection.peer)
            nursery.start_soon(_send, connection, stream, clock, nursery.cancel_scope)
            async for data in stream:
                connection.feed(bytes(data), clock())
            nursery.cancel_scope.cancel()
    except* (trio.BrokenResourceError, ProtocolError, OSError):
        pass  # the client cut it, as it may; or it speaks neither TLS nor PROXY where it should
    finally:
        connection.close()


async def _peer(plain: trio.SocketStream, behind_balancer: bool) -> str:
    """Who connected, as host:port; by the PROXY header, where there is one."""
    if behind_balancer:
        from stratumproxy.net.proxy_header import parse_header

        data = b""
        while (header := parse_header(data)) is None:
            # Byte by byte: what follows is TLS's, or the session's.
            data += await plain.receive_some(1) or b"\0"
        if header.peer is not None:
            return "{}:{}".format(*header.peer)
    return "{}:{}".format(*plain.socket.getpeername()[:2])


async def _send(
    connection: PoolConnection,
    stream: trio.abc.Stream,
    clock: Clock,
    session: trio.CancelScope,
) -> None:
    """Send what the connection has, when it is due; end the session once it is closed."""
    output = trio.Event()
    connection.on_output = lambda: output.set()
    while not connection.closed:
        output = trio.Event()
        if data := connection.take(clock()):
            await stream.send_all(data)
            continue
        with trio.move_on_after(_wait(connection.next_due, clock)):
            await output.wait()
    session.cancel()


def _wait(due: float | None, clock: Clock) -> float:
    """Seconds until a Unix time; None is never."""
    return float("inf") if due is None else max(due - clock(), 0.0)
