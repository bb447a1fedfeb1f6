"""The PROXY header that a balancer in front of a server writes (HAProxy's proxy-protocol.txt)."""

import struct
from ipaddress import ip_address

V2_START = b"\r\n\r\n\x00\r\nQUIT\n"
PROXY_TCP4, PROXY_TCP6 = b"\x21\x11", b"\x21\x21"


def proxy_header(version: int, source: tuple[str, int], to: tuple[str, int]) -> bytes:
    """The header of one connection.

    Args:
        version: 1, a line, or 2, bytes.
        source: address and port of whom the balancer speaks for.
        to: address and port that were connected to; a family other than the source's becomes the
            unspecified address of that one.
    """
    ours, theirs = ip_address(source[0]), ip_address(to[0])
    if ours.version != theirs.version:
        theirs = ip_address("0.0.0.0" if ours.version == 4 else "::")
    if version == 1:
        return f"PROXY TCP{ours.version} {ours} {theirs} {source[1]} {to[1]}\r\n".encode()
    body = ours.packed + theirs.packed + struct.pack(">HH", source[1], to[1])
    family = PROXY_TCP4 if ours.version == 4 else PROXY_TCP6
    return V2_START + family + struct.pack(">H", len(body)) + body
