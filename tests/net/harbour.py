"""A miner port on the loopback, with a core that does only what a test says."""

import select
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import trio

from stratumproxy.config import Limits
from stratumproxy.downstream.drops import Drops
from stratumproxy.downstream.misbehaviour import Misbehaviour
from stratumproxy.net.port import MinerPort
from stratumproxy.proxy.recorder import NoRecorder
from tests.waiting import PATIENCE


class Session:
    """A miner's session: echoes, unless told otherwise."""

    def __init__(self, link, peer: str, listener: Any) -> None:
        self.link = link
        self.listener = listener
        self.peer = peer
        self.received: list[bytes] = []
        self.answer: Callable[[bytes], bytes] = lambda data: data

    def receive(self, data: bytes, now: float) -> bytes:
        self.received.append(data)
        return self.answer(data)


class Core:
    """What a port needs of the proxy and of the log, and what it told them."""

    def __init__(self) -> None:
        self.misbehaviour = Misbehaviour(Limits())
        self.turning_away = False
        self.listeners = [SimpleNamespace(number=number) for number in range(8)]
        self.recorder = NoRecorder()
        self.sessions: list[Session] = []
        self.gone: list[Session] = []
        self.drops = Drops(self)
        self.dropped: list[str] = []
        """Why miners were dropped, in words."""
        self.warnings: list[str] = []
        self.changed = trio.Event()

    def connect(self, link, host: str, port: int, now: float, listener: Any) -> Session:
        session = Session(link, f"{host}:{port}", listener)
        self.sessions.append(session)
        self._change()
        return session

    def disconnect(self, session: Session, now: float, reason: str = "") -> None:
        assert session not in self.gone
        self.gone.append(session)
        self._change()

    def debug(self, event: str, **values: Any) -> None:
        self.dropped.append(values["reason"])

    def info(self, event: str, **values: Any) -> None:
        self.dropped.append(values["reason"])

    def warning(self, event: str, **values: Any) -> None:
        self.warnings.append(f"{event}: {values.get('reason')}")
        self._change()

    def _change(self) -> None:
        self.changed.set()
        self.changed = trio.Event()

    async def until(self, condition: Callable[[], object]) -> None:
        with trio.fail_after(PATIENCE):
            while not condition():
                await self.changed.wait()


class Harbour:
    """A port on a listener of the loopback, and its miners: plain sockets that do not block."""

    def __init__(self, nursery: trio.Nursery, listener: socket.socket, **limits: Any) -> None:
        self.start = nursery.start_soon
        self.core = Core()
        self.listener = listener
        self.listener.setblocking(False)
        self.miners: list[socket.socket] = []
        core: Any = self.core
        self.port = MinerPort(
            core,
            [self.listener],
            clock=trio.current_time,
            notices=self.core,
            **{"connections": 1000, "out_limit": 65536, **limits},
        )

    def call(self) -> socket.socket:
        """A miner connects; the kernel is enough for that."""
        miner = socket.create_connection(self.listener.getsockname())
        miner.setblocking(False)
        self.miners.append(miner)
        return miner

    async def met(self, count: int = 1) -> list[tuple[socket.socket, Session]]:
        """So many miners, accepted, each with its session; nothing is pumped yet."""
        new = [self.call() for _ in range(count)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.port.accept, self.listener)
            wanted = len(self.core.sessions) + count
            await self.core.until(lambda: len(self.core.sessions) == wanted)
            nursery.cancel_scope.cancel()
        by_peer = {session.peer: session for session in self.core.sessions}
        return [(miner, by_peer["{}:{}".format(*miner.getsockname())]) for miner in new]


@asynccontextmanager
async def open_harbour(
    listener: socket.socket | None = None, **limits: Any
) -> AsyncIterator[Harbour]:
    async with trio.open_nursery() as nursery:
        listener = listener or socket.create_server(("127.0.0.1", 0), backlog=1024)
        harbour = Harbour(nursery, listener, **limits)
        yield harbour
        nursery.cancel_scope.cancel()
    for miner in harbour.miners:
        miner.close()
    harbour.port.close()


def arrived(sock: socket.socket | int) -> None:
    """Let the kernel bring what was sent; a busy one does not always do it at once."""
    assert select.select([sock], [], [], PATIENCE)[0]


async def hear(miner: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer if the connection ends before."""
    data = b""
    with trio.fail_after(PATIENCE):
        while len(data) < size:
            await trio.lowlevel.wait_readable(miner)
            piece = miner.recv(size - len(data))
            if not piece:
                break
            data += piece
    return data


async def ended(miner: socket.socket) -> bool:
    """Whether the connection ends, sooner or later."""
    try:
        return await hear(miner, 1 << 20) is not None
    except ConnectionResetError:
        return True


def reset(sock: socket.socket) -> None:
    """Close with a reset instead of a goodbye."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
