"""Which of thousands of sockets are ready: epoll, or kqueue where there is no epoll.

The port owns one of these and waits for its file descriptor with trio, so one task serves all
miners. trio's own wait for each socket costs a task, a scope and two system calls a message.
"""

import select
import sys
from collections.abc import Sequence
from typing import Protocol

READ, WRITE, GONE = 1, 4, 0x18
"""The bits of EPOLLIN, EPOLLOUT, EPOLLERR | EPOLLHUP on Linux; kqueue's are turned into them."""


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

    def poll(self, at_most: int) -> Sequence[tuple[int, int]]:
        """What is ready now, without waiting: descriptors, with READ, WRITE and GONE bits."""

    def close(self) -> None:
        """Watch no more."""


if sys.platform == "linux":

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

        def poll(self, at_most: int) -> Sequence[tuple[int, int]]:
            """What is ready now."""
            return self._epoll.poll(0, at_most)

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

        def poll(self, at_most: int) -> Sequence[tuple[int, int]]:
            """What is ready now."""
            return [
                (event.ident, WRITE if event.filter == select.KQ_FILTER_WRITE else READ)
                for event in self._kqueue.control(None, at_most, 0)
            ]

    def make_readiness() -> Readiness:
        """The best there is on this system."""
        return Kqueue()
