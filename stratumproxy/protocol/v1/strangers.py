"""Who speaks something else than Stratum on a miner port: named, so that it can be put right."""

from stratumproxy.errors import ProtocolError

METHODS = (b"GET ", b"POST ", b"HEAD ", b"PUT ", b"OPTIONS ", b"DELETE ", b"PATCH ", b"CONNECT ")
PRI = b"PRI * HTTP/2"
"""How a client begins that takes HTTP/2 for granted (RFC 9113, section 3.4)."""

PROXY_HEADERS = (b"PROXY TCP", b"PROXY UNKNOWN", b"\r\n\r\n\x00\r\nQUIT\n")
"""HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2."""

TLS_HANDSHAKE = b"\x16\x03"
"""A TLS record that holds a handshake message, of any version (RFC 8446, section 5.1)."""

TEXT = b"This is a Stratum port for miners: stratum+tcp://, not http://.\n"
ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%b" % (len(TEXT), TEXT)
)


def refuse_stranger(data: bytes) -> None:
    """Return if a peer that begins with these bytes speaks nothing that is known.

    Raises:
        ProtocolError: it does. It is raised where it is made: an error that a frame of its own
            traceback has a name for is a circle, and keeps all that the peer sent until the garbage
            collector comes by, which in a process is seldom.
    """
    if data.startswith(TLS_HANDSHAKE):
        raise ProtocolError(
            "it speaks TLS on a port without; its url should be stratum+tcp://", key="tls-on-port"
        )
    if data.startswith(PROXY_HEADERS):
        raise ProtocolError(
            "it sends a PROXY header on a port that expects none; a balancer's address belongs "
            "into proxy_protocol_from",
            key="proxy-header-on-port",
        )
    if data.startswith(METHODS) or data.startswith(PRI):
        raise ProtocolError("it speaks HTTP", key="http-on-port", last_words=ANSWER)
