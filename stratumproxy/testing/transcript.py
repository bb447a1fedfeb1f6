"""What was said on connections, kept as JSON lines, and said again by one side of them.

A line of the file: ``{"at": 0.25, "connection": 1, "from": "miner", "line": "{…}"}``; `at` is
seconds since the recording began. Bytes that are no UTF-8 stand as ``"hex"`` instead of ``"line"``.
"""

from collections.abc import Iterable, Iterator
from typing import IO, Literal, NamedTuple

import orjson

from stratumproxy.errors import StratumProxyError

Side = Literal["miner", "server"]
SIDES: tuple[Side, ...] = "miner", "server"


class Said(NamedTuple):
    """One line, and who said it."""

    at: float
    """Seconds since the recording began."""
    connection: int
    """From 1, in the order they came."""
    side: Side
    line: bytes
    """Without its end."""

    def encode(self) -> bytes:
        """As it stands in a file, with the line end."""
        fact: dict[str, object] = {
            "at": round(self.at, 6),
            "connection": self.connection,
            "from": self.side,
        }
        try:
            fact["line"] = self.line.decode()
        except UnicodeDecodeError:
            fact["hex"] = self.line.hex()
        return orjson.dumps(fact, option=orjson.OPT_APPEND_NEWLINE)


class Recorder:
    """Cuts what goes over connections into lines, and writes them down.

    Args:
        file: where to, opened for writing bytes; each line is flushed.
        began: the time of the recording's beginning, seconds of the clock that `heard` gets.
    """

    def __init__(self, file: IO[bytes], began: float) -> None:
        self._file = file
        self._began = began
        self._buffers: dict[tuple[int, Side], bytes] = {}

    def heard(self, connection: int, side: Side, data: bytes, now: float) -> None:
        """Bytes that one side of a connection sent."""
        key = connection, side
        *lines, self._buffers[key] = (self._buffers.get(key, b"") + data).split(b"\n")
        for line in lines:
            self._write(Said(now - self._began, connection, side, line))

    def closed(self, connection: int, now: float) -> None:
        """A connection is gone; what has no line end is written as it is."""
        for side in SIDES:
            if rest := self._buffers.pop((connection, side), b""):
                self._write(Said(now - self._began, connection, side, rest))

    def _write(self, said: Said) -> None:
        self._file.write(said.encode())
        self._file.flush()


def read_transcript(lines: Iterable[bytes]) -> Iterator[Said]:
    """Read what a `Recorder` wrote.

    Args:
        lines: of the file.

    Raises:
        StratumProxyError: one of them is something else; names the line's number.
    """
    for number, text in enumerate(lines, start=1):
        try:
            fact = orjson.loads(text)
            line = fact["line"].encode() if "line" in fact else bytes.fromhex(fact["hex"])
            side = fact["from"]
            if side not in SIDES:
                raise ValueError
            yield Said(float(fact["at"]), int(fact["connection"]), side, line)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StratumProxyError(
                f"line {number} is not of a transcript: "
                'expected {"at": 0.25, "connection": 1, "from": "miner", "line": "…"}'
            ) from None


class Replayed:
    """One side of one recorded connection, which speaks again. Sans-IO.

    It says its next line once the other side has said as many lines as it had when that line was
    recorded; what those say does not matter. So it takes a miner's place, or a server's in
    `converse`.

    Args:
        said: the lines of that connection, both sides', in order.
        side: whose part to take.
    """

    def __init__(self, said: Iterable[Said], side: Side) -> None:
        self._script = tuple(said)
        self._side = side
        self._next = 0
        self._heard = 0
        self._buffer = b""
        self.heard: list[bytes] = []
        """The lines that the other side said this time."""

    @property
    def done(self) -> bool:
        """Whether all has been said, and heard."""
        return self._next == len(self._script)

    def receive(self, data: bytes = b"", now: float = 0.0) -> bytes:
        """Take bytes from the other side, in pieces of any size, and give back what is said now.

        Args:
            data: what the socket gave; nothing at the beginning.
            now: not looked at: the other side sets the pace.
        """
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        self.heard += lines
        out = b""
        while self._next < len(self._script):
            said = self._script[self._next]
            if said.side == self._side:
                out += said.line + b"\n"
            elif self._heard < len(self.heard):
                self._heard += 1
            else:
                break
            self._next += 1
        return out
