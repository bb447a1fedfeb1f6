"""The other end of a channel, as the data plane has it: `Outbox` on a socket."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from stratumproxy.telemetry.outbox import Outbox
from stratumproxy.telemetry.records import WorkRecord
from stratumproxy.telemetry.snapshot import Snapshot

AT = 1_800_000_000.0
"""When everything happens, in Unix seconds."""

SNAPSHOT = Snapshot(5.0, 2, 2, 1.0, 3, 3.0, 4)


class Process:
    """One process of the data plane, on a channel that outlives it.

    Args:
        sock: its end; non-blocking. Not closed.
        run: of this process.
        number: of the process.
    """

    def __init__(self, sock: socket.socket, run: str = "run", number: int = 0) -> None:
        self._sock = sock
        self._news = trio.Event()
        self.outbox = Outbox(run, number, lambda: self._news.set())
        self.orders: list[dict[str, Any]] = []
        self.obey: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda order: {
            "error": f"{order['action']}: no such action"
        }
        self.told = 0

    def tell(self, count: int = 1) -> None:
        """Tell of so many shares, each in a batch of its own."""
        for _ in range(count):
            self.told += 1
            work = WorkRecord("farm.1", "pool", 1, 2.0, {}, 0.0, 3.0)
            self.outbox.add(AT, work=[tuple(work)])

    def show(self) -> None:
        self.outbox.show(SNAPSHOT)

    async def run(self) -> None:
        """Until cancelled, which is as good as a kill."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read)
            while True:
                while data := self.outbox.take(AT):
                    await self._send(data)
                self._news = trio.Event()
                await self._news.wait()

    async def _send(self, data: bytes) -> None:
        while data:
            try:
                data = data[self._sock.send(data) :]
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._sock)

    async def _read(self) -> None:
        while True:
            await trio.lowlevel.wait_readable(self._sock)
            for order in self.outbox.receive(self._sock.recv(65536)):
                if (answer := self.obey(order)) is not None:
                    self.outbox.answer(order["do"], answer)
                if order["action"] != "none":
                    self.orders.append(order)


@asynccontextmanager
async def working(sock: socket.socket, run: str = "run", number: int = 0) -> AsyncIterator[Process]:
    process = Process(sock, run, number)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(process.run)
        yield process
        nursery.cancel_scope.cancel()
