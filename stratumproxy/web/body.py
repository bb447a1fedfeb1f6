"""A request's body: JSON, of bounded size, and in time."""

from contextlib import aclosing
from typing import Any

import orjson
import trio
from starlette.requests import ClientDisconnect, Request

from stratumproxy.web.errors import Refusal

MOST = 64 * 1024
"""Bytes. The longest sensible one is a worker's name and a number."""

SECONDS = 10.0
"""Within which it must have come."""


async def read_json(request: Request) -> Any:
    """The body, decoded.

    Raises:
        Refusal: it is too long (413), too slow (408), no JSON (400), or is not said to be (415).
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        # Not what a form on another site can send without being asked first (CORS).
        raise Refusal(415, "the body must be JSON: send Content-Type: application/json")
    too_long = Refusal(413, f"the body is longer than {MOST} bytes")
    length = request.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or len(length) > 18 or int(length) > MOST:
        raise too_long
    body = bytearray()
    with trio.move_on_after(SECONDS) as scope:
        try:
            async with aclosing(request.stream()) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > MOST:
                        raise too_long
        except ClientDisconnect:
            raise Refusal(400, "the body ended early") from None
    if scope.cancelled_caught:
        raise Refusal(408, f"the body did not come within {SECONDS:g} seconds")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from None
