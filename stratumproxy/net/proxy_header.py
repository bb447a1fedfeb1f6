"""The PROXY protocol, versions 1 and 2: whom a balancer in front of us speaks for.

Source of every rule: "The PROXY protocol", HAProxy's doc/proxy-protocol.txt.
"""

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from construct import (
    Bytes,
    ConstructError,
    GreedyBytes,
    GreedyRange,
    Int8ub,
    Int16ub,
    Prefixed,
    Struct,
    Terminated,
)

from stratumproxy.errors import ProtocolError

V1_START = b"PROXY "
V1_LONGEST = 107
"""Bytes with the line end: TCP6 with addresses and ports of full length (section 2.1)."""

V2_START = b"\r\n\r\n\x00\r\nQUIT\n"
V2_LONGEST = 4096
"""Bytes after the fixed part that we take: two addresses need 36, what balancers in use add stays
in the hundreds, and 65,535, which the length field allows, is a peer that means no good."""

PREFIX = Struct("start" / Bytes(12), "command" / Int8ub, "family" / Int8ub, "length" / Int16ub)

# Never compiled: the compiled form would take what is cut short.
EXTRAS = GreedyRange(Struct("kind" / Int8ub, "value" / Prefixed(Int16ub, GreedyBytes)))


def _addresses(size: int) -> Struct:
    return Struct(
        "source" / Bytes(size),
        "destination" / Bytes(size),
        "source_port" / Int16ub,
        "destination_port" / Int16ub,
        "extras" / EXTRAS,
        Terminated,
    )


LOCAL, PROXY = 0x20, 0x21
"""Version 2 in the upper half of the byte."""
UNKNOWN = 0x00
TCP = {0x11: (_addresses(4), IPv4Address), 0x21: (_addresses(16), IPv6Address)}
"""By the byte of address family and transport."""


class Header(NamedTuple):
    """A PROXY header."""

    peer: tuple[str, int] | None
    """Host and port of who connected to the balancer; None if it speaks for itself."""
    size: int
    """Bytes it takes; what follows is the peer's."""


def parse_header(data: bytes) -> Header | None:
    """Read the header that a connection begins with.

    Args:
        data: everything that has arrived so far.

    Returns:
        The header; None while more has to arrive.

    Raises:
        ProtocolError: this can't become a header any more.
    """
    if data[: len(V2_START)] == V2_START[: len(data)]:
        return _parse_v2(data)
    if data[: len(V1_START)] == V1_START[: len(data)]:
        return _parse_v1(data)
    raise _bad("there is none")


def _parse_v1(data: bytes) -> Header | None:
    line, end, _ = data[:V1_LONGEST].partition(b"\r\n")
    if not end:
        if len(data) >= V1_LONGEST:
            raise _bad(f"its line is longer than {V1_LONGEST} bytes")
        return None
    size = len(line) + len(end)
    words = line.split(b" ")
    if words[1] == b"UNKNOWN":
        return Header(None, size)
    try:
        _, family, source, destination, source_port, destination_port = line.decode().split(" ")
        kind = {"TCP4": IPv4Address, "TCP6": IPv6Address}[family]
        if b"%" in line:  # a zone, which means something to the balancer alone
            raise ValueError
        kind(destination)
        _port(destination_port)
        return Header((str(kind(source)), _port(source_port)), size)
    except (ValueError, KeyError):
        raise _bad("its line is not PROXY, TCP4 or TCP6, two addresses and two ports") from None


def _parse_v2(data: bytes) -> Header | None:
    if len(data) < PREFIX.sizeof():
        return None
    prefix = PREFIX.parse(data)
    if prefix.command not in (LOCAL, PROXY):
        raise _bad("its command or version is not known")
    if prefix.length > V2_LONGEST:
        raise _bad(f"it is longer than {V2_LONGEST} bytes")
    size = PREFIX.sizeof() + prefix.length
    if len(data) < size:
        return None
    if prefix.command == LOCAL or prefix.family == UNKNOWN:
        return Header(None, size)
    if prefix.family not in TCP:
        raise _bad("it is not for TCP over IPv4 or IPv6")
    layout, kind = TCP[prefix.family]
    try:
        body = layout.parse(data[PREFIX.sizeof() : size])
    except ConstructError:
        raise _bad("its lengths contradict each other") from None
    return Header((str(kind(body.source)), body.source_port), size)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise ValueError
    return int(text)


def _bad(why: str) -> ProtocolError:
    return ProtocolError(
        f"no PROXY header from an address in proxy_protocol_from: {why}", key="proxy-header"
    )
