"""Bodies: JSON, short, and in time."""

import pytest
import trio
from starlette.requests import Request
from trio.testing import MockClock

from stratumproxy.web.body import MOST, SECONDS, read_json
from stratumproxy.web.errors import Refusal
from tests.web.asking import BEARER, Web, problem_of

PATH = "/api/actions/reload"
JSON = {**BEARER, "Content-Type": "application/json"}


async def post(web: Web, content: object, status: int, **headers: str) -> str:
    answer = await web.http.post(PATH, content=content, headers={**JSON, **headers})  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    return problem_of(answer)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"a":\xff}',
        b"[" * 50_000,
        b'"\\ud800"',
        b"NaN",
        b"{}{}",
    ],
)
async def test_what_is_no_json(guarded: Web, content: bytes) -> None:
    assert "not JSON" in await post(guarded, content, 400)


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
)
async def test_what_is_not_said_to_be_json(guarded: Web, kind: str) -> None:
    assert "Content-Type" in await post(guarded, b"{}", 415, **{"Content-Type": kind})
    assert guarded.orders.given == []


async def test_a_charset_does_no_harm(guarded: Web) -> None:
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = await guarded.http.post(PATH, content=b"{}", headers={**JSON, **kind})
    assert answer.status_code == 200


def request(*chunks: bytes, pause: float = 0.0) -> Request:
    """A request whose body comes in pieces, with a pause before each."""
    left = list(chunks)

    async def receive() -> dict:
        await trio.sleep(pause)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    headers = [(b"content-type", b"application/json")]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def test_what_comes_in_pieces() -> None:
    assert await read_json(request(b'{"a":', b" 1}")) == {"a": 1}
    assert await read_json(request(b" " * (MOST - 2), b"{}")) == {}


async def test_what_is_too_long(guarded: Web) -> None:
    await post(guarded, b" " * MOST + b"{}", 413)
    with pytest.raises(Refusal) as refused:
        await read_json(request(*[b" " * 1000] * 100))
    assert refused.value.status_code == 413


@pytest.mark.parametrize("length", ["-1", "x", "9" * 30, "²", "1e3"])
async def test_a_length_that_is_none(guarded: Web, length: str) -> None:
    given = [(name.encode(), value.encode()) for name, value in JSON.items()]
    given.append((b"Content-Length", length.encode("latin-1")))
    answer = await guarded.http.post(PATH, headers=given)
    assert answer.status_code == 413


async def test_what_does_not_come_in_time(autojump_clock: MockClock) -> None:
    began = trio.current_time()
    with pytest.raises(Refusal) as refused:
        await read_json(request(*[b" "] * 100, pause=SECONDS / 3))
    assert refused.value.status_code == 408
    assert trio.current_time() - began == SECONDS


async def test_a_client_that_leaves_in_the_middle() -> None:
    async def receive() -> dict:
        return {"type": "http.disconnect"}

    headers = [(b"content-type", b"application/json")]
    left = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    with pytest.raises(Refusal) as refused:
        await read_json(left)
    assert refused.value.status_code == 400


async def test_without_the_token_no_body_is_read(guarded: Web) -> None:
    """Else it would be 413, and memory for anybody."""
    answer = await guarded.http.post(PATH, content=b" " * (2 * MOST))
    assert answer.status_code == 401
