"""Standard error, or standard output, for which nobody ever waits.

A pipe whose reader stalls, a terminal after Ctrl-S, a disk that hangs: a write to any of them may
last for ever, and what has a loop must not be held up by it. So a thread of its own does all the
writing, out of a buffer with a limit. What finds no room there is lost and counted, and the log
says how much that was, at its place. (Docker has the same for the logs of its containers:
``mode=non-blocking``, with ``max-buffer-size``.)
"""

import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context

BUFFER_BYTES = 1 << 20
"""Until it is told another limit. Docker's default, too."""


class Unblocked(io.TextIOBase):
    """A text stream onto a descriptor; writing to it takes no longer than to remember the text.

    Each text given to `write` is written by one call, so that the lines of several processes on one
    pipe stay whole (as far as PIPE_BUF, see pipe(7)).

    Args:
        descriptor: where to; it stays open.
        notice: makes a line, or none, of how many are missing before it.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, descriptor: int, notice: Callable[[int], str] = lambda lines: "") -> None:
        self.room = BUFFER_BYTES
        """Bytes that may wait."""
        self.lost = 0
        """Lines so far that found no room, or could not be written."""
        self._descriptor = descriptor
        self._notice = notice
        self._waiting: deque[tuple[int, bytes]] = deque()
        """How many lines are missing before each text, and the text; the first is being written."""
        self._size = 0
        self._missing = 0
        """Lines lost since the last that waits."""
        self._torn = False
        """Whether half a line was written, and then no more could be."""
        self._changed = threading.Condition()
        # What is bound for the whole process in the log's context belongs to the notices, too.
        self._writer = threading.Thread(
            target=copy_context().run, args=(self._write,), name="unblocked", daemon=True
        )
        self._writer.start()

    def write(self, text: str) -> int:
        """Have it written, or lost if there is no room for it."""
        data = text.encode(self.encoding, self.errors)
        with self._changed:
            if self._size + len(data) > self.room:
                self._lose(data)
            else:
                self._waiting.append((self._missing, data))
                self._missing = 0
                self._size += len(data)
                self._changed.notify_all()
        return len(text)

    def drain(self, seconds: float) -> None:
        """Wait until all of it is written, for no longer than that."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, seconds)

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self._descriptor)

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def _lose(self, data: bytes) -> None:
        lines = data.count(b"\n") or len(data[:1])  # a part of a line is one that is broken
        self.lost += lines
        self._missing += lines

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                missing, data = self._waiting[0]
            notice = self._notice(missing).encode(self.encoding, self.errors) if missing else b""
            written = self._put(notice + data)
            with self._changed:
                self._waiting.popleft()
                self._size -= len(data)
                if not written:
                    self._missing += missing
                    self._lose(data)
                elif self._missing and not self._waiting:
                    # Nobody may have anything to say for a while.
                    self._waiting.append((self._missing, b""))
                    self._missing = 0
                self._changed.notify_all()

    def _put(self, data: bytes) -> bool:
        """Write all of it, however long that takes; whether it could be."""
        data = b"\n" + data if self._torn else data
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
                self._torn = bool(data)
            except BlockingIOError:  # whoever shares it with us may have set it so
                poll = select.poll()
                poll.register(self._descriptor, select.POLLOUT)
                poll.poll()
            except OSError:
                return False
        return True


def lines_lost() -> int:
    """Lines of the log that this process could not write so far."""
    return sys.stderr.lost if isinstance(sys.stderr, Unblocked) else 0
