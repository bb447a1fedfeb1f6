"""PROXY headers of both versions: read whole, cut anywhere, and bent."""

import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.errors import ProtocolError
from stratumproxy.net.proxy_header import V2_START, Header, parse_header

PORTS = st.integers(0, 65535)
PAIRS = st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)) | st.tuples(
    st.ip_addresses(v=6), st.ip_addresses(v=6)
)
EXTRAS = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=5)
REST = st.binary(max_size=40)
Address = IPv4Address | IPv6Address


def v1(source: Address, destination: Address, source_port: int, destination_port: int) -> bytes:
    return (
        f"PROXY TCP{source.version} {source} {destination} {source_port} {destination_port}\r\n"
    ).encode()


def v2(body: bytes, command: int = 0x21, family: int = 0x11, length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return V2_START + bytes([command, family]) + length.to_bytes(2) + body


def v2_addresses(
    source: Address,
    destination: Address,
    source_port: int,
    destination_port: int,
    extras: list[tuple[int, bytes]] = [],  # noqa: B006
) -> bytes:
    body = source.packed + destination.packed
    body += source_port.to_bytes(2) + destination_port.to_bytes(2)
    for kind, value in extras:
        body += bytes([kind]) + len(value).to_bytes(2) + value
    return v2(body, family=0x11 if source.version == 4 else 0x21)


def check(header: bytes, peer: tuple[str, int] | None, rest: bytes = b"") -> None:
    for cut in range(len(header)):
        assert parse_header(header[:cut]) is None
    assert parse_header(header + rest) == Header(peer, len(header))


@given(PAIRS, PORTS, PORTS, REST)
def test_v1(pair, port, other, rest):
    source, destination = pair
    check(v1(source, destination, port, other), (str(source), port), rest)


@given(PAIRS, PORTS, PORTS, EXTRAS, REST)
def test_v2(pair, port, other, extras, rest):
    source, destination = pair
    header = v2_addresses(source, destination, port, other, extras)
    check(header, (str(source), port), rest)


@pytest.mark.parametrize("line", [b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN ffff::1 ? 1 2\r\n"])
def test_v1_of_somebody_unknown(line):
    check(line, None)


@pytest.mark.parametrize(
    "header",
    [
        v2(b"", command=0x20, family=0),
        v2(bytes(12), command=0x20),
        v2(b"whatever", command=0x20, family=0x77),
        v2(b"", family=0),
        v2(b"something", family=0),
    ],
)
def test_v2_of_the_balancer_itself_or_of_somebody_unknown(header):
    check(header, None)


def test_the_longest_lines():
    longest = IPv6Address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    assert len(v1(longest, longest, 65535, 65535)) == 104
    check(b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n", None)
    with pytest.raises(ProtocolError, match="longer than 107 bytes"):
        parse_header(b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n")
    with pytest.raises(ProtocolError, match="longer than 107 bytes"):
        parse_header(b"PROXY " + b"x" * 101)


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY \r\n",
        b"PROXY TCP4\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
        b"PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 \xd9\xa3\r\n",
        b"PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 ::1 1 2\r\n",
        b"PROXY TCP6 1.2.3.4 ::1 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        b"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n{}\r\n",
        b"PROXY TCP4 \xff 5.6.7.8 1 2\r\n",
    ],
)
def test_v1_that_is_wrong(line):
    with pytest.raises(ProtocolError, match="its line is not PROXY"):
        parse_header(line)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (v2(bytes(12), command=0x11), "version is not known"),
        (v2(bytes(12), command=0x22), "version is not known"),
        (v2(bytes(12), family=0x12), "not for TCP"),
        (v2(bytes(216), family=0x31), "not for TCP"),
        (v2(bytes(11)), "lengths contradict"),
        (v2(b""), "lengths contradict"),
        (v2(bytes(12), family=0x21), "lengths contradict"),
        (v2(bytes(12) + b"\4"), "lengths contradict"),
        (v2(bytes(12) + b"\4\0\2x"), "lengths contradict"),
        (v2(b"", length=4097), "longer than 4096 bytes"),
        (v2(b"", length=65535), "longer than 4096 bytes"),
    ],
)
def test_v2_that_is_wrong(header, says):
    with pytest.raises(ProtocolError, match=says) as refused:
        parse_header(header)
    assert refused.value.key == "proxy-header"


@pytest.mark.parametrize(
    "data", [b"{", b'{"id":1}\n', b"GET / HTTP/1.1\r\n", b"\x16\x03", b"\r\n{"]
)
def test_none_at_all(data):
    with pytest.raises(ProtocolError, match="there is none"):
        parse_header(data)


BENT = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(lambda data: b"PROXY " + data),
    st.binary(max_size=200).map(lambda data: V2_START + data),
    st.builds(
        v2,
        st.binary(max_size=80),
        st.sampled_from([0x20, 0x21]),
        st.sampled_from([0, 0x11, 0x21]),
        st.none() | st.integers(0, 100),
    ),
)


@given(BENT)
def test_anything_is_a_header_or_none_or_too_short(data):
    try:
        header = parse_header(data)
    except ProtocolError:
        return
    if header is None:
        assert len(data) < 16 + 4096
        return
    assert 0 < header.size <= len(data)
    if header.peer is not None:
        host, port = header.peer
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        assert 0 <= port <= 65535
