"""TLS for miners, in the same pump as everybody else."""

import ssl
from contextlib import suppress

from stratumproxy.downstream.drops import Reason, broken
from stratumproxy.net.connection import Apart, Port
from stratumproxy.net.sockets import send

HANDSHAKE_RECORD = b"\x16"
"""How a client begins (RFC 8446, section 5.1); no Stratum line does."""

PLAIN_READ = 16384
"""Bytes: the most that a TLS record holds."""

NO_TLS = Reason(
    "it speaks without TLS on a port with; its url should be stratum+ssl://", "plain-on-tls-port"
)


class TlsConnection(Apart):
    """A miner's socket with TLS between it and the session.

    What waits to be sent is ciphertext, under the same limit. What was received and is no whole
    record yet waits in OpenSSL: a record at most, 16 KiB. A handshake that does not end is closed
    like any miner that does not authorize in time.

    Args:
        port: the port it belongs to, which watches it and closes it.
        fd: descriptor of a connected, non-blocking socket.
        context: with the certificate.
    """

    __slots__ = ("_begun", "_incoming", "_outgoing", "_ready", "_tls")

    def __init__(self, port: Port, fd: int, context: ssl.SSLContext) -> None:
        super().__init__(port, fd)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._begun = False
        self._ready = False
        self.recv = self._receive

    def _receive(self, size: int) -> bytes:
        """As `socket.recv`, without TLS.

        Raises:
            BlockingIOError: there is nothing for the session now; perhaps it was closed.
            OSError: the connection broke.
        """
        if not self._ready and not self.port.may_shake_hands():
            raise BlockingIOError
        data = self.sock.recv(size)
        if not data:
            return b""
        if not self._begun and not data.startswith(HANDSHAKE_RECORD):
            self.close(NO_TLS)
            raise BlockingIOError
        self._begun = True
        self._incoming.write(data)
        try:
            plain = self._decrypted()
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as error:
            self._push()  # the alert, from which the miner knows why
            what = "connection" if self._ready else "handshake"
            said = (error.reason or "no reason given").lower().replace("_", " ")
            self.close(Reason(f"the TLS {what} failed: {said}", "tls"))
            raise BlockingIOError from None
        self._push()
        if not plain or not self.open:
            raise BlockingIOError
        return plain

    def _decrypted(self) -> bytes:
        """All that can be read by now: epoll will not tell of what OpenSSL still holds.

        Raises:
            ssl.SSLZeroReturnError: the miner said goodbye.
            ssl.SSLError: this is no TLS, or none that we speak.
        """
        pieces: list[bytes] = []
        try:
            if not self._ready:
                self._tls.do_handshake()
                self._ready = True
            while True:
                pieces.append(self._tls.read(PLAIN_READ))
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            if not pieces:
                raise
        return b"".join(pieces)

    def send(self, data: bytes) -> None:
        """Encrypt and send. Before the end of the handshake nobody could read it: it is dropped."""
        if not data or not self.open or not self._ready:
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._tls.write(rest) :]
        except ssl.SSLError:
            self.close(broken("the TLS connection broke"))
            return
        self._push()

    def _push(self) -> None:
        if self._outgoing.pending:
            super().send(self._outgoing.read())

    def close(self, reason: str) -> None:
        """Say goodbye, as TLS wants it, and close."""
        if self.open and self._ready and self._waiting is None:
            self.part()
            with suppress(OSError):  # SSLError is one: the miner's goodbye is not waited for
                self._tls.unwrap()
            send(self.fd, self._outgoing.read())
        super().close(reason)
