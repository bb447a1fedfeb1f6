"""A mining process's end of the channel to the control plane, on its socket.

Nothing here may hold up a miner: the sender waits for the socket in a task of its own, and what it
did not send yet is bounded by the outbox.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import trio

from stratumproxy.net.unblocked import lines_lost
from stratumproxy.proxy.proxy import Proxy
from stratumproxy.proxy.recorder import Recorder
from stratumproxy.telemetry.clock import Clock
from stratumproxy.telemetry.outbox import Outbox
from stratumproxy.telemetry.snapshot import Snapshot

READ_BYTES = 65536

LAST_WORDS = 2.0
"""Seconds at most that the last batch waits to be acknowledged when the process ends."""

LEAST = 0.5
"""Seconds that it has for that even when the pools took all the time there was."""

Orders = Callable[[dict[str, Any]], dict[str, Any]]
"""Takes an order, and returns ``{"result": …}`` or ``{"error": …}``."""


class Telemetry:
    """What one process of the data plane tells, and the orders it takes.

    Args:
        sock: connected to the control plane, or to what will be.
        number: which process this is.
        clock: seconds.
        site: where that is, as it is configured.
        run: differs from one start of it to the next; made up if nobody has.
    """

    def __init__(
        self,
        sock: socket.socket,
        number: int,
        clock: Callable[[], float],
        site: str = "",
        run: str = "",
    ) -> None:
        sock.setblocking(False)
        self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        self._clock = clock
        self._woken = trio.Event()
        self._safe = trio.Event()
        self._time = Clock(time.time, clock)
        self.outbox = Outbox(run or secrets.token_hex(8), number, self._wake, site)
        self.recorder = Recorder(self.outbox, clock(), self._time.unix())

    @property
    def process(self) -> str:
        """What operators call this process by, in the ids of its miners."""
        return f"{self.outbox.process}-{self.outbox.run}"

    def _wake(self) -> None:
        self._woken.set()

    def tick(self, proxy: Proxy) -> None:
        """Called every 100 ms."""
        self._time.look()
        now, unix = self._clock(), self._time.unix()
        self.recorder.tick(proxy.workers, proxy.miners, proxy.misbehaviour, now, unix)

    def show(self, snapshot: Snapshot) -> None:
        """Called once a second."""
        self.outbox.show(snapshot)

    async def run(self, orders: Orders) -> None:
        """Tell, and take orders, until cancelled or the other side is gone for good."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send)
            nursery.start_soon(self._receive, orders)

    async def _send(self) -> None:
        with suppress(trio.BrokenResourceError):
            while True:
                await self._woken.wait()
                self._woken = trio.Event()
                while data := self.outbox.take(self._time.unix()):
                    await self._stream.send_all(data)

    async def _receive(self, orders: Orders) -> None:
        with suppress(trio.BrokenResourceError):
            async for data in self._stream:
                for order in self.outbox.receive(bytes(data)):
                    self.outbox.answer(order["do"], orders(order))
                    await trio.lowlevel.checkpoint()  # each looks at every miner
                if not self.outbox.unacknowledged:
                    self._safe.set()

    async def finish(self, proxy: Proxy, deadline: float) -> None:
        """Tell all that is left, and wait a moment until it is safe.

        Args:
            proxy: no miner is on it any more.
            deadline: on trio's clock; it is kept to, but for `LEAST`.
        """
        self.recorder.finish(proxy.workers, self._clock())
        self._safe = trio.Event()
        now = trio.current_time()
        with trio.move_on_at(min(max(deadline, now + LEAST), now + LAST_WORDS)):
            if self.outbox.unacknowledged:
                await self._safe.wait()


def of_this_process(snapshot: Snapshot) -> Snapshot:
    """A snapshot, with what the process took so far, and what its log lost."""
    return replace(
        snapshot,
        cpu_seconds=time.process_time(),
        resident_bytes=_resident_bytes(),
        log_lines_lost=lines_lost(),
    )


def _resident_bytes() -> int:
    """Memory of this process; 0 where there is no /proc."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 once a second; a Path is slower
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
