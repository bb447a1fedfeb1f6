"""One miner's socket."""

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from stratumproxy.proxy.drops import SLOW_READER, broken

if TYPE_CHECKING:
    from stratumproxy.net.port import MinerPort
    from stratumproxy.proxy.miner import MinerSession


class Connection:
    """A non-blocking socket, and what it could not take yet.

    Sending never blocks and never raises: what does not fit into the kernel's buffer waits here, up
    to a limit; a miner that lets it grow past that is disconnected.

    Args:
        port: the port it belongs to, which watches it and closes it.
        sock: connected, non-blocking.
    """

    __slots__ = ("_send", "_waiting", "fd", "open", "port", "recv", "session", "sock")

    session: "MinerSession"
    recv: Callable[[int], bytes]
    """As the socket's; what comes before Stratum (a PROXY header, TLS) puts itself here."""

    def __init__(self, port: "MinerPort", sock: socket.socket) -> None:
        self.port = port
        self.sock = sock
        self.fd = sock.fileno()
        self.open = True
        self.recv = sock.recv
        self._send = sock.send
        self._waiting: bytearray | None = None

    def send(self, data: bytes) -> None:
        """Send now what the kernel takes, and the rest when it takes more."""
        if self._waiting is not None:
            self._wait_with(data)
            return
        if not data or not self.open:
            return
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.close(broken(f"sending failed: {error.strerror}"))
            return
        if sent < len(data):
            self._waiting = bytearray()
            self.port.watch_write(self, True)
            self._wait_with(data[sent:])

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
        try:
            sent = self._send(self._waiting)
        except BlockingIOError:
            return
        except OSError as error:
            self.close(broken(f"sending failed: {error.strerror}"))
            return
        del self._waiting[:sent]
        if not self._waiting:
            self._waiting = None
            self.port.watch_write(self, False)

    def close(self, reason: str) -> None:
        """Close, and tell the session."""
        if self.open:
            self.open = False
            self.port.closed(self, reason)
