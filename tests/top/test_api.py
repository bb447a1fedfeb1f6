"""Asking the API: what comes back, and what is said of every way that it can fail."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import trio
import trustme

from stratumproxy.top import api as top_api
from stratumproxy.top.api import Address, Api, ApiError, Unauthorized
from tests.ports import KeptPort
from tests.top.stand_in import StandIn, stand_in


@pytest.fixture
def api() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started


def client(api: StandIn, token: str = "") -> Api:
    return Api(Address.parse(api.url), token)


@pytest.mark.parametrize(
    ("url", "address", "shown"),
    [
        ("http://127.0.0.1:8080", ("127.0.0.1", 8080, False, ""), "http://127.0.0.1:8080"),
        ("127.0.0.1:8080/", ("127.0.0.1", 8080, False, ""), "http://127.0.0.1:8080"),
        ("https://farm.example/p/", ("farm.example", 443, True, "/p"), "https://farm.example/p"),
        ("http://[::1]:9", ("::1", 9, False, ""), "http://[::1]:9"),
        ("http://farm:80", ("farm", 80, False, ""), "http://farm"),
    ],
)
def test_address(url: str, address: tuple[object, ...], shown: str) -> None:
    assert Address.parse(url) == address
    assert str(Address.parse(url)) == shown


@pytest.mark.parametrize(
    "url",
    [
        *("", "http://", "ftp://x", "http://x:0x1", "http://x:99999", "http://u:p@x"),
        *(
            "http://x/?a=b",
            "http://x/#a",
            "http://[::1",
            "http://x\r\ny",
            "http://x/a b",
            "http://é\x00",
        ),
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Address.parse(url)


async def test_get(api: StandIn) -> None:
    answer = await client(api).get("/api/workers", {"sort": "name", "limit": 2, "search": "1"})
    assert [worker["name"] for worker in answer["workers"]] == ["farm.01", "farm.10"]
    assert api.asked == ["/api/workers?sort=name&limit=2&search=1"]


async def test_events(api: StandIn) -> None:
    events: list[tuple[str, Any]] = []
    with trio.CancelScope() as scope:

        def take(event: str, value: Any) -> None:
            events.append((event, value["workers"]))
            if len(events) == 3:
                scope.cancel()

        await client(api).follow(take)
    assert events == [("summary", 41)] * 3


async def test_a_token(api: StandIn) -> None:
    api.token = "a" * 20
    assert (await client(api, "a" * 20).get("/api/summary"))["workers"] == 41
    with pytest.raises(Unauthorized, match="wants a token: --token-file FILE"):
        await client(api).get("/api/summary")
    with pytest.raises(Unauthorized, match="wants another token"):
        await client(api, "b").get("/api/summary")
    with pytest.raises(Unauthorized):
        await client(api).follow(lambda event, value: None)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, b'{"error": "no ledger"}'), "answered 503: no ledger"),
        ((404, b"<html>"), "answered 404: is that the address of stratumproxy's API?"),
        ((302, b""), "answered 302: is that"),
        ((500, b"[]"), "answered 500: is that"),
        ((200, b"<html>"), "is not the API of stratumproxy"),
    ],
)
async def test_other_answers(api: StandIn, answer: tuple[int, bytes], said: str) -> None:
    api.answers["/api/summary"] = answer
    with pytest.raises(ApiError, match=said.replace("?", r"\?")):
        await client(api).get("/api/summary")


async def test_an_answer_that_is_too_long(api: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top_api, "LARGEST", 100)
    with pytest.raises(ApiError, match="more than 100 bytes"):
        await client(api).get("/api/summary")


async def test_events_that_are_no_events(api: StandIn) -> None:
    api.answers["/api/events"] = (200, b"event: summary\ndata: {\n\n")
    with pytest.raises(ApiError, match="is not the API"):
        await client(api).follow(lambda event, value: None)


async def test_nobody_listens() -> None:
    with KeptPort() as nobody, pytest.raises(ApiError) as failed:
        await Api(Address(*nobody.address, False, "")).get("/api/summary")
    assert f"http://127.0.0.1:{nobody.number} can't be reached: Connection refused;" in str(
        failed.value
    )
    assert "\n" not in str(failed.value)


async def refused(port: int, text: str, *, tls: bool = False) -> None:
    with pytest.raises(ApiError, match=text) as failed:
        await Api(Address("127.0.0.1", port, tls, "")).get("/api/summary")
    assert "\n" not in str(failed.value)


class Odd:
    """Listens, and answers each connection with the same bytes; None is silence."""

    def __init__(self, nursery: trio.Nursery, answer: bytes | None) -> None:
        self._nursery = nursery
        self._answer = answer

    async def start(self) -> int:
        serve = partial(trio.serve_tcp, self._attend, 0, host="127.0.0.1")
        [listener] = await self._nursery.start(serve)
        return int(listener.socket.getsockname()[1])

    async def _attend(self, stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            if self._answer is None:
                await trio.sleep_forever()
            else:
                with suppress(trio.BrokenResourceError):  # it has heard enough
                    await stream.send_all(self._answer)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b'{"id":1,"result":true}\n\n', "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "does not speak HTTP"),
        (b"", "does not speak HTTP"),
    ],
)
async def test_peers_that_are_no_api(nursery: trio.Nursery, answer: bytes, text: str) -> None:
    await refused(await Odd(nursery, answer).start(), text)


async def test_silence(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top_api, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(top_api, "SILENCE_SECONDS", 0.1)
    port = await Odd(nursery, None).start()
    await refused(port, "gave no answer within")
    with pytest.raises(ApiError, match="says nothing any more"):
        await Api(Address("127.0.0.1", port, False, "")).follow(lambda event, value: None)


async def test_tls(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(served)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    async def attend(stream: trio.SSLStream[trio.SocketStream]) -> None:
        try:
            await stream.receive_some()
            await stream.send_all(answer)
            await stream.aclose()
        except trio.BrokenResourceError:
            pass  # it did not like the certificate

    serve = partial(trio.serve_ssl_over_tcp, attend, 0, served, host="127.0.0.1")
    [listener] = await nursery.start(serve)
    port = listener.transport_listener.socket.getsockname()[1]
    await refused(port, "broke off: unable to get local issuer certificate", tls=True)

    known = ssl.create_default_context()
    authority.configure_trust(known)
    monkeypatch.setattr(ssl, "create_default_context", lambda: known)
    assert await Api(Address("127.0.0.1", port, True, "")).get("/api/summary") == {}
