"""A stream that is listened in on, and whose lines travel in a way of their own."""

from collections import deque
from collections.abc import Callable

import trio

from stratumproxy.conform.conversation import LINE_SHOWN

MAX_LINE = 1 << 16
"""Bytes of a miner's line that are looked at."""
PIECE_SECONDS = 0.02
"""Between two segments, or the kernel makes one of them."""


class Tap(trio.abc.Stream):
    """The pool's end of a miner's connection.

    Args:
        stream: what it stands for.
        lines: told each line, ``>> `` to the miner and ``<< `` from it.
        on_line: told each whole line of the miner's.
        end: what lines end in.
        pieces: segments that each line is cut into.
    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        lines: deque[str],
        on_line: Callable[[bytes], None],
        *,
        end: str = "\n",
        pieces: int = 1,
    ) -> None:
        self._on_line = on_line
        self._stream = stream
        self._lines = lines
        self._end = end.encode()
        self._pieces = pieces
        self._heard = b""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Say lines."""
        data = bytes(data)
        for line in data.splitlines():
            self._lines.append(f">> {_shown(line)}")
        data = data.replace(b"\n", self._end)
        size = -(-len(data) // self._pieces) or 1
        for start in range(0, len(data), size):
            await self._stream.send_all(data[start : start + size])
            if self._pieces > 1:
                await trio.sleep(PIECE_SECONDS)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Hear bytes."""
        data = bytes(await self._stream.receive_some(max_bytes))
        *lines, self._heard = (self._heard + data).split(b"\n")
        self._heard = self._heard[:MAX_LINE]
        for line in lines:
            self._on_line(line)
            self._lines.append(f"<< {_shown(line)}")
        if not data:
            self._lines.append("-- the miner hung up")
        return data

    async def wait_send_all_might_not_block(self) -> None:
        """As the stream does."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Hang up."""
        await self._stream.aclose()


def _shown(line: bytes) -> str:
    return line[:LINE_SHOWN].decode(errors="backslashreplace")
