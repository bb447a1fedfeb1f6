"""HTTP/1.1 without I/O: requests as they come, what is refused, and how answers are framed."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.web.errors import Refusal
from stratumproxy.web.http1 import HEAD_BYTES, HEADERS, Http1

NOW = 1_800_000_000.0
DATE = b"date: Fri, 15 Jan 2027 08:00:00 GMT\r\n"
GET = b"GET /a?b HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: localhost\r\n"


def heard(*pieces: bytes) -> Http1:
    http = Http1()
    for piece in pieces:
        http.receive(piece)
    return http


def read(http: Http1) -> None:
    """A request, with its body."""
    if http.request() is not None:
        while http.body():
            pass


def refused(http: Http1) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        read(http)
    return refusal.value


def answered(http: Http1, status: int = 200, body: bytes = b"ok") -> bytes:
    head = http.start(status, [(b"content-length", b"%d" % len(body))], NOW)
    return head + http.send(body, more=False)


def feed(http: Http1, pieces: list[bytes]) -> None:
    """What comes, as it comes."""
    asked = None
    while pieces:
        http.receive(pieces.pop(0))
        asked = asked or http.request()
        while asked and http.body():
            pass


class TestRequests:
    def test_one_after_another(self) -> None:
        http = heard(GET, GET[:10])
        request = http.request()
        assert request is not None
        assert (request.method, request.target) == (b"GET", b"/a?b")
        assert list(request.headers) == [(b"host", b"localhost")]
        assert answered(http) == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" + DATE + b"\r\nok"
        assert http.next()
        assert http.request() is None
        http.receive(GET[10:])
        assert http.request() is not None

    @given(st.lists(st.integers(0, 100), max_size=5))
    def test_however_it_is_cut(self, cuts: list[int]) -> None:
        whole = POST + b"Content-Length: 5\r\n\r\nhello"
        edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
        http = Http1()
        asked, body = None, b""
        for start, end in pairwise(edges):
            if start != end:
                http.receive(whole[start:end])
            asked = asked or http.request()
            while asked and (piece := http.body()):
                body += piece
        assert asked
        assert body == b"hello"
        assert http.complete

    def test_a_body_in_chunks_is_the_last_thing_that_is_read(self) -> None:
        http = heard(
            POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" + GET
        )
        assert http.request()
        assert [http.body() for _ in range(3)] == [b"he", b"llo", b""]
        assert b"connection: close" in answered(http).lower()
        assert not http.next()

    def test_one_whose_body_was_not_read_is_the_last_too(self) -> None:
        http = heard(POST + b"Content-Length: 5\r\n\r\nhe")
        assert http.request()
        assert b"connection: close" in answered(http).lower()
        assert not http.next()

    def test_a_client_may_wait_to_be_asked_for_a_body(self) -> None:
        http = heard(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert http.request()
        assert http.go_on() == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert http.go_on() == b""
        assert http.body() is None
        http.receive(b"ok")
        assert (http.body(), http.body()) == (b"ok", b"")
        assert http.next() is False
        answered(http)
        assert http.next()

    @pytest.mark.parametrize("offer", ["h2c", "websocket", "TLS/1.0"])
    def test_no_other_protocol_is_taken_up(self, offer: str) -> None:
        upgrade = f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {offer}\r\nHTTP2-Settings: \r\n"
        http = heard(GET[:-2] + upgrade.encode() + b"\r\n" + GET)
        assert http.request()
        assert answered(http).startswith(b"HTTP/1.1 200")
        assert http.next()
        assert http.request()

    def test_an_old_client_is_hung_up_on_after_the_answer(self) -> None:
        http = heard(b"GET / HTTP/1.0\r\n\r\n")
        assert http.request()
        assert b"connection: close" in answered(http).lower()
        assert not http.next()


class TestAnswers:
    def test_a_body_without_a_length_goes_out_in_chunks(self) -> None:
        http = heard(GET)
        http.request()
        assert b"transfer-encoding: chunked" in http.start(200, [], NOW).lower()
        assert http.send(b"one", more=True) == b"3\r\none\r\n"
        assert http.send(b"", more=True) == b""
        assert http.send(b"two", more=False) == b"3\r\ntwo\r\n0\r\n\r\n"
        assert http.next()

    def test_to_an_old_client_until_the_end(self) -> None:
        http = heard(b"GET / HTTP/1.0\r\n\r\n")
        http.request()
        assert b"chunked" not in http.start(200, [], NOW).lower()
        assert http.send(b"one", more=False) == b"one"

    @pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304), ("GET", 204)])
    def test_some_have_none(self, method: str, status: int) -> None:
        http = heard(GET.replace(b"GET", method.encode(), 1) + GET)
        http.request()
        assert answered(http, status).endswith(b"\r\n\r\n")
        assert http.next()
        http.request()
        assert answered(http).endswith(b"ok"), "the next has one"

    def test_a_large_one_is_not_copied(self) -> None:
        http = heard(GET)
        http.request()
        body = b"x" * 100_000
        http.start(200, [(b"content-length", b"100000")], NOW)
        assert http.send(body, more=False) is body


class TestRefused:
    """What two that read it might read differently, and what has no end."""

    @pytest.mark.parametrize(
        "sent",
        [
            POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            POST + b"Content-Length: 5, 6\r\n\r\nhello",
            POST + b"Content-Length: +5\r\n\r\nhello",
            POST + b"Content-Length: 0x5\r\n\r\nhello",
            POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
            POST + b"Content-Length : 5\r\n\r\nhello",
            POST + b" Content-Length: 5\r\n\r\nhello",
            POST + b"X: a\r\n Content-Length: 5\r\n\r\nhello",
            POST + b"X: a\r\n\tb\r\n\r\n",
            POST + b"X: a\nContent-Length: 5\r\n\r\nhello",
            POST + b"X: a\rContent-Length: 5\r\n\r\nhello",
            POST + b"X: a\x00\r\n\r\n",
            POST + b"X: a\x0b\r\n\r\n",
            POST + b"\x01X: a\r\n\r\n",
            POST + b"X\r\n\r\n",
            POST + b": a\r\n\r\n",
            POST + b"Host: b\r\n\r\n",
            POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\nz\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 30 + b"\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX : a\r\n\r\n",
            b"GET / HTTP/1.1\nHost: localhost\n\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n",
            b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /\r\n\r\n",
            b"\r\n" + GET,
            b"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ],
    )
    def test_as_broken(self, sent: bytes) -> None:
        http = heard(sent)
        assert refused(http).status_code == 400
        head = http.start(400, [], NOW, last=True)
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"connection: close" in head.lower()
        http.send(b"", more=False)
        assert not http.next()

    @pytest.mark.parametrize("coding", [b"gzip, chunked", b"chunked, chunked", b"identity", b"x"])
    def test_as_not_implemented(self, coding: bytes) -> None:
        sent = POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n"
        assert refused(heard(sent)).status_code == 501

    @pytest.mark.parametrize(
        "sent",
        [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
            GET.replace(b"1.1", b"0.9"),
            GET.replace(b"1.1", b"1.2"),
        ],
    )
    def test_as_another_version(self, sent: bytes) -> None:
        assert refused(heard(sent)).status_code == 505

    @pytest.mark.parametrize(
        "sent",
        [
            b"GET /" + b"a" * HEAD_BYTES,
            POST + b"X: " + b"a" * HEAD_BYTES,
            POST + b"X: y\r\n" * HEADERS + b"\r\n",
            POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * HEAD_BYTES,
            POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * HEAD_BYTES,
        ],
    )
    def test_as_too_large(self, sent: bytes) -> None:
        http = Http1()
        pieces = [sent[start : start + 100] for start in range(0, len(sent), 100)]
        with pytest.raises(Refusal) as refusal:
            feed(http, pieces)
        assert refusal.value.status_code == 431
        assert sum(map(len, pieces)) < 200, "it is told at once"

    def test_a_head_may_be_as_long_as_is_said(self) -> None:
        start = POST + b"X: "
        whole = start + b"a" * (HEAD_BYTES - len(start) - 4) + b"\r\n\r\n"
        assert heard(whole).request() is not None

    def test_what_it_says_is_short_whatever_was_sent(self) -> None:
        assert len(refused(heard(b"GET / " + b"\xff" * 10_000 + b"\r\n\r\n")).detail) < 300


@given(st.binary(max_size=300), st.sampled_from([b"", b"GET / HTTP/1.1\r\n", POST, GET]))
def test_whatever_comes_is_a_request_or_a_refusal(sent: bytes, before: bytes) -> None:
    http = heard(before + sent + b"\r\n\r\n")
    with suppress(Refusal):
        read(http)
        while http.complete and answered(http) and http.next():
            read(http)
