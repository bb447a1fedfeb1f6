"""TLS for a simulated miner, bytes in and bytes out: its socket is written to without waiting."""

import ssl


class Encrypted:
    """The client's side of one TLS connection.

    Args:
        context: what it trusts, and shows.
        host: whom it wants to speak to.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._waiting = b""
        self._ready = False

    def send(self, data: bytes) -> bytes:
        """Take what is to be said, give what is to be sent now; during the handshake it waits."""
        self._waiting += data
        if self._ready and self._waiting:
            self._tls.write(self._waiting)
            self._waiting = b""
        return self._outgoing.read()

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Take what was received.

        Returns:
            What the server said, and what is to be sent now.

        Raises:
            ssl.SSLError: an OSError: the server is not trusted, or speaks no TLS.
        """
        self._incoming.write(data)
        heard = []
        try:
            if not self._ready:
                self._tls.do_handshake()
                self._ready = True
            while piece := self._tls.read(65_536):
                heard.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            pass  # it said goodbye, and will hang up
        return b"".join(heard), self.send(b"")
