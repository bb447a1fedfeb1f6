"""Takes in whatever a client sends for as long as its request is answered.

Hypercorn's reader and the answer wait for each other for ever if a body comes faster than it is
read, and then nobody reads it any more (Hypercorn 0.18: a full queue, protocol/http_stream.py): any
client could hold a connection that way. So a body is read as it comes, up to its limit kept, and
beyond that thrown away.
"""

from math import inf

import trio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stratumproxy.web.body import MOST

SECONDS = 15.0
"""Within which a request with a body must be answered; nothing we do with one takes so long."""


LEAST = 64
"""Bytes that a piece counts for at least: a million of nothing are a burden too."""


class Drain:
    """Reads bodies on, whether the application does or not.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        # Without a bound, since what goes in is bounded.
        take, taken = trio.open_memory_channel[Message](inf)
        with trio.move_on_after(SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_read_on, receive, take)
                await self._app(scope, taken.receive, send)
                nursery.cancel_scope.cancel()


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


async def _read_on(receive: Receive, take: trio.MemorySendChannel[Message]) -> None:
    """Pass on what comes, up to the first piece that is beyond the limit."""
    size = 0
    while True:
        message = await receive()
        if size <= MOST or message["type"] == "http.disconnect":
            take.send_nowait(message)
        if message["type"] == "http.disconnect":
            return
        size += max(len(message.get("body", b"")), LEAST)
