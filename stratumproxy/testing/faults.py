"""What a bad network does to one direction of a connection. Sans-IO."""

import random
from collections import deque
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Faults:
    """What a link does to each direction. All off by default: then it is a plain relay."""

    latency: float = 0.0
    """Seconds that every byte takes."""
    jitter: float = 0.0
    """Seconds more, at most; drawn for each read. Nothing overtakes."""
    piece_bytes: int = 0
    """Trickle: send so many bytes at a time; 0: as they come."""
    piece_seconds: float = 0.0
    """Seconds between such pieces."""
    swap_every: int = 0
    """Every so many lines one is held back until the next has gone: what an application sees of a
    sender with several threads. TCP itself reorders nothing. 0: never."""
    cut_after: int = 0
    """Reset both ends after so many bytes, both directions together; 0: never."""
    half_open_after: int = 0
    """After so many bytes pass nothing on any more, and close nothing: a peer that lost its power.
    0: never."""

    def __post_init__(self) -> None:
        """Raises: ValueError: a value is below 0; names it."""
        for name in self.__slots__:
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: 0 or more")


class Direction:
    """Bytes of one direction on their way.

    Args:
        faults: what happens to them; may change meanwhile.
        rng: of the jitter.
    """

    def __init__(self, faults: Faults, rng: random.Random) -> None:
        self._faults = faults
        self._rng = rng
        self._due: deque[tuple[float, bytes]] = deque()
        self._last = 0.0
        self._buffer = b""
        self._lines = 0
        self._held = b""
        self.queued = 0
        """Bytes on their way."""

    def feed(self, data: bytes, now: float) -> None:
        """Bytes that came in at `now`, seconds of any clock."""
        faults = self._faults
        if faults.swap_every:
            data = self._swapped(data)
        due = max(now + faults.latency + self._rng.uniform(0, faults.jitter), self._last)
        self.queued += len(data)
        size = faults.piece_bytes or max(len(data), 1)
        for start in range(0, len(data), size):
            self._due.append((due, data[start : start + size]))
            self._last = due
            due += faults.piece_seconds if faults.piece_bytes else 0.0

    def take(self, now: float) -> bytes:
        """The next bytes that are due; each piece by itself, empty for none."""
        if not self._due or self._due[0][0] > now:
            return b""
        _, piece = self._due.popleft()
        self.queued -= len(piece)
        return piece

    @property
    def next_due(self) -> float:
        """When `take` will have something; infinite for nothing on its way."""
        return self._due[0][0] if self._due else float("inf")

    def _swapped(self, data: bytes) -> bytes:
        """Whole lines, some of them after their successor."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        out = []
        for line in lines:
            self._lines += 1
            if not self._held and self._lines % self._faults.swap_every == 0:
                self._held = line + b"\n"
            else:
                out.append(line + b"\n" + self._held)
                self._held = b""
        return b"".join(out)
