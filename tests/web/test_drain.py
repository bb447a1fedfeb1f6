"""Bodies are read on, whether anybody wants them or not."""

from contextlib import suppress

import trio
from trio.testing import MockClock

from stratumproxy.web.body import MOST
from stratumproxy.web.drain import LEAST, SECONDS, Drain

HEADERS = [(b"transfer-encoding", b"chunked")]


async def pass_through(app: object, messages: int, body: bytes, headers: list = HEADERS) -> int:
    """Answer a request whose body has no end, until so many pieces were read; how many were."""
    read = 0
    enough = trio.Event()

    async def receive() -> dict:
        nonlocal read
        await trio.lowlevel.checkpoint()
        read += 1
        if read == messages:
            enough.set()
        return {"type": "http.request", "body": body, "more_body": True}

    async def send(message: dict) -> None:
        await enough.wait()  # as Hypercorn: a reader that is stuck holds up the sender

    scope = {"type": "http", "method": "POST", "headers": headers}
    await Drain(app)(scope, receive, send)  # type: ignore[arg-type]
    return read


async def test_a_body_that_nobody_reads_does_not_hold_up_the_answer(
    autojump_clock: MockClock,
) -> None:
    async def app(scope: dict, receive: object, send: object) -> None:
        await send({"type": "http.response.body"})  # type: ignore[operator]

    assert await pass_through(app, 1000, b" " * 1000) >= 1000


async def test_no_more_is_kept_than_a_body_may_have(autojump_clock: MockClock) -> None:
    kept: list[int] = []

    async def app(scope: dict, receive: object, send: object) -> None:
        await send({})  # type: ignore[operator]
        with suppress(trio.WouldBlock):
            while True:
                kept.append(len(receive.__self__.receive_nowait()["body"]))  # type: ignore[attr-defined]

    await pass_through(app, 1000, b" " * 1000)
    assert MOST < sum(kept) <= MOST + 1000
    kept.clear()
    await pass_through(app, 5000, b"")
    assert len(kept) == MOST // LEAST + 1


async def test_an_answer_that_takes_too_long_is_given_up(autojump_clock: MockClock) -> None:
    async def app(scope: dict, receive: object, send: object) -> None:
        await trio.sleep_forever()

    async def receive() -> dict:
        return await trio.sleep_forever()

    scope = {"type": "http", "method": "POST", "headers": HEADERS}
    began = trio.current_time()
    await Drain(app)(scope, receive, receive)  # type: ignore[arg-type]
    assert trio.current_time() - began == SECONDS


async def test_a_request_without_a_body_is_left_alone() -> None:
    seen: list[object] = []

    async def app(scope: dict, receive: object, send: object) -> None:
        seen.append(receive)

    async def receive() -> dict:
        raise AssertionError

    for headers in ([], [(b"content-length", b"0")]):
        scope = {"type": "http", "method": "GET", "headers": headers}
        await Drain(app)(scope, receive, receive)  # type: ignore[arg-type]
    assert seen == [receive, receive]
