"""Answers as JSON."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response


def json_response(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer that no cache keeps: it is about this moment."""
    return Response(
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        "application/json",
    )
