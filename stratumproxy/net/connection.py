"""One miner's socket."""

import os
import socket
from collections.abc import Callable
from typing import Protocol

from stratumproxy.downstream.drops import SLOW_READER, broken
from stratumproxy.downstream.miner import Miner
from stratumproxy.net.sockets import send


class Port(Protocol):
    """What a connection asks of the port that it came in by."""

    gathered: dict[int, bytes] | None
    """In a turn, what is to be sent at its end, by descriptor."""
    out_limit: int
    """Bytes that may wait for a miner that does not read."""

    def watch_write(self, connection: "Connection", on: bool) -> None:
        """Watch, or don't, for room to send."""

    def closed(self, connection: "Connection", reason: str) -> None:
        """A connection is to be closed: by the miner if there is no reason."""

    def join(self, connection: "Connection") -> None:
        """A connection has nothing before Stratum any more: it is read with all others."""

    def introduce(self, connection: "Connection", address: tuple[str, int]) -> bool:
        """A PROXY header said who it really is; whether it may stay."""

    def may_shake_hands(self) -> bool:
        """Whether a TLS handshake has its turn."""


class Connection:
    """A non-blocking socket, and what it could not take yet.

    Sending never blocks and never raises. While the port gathers, what is sent waits here for the
    end of the turn; what then does not fit into the kernel's buffer waits for room, up to a limit.
    A miner that lets it grow past that is disconnected.

    Args:
        port: the port it belongs to, which reads it, watches it and closes it.
        fd: descriptor of a connected, non-blocking socket, from now on this object's to close.
    """

    __slots__ = ("_waiting", "fd", "open", "port", "session")

    session: Miner

    def __init__(self, port: Port, fd: int) -> None:
        self.port = port
        self.fd = fd
        self.open = True
        self._waiting: bytearray | None = None

    def send(self, data: bytes) -> None:
        """Send at the end of the port's turn, or now if it has none."""
        gathered = self.port.gathered
        if self._waiting is not None:
            self._wait_with(data)
        elif not data or not self.open:
            return
        elif gathered is None:
            self.sent(data, send(self.fd, data))
        elif self.fd in gathered:
            gathered[self.fd] += data
        else:
            gathered[self.fd] = data

    def sent(self, data: bytes, count: int) -> None:
        """The kernel took some.

        Args:
            data: what was sent.
            count: how much of it was taken; negative for an error's number.
        """
        if count < 0:
            self.close(broken(f"sending failed: {os.strerror(-count)}"))
        elif count < len(data) and self.open:
            self._waiting = bytearray()
            self.port.watch_write(self, True)
            self._wait_with(data[count:])

    def _wait_with(self, data: bytes) -> None:
        if self._waiting is None or not self.open:
            return
        self._waiting += data
        if len(self._waiting) > self.port.out_limit:
            self.close(SLOW_READER)

    def flush(self) -> None:
        """There is room to send what waits."""
        if self._waiting is None or not self.open:
            return
        count = send(self.fd, self._waiting)
        if count < 0:
            self.close(broken(f"sending failed: {os.strerror(-count)}"))
            return
        del self._waiting[:count]
        if not self._waiting:
            self._waiting = None
            self.port.watch_write(self, False)

    def close(self, reason: str) -> None:
        """Close, with what was gathered as the last words, and tell the session."""
        if self.open:
            self.part()
            self.open = False
            self.port.closed(self, reason)

    def part(self) -> None:
        """Send what was gathered: nothing is sent any more afterwards."""
        if self.port.gathered and (data := self.port.gathered.pop(self.fd, b"")):
            send(self.fd, data)

    def release(self) -> None:
        """Give the socket back to the system."""
        socket.close(self.fd)  # unlike os.close, it knows what a reset makes of close(2) on BSDs


class Apart(Connection):
    """A connection with something before Stratum, which it reads for itself: a header, or TLS.

    Args:
        port: the port it belongs to, which tells it when there is something to read.
        fd: descriptor of a connected, non-blocking socket, from now on this object's to close.
    """

    __slots__ = ("recv", "sock")

    recv: Callable[[int], bytes]
    """As `socket.recv`, of what is meant for the session.

    Raises:
        BlockingIOError: there is nothing for it now; perhaps the connection was closed.
        OSError: the connection broke.
    """

    def __init__(self, port: Port, fd: int) -> None:
        super().__init__(port, fd)
        self.sock = socket.socket(fileno=fd)
        self.recv = self.sock.recv

    def release(self) -> None:
        """Give the socket back to the system."""
        del self.recv  # no circle is left for the garbage collector
        self.sock.close()
