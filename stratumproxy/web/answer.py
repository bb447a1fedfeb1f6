"""Answers as JSON."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class JsonResponse(Response):
    """An answer that lets its body go when it hands it on.

    So what a slow client is sent is all that is held for it, and not the same uncompressed as well.
    """

    media_type = "application/json"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        message = {"type": "http.response.body", "body": self.body}
        self.body = b""
        await send(message)  # whoever compresses it puts the result in its place


def json_response(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer that no cache keeps: it is about this moment."""
    return JsonResponse(
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
    )
