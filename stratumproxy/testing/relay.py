"""A relay between miners and a server: does what a bad network does, and records what is said."""

import random
import socket
import struct
from collections.abc import Callable

import trio

from stratumproxy.testing.faults import Direction, Faults
from stratumproxy.testing.transcript import Recorder, Side

READ_SIZE = 65_536
MOST_QUEUED = 1 << 20
"""Bytes on their way in one direction; until some have arrived no more are read."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset, which is how a cut looks."""


async def serve_relay(
    to: tuple[str, int],
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    faults: Faults | None = None,
    recorder: Recorder | None = None,
    on_event: Callable[[str, dict[str, object]], None] | None = None,
    seed: int = 0,
    task_status: trio.TaskStatus[tuple[str, int]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Pass connections on to a server until cancelled.

    Args:
        to: the server's host and port.
        host: an address of this machine, where miners connect.
        port: 0 is any free one.
        faults: what happens to what goes through; may be changed meanwhile.
        recorder: told what each side says, as it came in.
        on_event: told connected, unreachable, cut, half_open and disconnected.
        seed: of the jitter.
        task_status: told host and port once connections are taken.

    Raises:
        OSError: the address can't be had.
    """
    listeners = await trio.open_tcp_listeners(port, host=host)
    address = listeners[0].socket.getsockname()[:2]
    rng = random.Random(seed)
    count = 0

    async def serve_client(miner: trio.SocketStream) -> None:
        nonlocal count
        count += 1
        relayed = _Relayed(count, faults or Faults(), rng, recorder, on_event)
        await relayed.run(miner, to)

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, serve_client, listeners)
        task_status.started((address[0], address[1]))


class _Relayed:
    """One connection and its two directions."""

    def __init__(
        self,
        number: int,
        faults: Faults,
        rng: random.Random,
        recorder: Recorder | None,
        on_event: Callable[[str, dict[str, object]], None] | None,
    ) -> None:
        self._number = number
        self._faults = faults
        self._rng = rng
        self._recorder = recorder
        self._on_event = on_event
        self._bytes = 0
        self._half_open = False

    async def run(self, miner: trio.SocketStream, to: tuple[str, int]) -> None:
        try:
            server = await trio.open_tcp_stream(*to)
        except OSError as error:
            self._tell("unreachable", why=str(error))
            await miner.aclose()
            return
        self._tell("connected")
        try:
            async with miner, server, trio.open_nursery() as nursery:
                scope = nursery.cancel_scope
                nursery.start_soon(self._one_way, miner, server, "miner", scope)
                nursery.start_soon(self._one_way, server, miner, "server", scope)
        except* (trio.BrokenResourceError, OSError):
            pass  # one of them cut it
        if self._recorder is not None:
            self._recorder.closed(self._number, trio.current_time())
        self._tell("disconnected")

    def _tell(self, event: str, **facts: object) -> None:
        if self._on_event is not None:
            self._on_event(event, {"connection": self._number, **facts})

    async def _one_way(
        self,
        source: trio.SocketStream,
        sink: trio.SocketStream,
        side: Side,
        everything: trio.CancelScope,
    ) -> None:
        """Read, let it take its time, send; the end of one direction is the end of both."""
        direction = Direction(self._faults, self._rng)
        ended = False
        while not ended or direction.queued:
            if piece := direction.take(trio.current_time()):
                await self._pass_on(piece, source, sink, everything)
                continue
            with trio.move_on_at(direction.next_due):
                if ended or direction.queued > MOST_QUEUED:
                    await trio.sleep_forever()
                data = await source.receive_some(READ_SIZE)
                ended = not data
                if self._recorder is not None:
                    self._recorder.heard(self._number, side, data, trio.current_time())
                direction.feed(data, trio.current_time())
        if not self._half_open:
            everything.cancel()

    async def _pass_on(
        self,
        piece: bytes,
        source: trio.SocketStream,
        sink: trio.SocketStream,
        everything: trio.CancelScope,
    ) -> None:
        faults = self._faults
        self._bytes += len(piece)
        if faults.half_open_after and self._bytes > faults.half_open_after:
            if not self._half_open:
                self._half_open = True
                self._tell("half_open")
            return
        if faults.cut_after and self._bytes > faults.cut_after:
            self._tell("cut")
            for stream in (source, sink):
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            everything.cancel()
            return
        await sink.send_all(piece)
