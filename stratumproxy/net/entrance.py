"""How the connections of one listener begin: a PROXY header, TLS, or Stratum at once."""

import socket
import ssl

from stratumproxy.config import Listen
from stratumproxy.config.certificates import miners_context
from stratumproxy.downstream.drops import reason_of
from stratumproxy.downstream.networks import within
from stratumproxy.errors import ConfigError, ProtocolError
from stratumproxy.net.connection import Apart, Connection, Port
from stratumproxy.net.proxy_header import parse_header
from stratumproxy.net.tls import TlsConnection

PEEK = 512
"""Bytes looked at for a header: no balancer in use sends more."""


class Entrance:
    """What a `[[listen]]` asks of who connects.

    Args:
        listen: its configuration; None asks nothing.
        number: which of those that are configured, from 0.

    Raises:
        ConfigError: its certificate or key can't be used.
    """

    def __init__(self, listen: Listen | None = None, number: int = 0) -> None:
        self._listen = listen
        self.number = number
        self._trusted = within(listen.proxy_protocol_from if listen else [])
        self.context = self.load()
        """What new connections begin with; None is without TLS."""

    def load(self) -> ssl.SSLContext | None:
        """The certificate as its file is now.

        Raises:
            ConfigError: it can't be used.
        """
        if self._listen is None or not self._listen.tls_certificate:
            return None
        try:
            return miners_context(self._listen.tls_certificate, self._listen.tls_key)
        except ValueError as error:
            raise ConfigError([f"{self._listen.address}: {error}"]) from None

    def trusts(self, host: str) -> bool:
        """Whether a connection from there must begin with a PROXY header.

        Args:
            host: an address, IPv6 in brackets.
        """
        return self._trusted(host)

    def connection(self, port: Port, fd: int, *, header: bool) -> Connection:
        """A connection that begins as it must.

        Args:
            port: the port it belongs to.
            fd: descriptor of a connected, non-blocking socket.
            header: a PROXY header comes first.
        """
        if self.context is None and not header:
            return Connection(port, fd)
        connection = (
            Apart(port, fd) if self.context is None else TlsConnection(port, fd, self.context)
        )
        if header:
            connection.recv = HeaderFirst(connection, last=self.context is None)
        return connection


class HeaderFirst:
    """Takes a PROXY header off a connection, not a byte more, and then stands in its way no longer.

    Args:
        connection: how it receives now is how it goes on after the header.
        last: nothing comes between the header and Stratum.
    """

    def __init__(self, connection: Apart, *, last: bool) -> None:
        self._connection = connection
        self._last = last
        self._then = connection.recv
        self._begun = b""

    def __call__(self, size: int) -> bytes:
        """As `socket.recv`, of what comes after the header.

        Raises:
            BlockingIOError: there is nothing for the session now; perhaps it was closed.
            OSError: the connection broke.
        """
        connection = self._connection
        seen = connection.sock.recv(PEEK, socket.MSG_PEEK)
        if not seen:
            return b""
        try:
            header = parse_header(self._begun + seen)
        except ProtocolError as error:
            connection.close(reason_of(error))
            raise BlockingIOError from None
        if header is None:
            self._begun += connection.sock.recv(len(seen))
            raise BlockingIOError
        connection.sock.recv(header.size - len(self._begun))
        connection.recv = self._then
        if header.peer is not None and not connection.port.introduce(connection, header.peer):
            raise BlockingIOError
        if self._last:
            connection.port.join(connection)
        return connection.recv(size)
