"""One simulated miner and its socket."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import trio

from stratumproxy.testing.encrypted import Encrypted
from stratumproxy.testing.miner import SimulatedMiner
from stratumproxy.testing.proxied import proxy_header

READ_SIZE = 65_536
MAX_UNSENT = 1 << 20
"""Bytes a server may leave unread before its miner hangs up."""
BATCH = 8192
"""Hashes tried at most until another miner has its turn."""
SMALL_BATCH = 64
"""Fewer are not worth a turn: they stay due until they are as many."""
MAX_DUE = 1.0
"""Seconds of hashing that can be due: a machine that can't keep up does less instead."""

Reconnect = tuple[str, int, float]
"""Host ("": the same), port (0: the same), seconds to wait."""


@dataclass(frozen=True, slots=True)
class Transport:
    """What a connection begins with, before any Stratum."""

    tls: ssl.SSLContext | None = None
    """Speak TLS, and trust this."""
    server_name: str = ""
    """Whom the certificate must be for; empty: the host that was connected to."""
    proxy_version: int | None = None
    """Send a PROXY header of version 1 or 2, as a balancer does."""
    proxy_source: tuple[str, int] | None = None
    """Whom that header speaks for: address and port; None: the socket's own."""


PLAIN = Transport()


class MinerLink:
    """A miner, its connection, and the hashes that are due from it.

    Args:
        miner: what speaks and hashes.
        hashrate: hashes a second, above 0.
        on_news: called whenever the server said something, and when the connection ended.
        transport: what is below.
    """

    def __init__(
        self,
        miner: SimulatedMiner,
        hashrate: float,
        on_news: Callable[[SimulatedMiner], None],
        transport: Transport = PLAIN,
    ) -> None:
        self.miner = miner
        self.heard = False
        """Whether a server ever said a word."""
        self._transport = transport
        self._tls: Encrypted | None = None
        self._hashrate = hashrate
        self._most_due = max(hashrate * MAX_DUE, SMALL_BATCH)
        self._on_news = on_news
        self._hashed_until = 0.0
        self._socket: socket.socket | None = None
        self._unsent = b""

    def hash(self, now: float) -> bool:
        """Try some of the hashes that are due by `now`, and send what is found.

        Returns:
            Whether any were due.
        """
        if self._unsent:
            self._write(b"")
        if not self.miner.ready:
            self._hashed_until = now
            return False
        due = (now - self._hashed_until) * self._hashrate
        if due > self._most_due:
            due = self._most_due
            self._hashed_until = now - due / self._hashrate
        if due < SMALL_BATCH:
            return False
        count = min(int(due), BATCH)
        self._hashed_until += count / self._hashrate
        self._send(self.miner.mine(count, now))
        return True

    async def session(self, host: str, port: int, limit: trio.CapacityLimiter) -> Reconnect | None:
        """One connection, from its beginning to its end.

        Args:
            host: name or address.
            port: TCP port.
            limit: of connections being opened.

        Returns:
            What ``client.reconnect`` said, if that ended it.

        Raises:
            OSError: it could not be opened, or it broke.
        """
        async with limit:
            self._socket = await _open(host, port)
        # trio reads this socket; the hashing loop, which must not wait for a server, writes to it.
        with trio.socket.from_stdlib_socket(self._socket) as reader:
            try:
                self._begin(host)
                self._send(self.miner.connect())
                while data := await reader.recv(READ_SIZE):
                    if self._tls is not None:
                        data, to_send = self._tls.receive(data)
                        self._write(to_send)
                    self.heard = self.heard or bool(data)
                    self._send(self.miner.receive(data, trio.current_time()))
                    self._on_news(self.miner)
                    session = self.miner.session
                    if session.refused or session.reconnect_to is not None:
                        return session.reconnect_to
                return None
            finally:
                self._socket = self._tls = None
                self._unsent = b""
                self.miner.disconnected()
                self._on_news(self.miner)

    def _begin(self, host: str) -> None:
        """What comes before Stratum: a PROXY header, then TLS."""
        transport, to = self._transport, self._socket
        assert to is not None
        if transport.proxy_version is not None:
            source = transport.proxy_source or to.getsockname()[:2]
            self._write(proxy_header(transport.proxy_version, source, to.getpeername()[:2]))
        if transport.tls is not None:
            self._tls = Encrypted(transport.tls, transport.server_name or host)
            _, hello = self._tls.receive(b"")
            self._write(hello)

    def _send(self, data: bytes) -> None:
        self._write(data if self._tls is None else self._tls.send(data))

    def _write(self, data: bytes) -> None:
        """Send what the socket takes now; the rest goes with the next, or the next `hash`."""
        data = self._unsent + data
        if not data or self._socket is None:
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # broken: the reader is told so too, and ends the session
        self._unsent = data[sent:]
        if len(self._unsent) > MAX_UNSENT:
            self._socket.shutdown(socket.SHUT_RDWR)


async def _open(host: str, port: int) -> socket.socket:
    """A connected socket that does not block."""
    addresses = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for number, (family, kind, protocol, _, address) in enumerate(addresses, start=1):
        plain = socket.socket(family, kind, protocol)
        try:
            plain.setblocking(False)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            await trio.socket.from_stdlib_socket(plain).connect(address)
        except BaseException as error:
            plain.close()
            if not isinstance(error, OSError) or number == len(addresses):
                raise
        else:
            return plain
    raise OSError(f"{host} has no address")
