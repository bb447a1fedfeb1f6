"""Who speaks something else."""

import pytest

from stratumproxy.errors import ProtocolError
from stratumproxy.protocol.v1.strangers import refuse_stranger


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.0\r\n", b"PRI * HTTP/2.0\r\n", b"HEAD / "]
)
def test_http_is_named_and_answered(data: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        refuse_stranger(data)
    assert caught.value.key == "http-on-port"
    head, _, body = caught.value.last_words.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Length: %d" % len(body) in head
    assert body.count(b"\n") == 1
    assert b"Stratum" in body


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x03"])
def test_tls_is_named(data: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        refuse_stranger(data)
    assert (caught.value.key, caught.value.last_words) == ("tls-on-port", b"")


@pytest.mark.parametrize(
    "data", [b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 3333\r\n{", b"\r\n\r\n\x00\r\nQUIT\n\x21\x11"]
)
def test_a_proxy_header_is_named(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="proxy_protocol_from") as caught:
        refuse_stranger(data)
    assert caught.value.key == "proxy-header-on-port"


@pytest.mark.parametrize(
    "data", [b"", b"\x16", b"\x16\x04", b"GET", b"GETS", b"{", b'{"id":1,"x":"GET / HTTP/1.1"}']
)
def test_what_is_neither(data: bytes) -> None:
    refuse_stranger(data)
