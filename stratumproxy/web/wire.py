"""A client's connection, to which we are patient for so long and no longer."""

from typing import NoReturn

import trio

from stratumproxy.web.crowd import Crowd

WRITE_SECONDS = 10.0
"""Within which a client must take `SLICE` bytes: 6.5 kB/s. Apache asks for 0.5 kB/s of those who
send, nginx (send_timeout) for anything within 60 s."""

SLICE = 1 << 16

LINGER_SECONDS = 2.0
"""For which we read on after the last answer, and throw away: for a client that still sends, the
answer is lost if its socket is closed before. nginx (lingering_timeout) has 5 s."""

BROKEN = (trio.BrokenResourceError, trio.ClosedResourceError)


class Wire:
    """Reads and writes, and ends what is done for the client when the client is gone or too slow.

    Args:
        stream: the connection.
        crowd: told while the client is waited for.
    """

    def __init__(self, stream: trio.abc.HalfCloseableStream, crowd: Crowd) -> None:
        self._stream = stream
        self._crowd = crowd
        self.here = trio.CancelScope()
        """Whatever is done for the client is done within it."""

    def hang_up(self) -> None:
        """End it, whatever is under way, and leave the place to others."""
        self._crowd.leave(self)
        self.here.cancel()

    async def gone(self) -> NoReturn:
        """Hang up, and wait for that."""
        self.hang_up()
        await trio.sleep_forever()

    async def hear(self, most: int) -> bytes:
        """Read what the client owes us; it may lose its place meanwhile."""
        with self._crowd.waiting_for(self):
            return await self.overhear(most)

    async def overhear(self, most: int) -> bytes:
        """Read what comes by itself: up to so many bytes, or none when nothing will come."""
        try:
            return bytes(await self._stream.receive_some(most))
        except BROKEN:
            return b""

    async def say(self, head: bytes, body: bytes = b"") -> None:
        """Send, as fast as the client reads, and hang up if that is too slow."""
        if len(body) <= SLICE:
            await self._push(head + body)
            return
        view = memoryview(body)
        with self._crowd.holding(self, len(view)):
            await self._push(head)
            for start in range(0, len(view), SLICE):
                await self._push(view[start : start + SLICE])

    async def _push(self, data: bytes | memoryview) -> None:
        with trio.move_on_after(WRITE_SECONDS), self._crowd.waiting_for(self):
            try:
                await self._stream.send_all(data)
            except BROKEN:
                await self.gone()
            return
        await self.gone()

    async def linger(self) -> None:
        """Say that nothing more comes, and give the client time to read what did."""
        with trio.move_on_after(LINGER_SECONDS), self._crowd.waiting_for(self):
            try:
                await self._stream.send_eof()
            except BROKEN:
                return
            while await self.overhear(SLICE):
                pass
