"""Which of thousands of sockets are ready: epoll, or kqueue where there is no epoll.

The port owns one of these and waits for its file descriptor with trio, so one task serves all
miners. trio's own wait for each socket costs a task, a scope and two system calls a message.
"""

import select
import sys
from collections.abc import Sequence
from typing import Protocol

from stratumproxy.net.sockets import receive

READ, WRITE, GONE = 1, 4, 0x18
"""The bits of EPOLLIN, EPOLLOUT, EPOLLERR | EPOLLHUP on Linux; kqueue's are turned into them."""

Told = bytes | int
r"""What is told of a socket: the bytes it had (``b""`` at the end of the connection); the number of
the error that receiving failed with, negated; or READ, WRITE and GONE bits, READ only of those that
somebody else reads."""


class Readiness(Protocol):
    """A set of file descriptors to watch. Level-triggered: what is not dealt with is told again."""

    def fileno(self) -> int:
        """Readable while anything watched is ready."""

    def add(self, fd: int) -> None:
        """Watch for something to read."""

    def watch_write(self, fd: int, on: bool) -> None:
        """Also watch, or don't, for room to write."""

    def remove(self, fd: int) -> None:
        """Stop watching. Must come before the descriptor is closed."""

    def receive(self, at_most: int, size: int, apart: set[int]) -> Sequence[tuple[int, Told]]:
        """What is ready now, without waiting, and what it has to read.

        Args:
            at_most: sockets.
            size: bytes received from each.
            apart: descriptors that somebody else reads.

        Returns:
            What is told of each descriptor. One that has bytes and room to write is there twice.
        """

    def close(self) -> None:
        """Watch no more."""


def receive_ready(
    ready: Sequence[tuple[int, int]], size: int, apart: set[int]
) -> Sequence[tuple[int, Told]]:
    """`Readiness.receive`, where it is known what is ready: READ, WRITE and GONE bits."""
    told: list[tuple[int, Told]] = []
    for fd, what in ready:
        left = what
        if what & READ and fd not in apart:
            data = receive(fd, size)
            if data is not None:
                told.append((fd, data))
            left &= WRITE  # the end is told by what was read, or will be
        if left:
            told.append((fd, left))
    return told


if sys.platform == "linux":
    try:
        from stratumproxy.net._sockets import receive_each
    except ImportError:
        receive_each = None  # type: ignore[assignment]

    class Epoll:
        """epoll."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self.fileno = self._epoll.fileno
            self.close = self._epoll.close

        def add(self, fd: int) -> None:
            """Watch for something to read."""
            self._epoll.register(fd, READ)

        def watch_write(self, fd: int, on: bool) -> None:
            """Also watch, or don't, for room to write."""
            self._epoll.modify(fd, READ | WRITE if on else READ)

        def remove(self, fd: int) -> None:
            """Stop watching."""
            self._epoll.unregister(fd)

        def receive(self, at_most: int, size: int, apart: set[int]) -> Sequence[tuple[int, Told]]:
            """What is ready now, and what it has to read."""
            if receive_each is None:
                return receive_ready(self._epoll.poll(0, at_most), size, apart)
            return receive_each(self._epoll.fileno(), at_most, size, apart)

    def make_readiness() -> Readiness:
        """The best there is on this system."""
        return Epoll()

else:

    class Kqueue:
        """kqueue, for macOS and the BSDs."""

        def __init__(self) -> None:
            self._kqueue = select.kqueue()
            self.fileno = self._kqueue.fileno
            self.close = self._kqueue.close

        def _change(self, fd: int, what: int, flags: int) -> None:
            self._kqueue.control([select.kevent(fd, what, flags)], 0)

        def add(self, fd: int) -> None:
            """Watch for something to read."""
            self._change(fd, select.KQ_FILTER_READ, select.KQ_EV_ADD)

        def watch_write(self, fd: int, on: bool) -> None:
            """Also watch, or don't, for room to write."""
            flags = select.KQ_EV_ADD if on else select.KQ_EV_DELETE
            self._change(fd, select.KQ_FILTER_WRITE, flags)

        def remove(self, fd: int) -> None:
            """Stop watching. Closing the descriptor takes its write filter away too."""
            self._change(fd, select.KQ_FILTER_READ, select.KQ_EV_DELETE)

        def receive(self, at_most: int, size: int, apart: set[int]) -> Sequence[tuple[int, Told]]:
            """What is ready now, and what it has to read."""
            ready = [
                (event.ident, WRITE if event.filter == select.KQ_FILTER_WRITE else READ)
                for event in self._kqueue.control(None, at_most, 0)
            ]
            return receive_ready(ready, size, apart)

    def make_readiness() -> Readiness:
        """The best there is on this system."""
        return Kqueue()
