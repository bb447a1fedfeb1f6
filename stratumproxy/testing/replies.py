"""The lines a simulated pool writes."""

import orjson

from stratumproxy.testing.settings import RejectShape

Json = object
"""Whatever JSON can hold; an id is echoed as it came."""


def line(message: dict[str, Json]) -> bytes:
    """A message as it travels: one line of JSON."""
    return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)


def reply(request_id: Json, result: Json) -> bytes:
    """The answer yes."""
    return line({"id": request_id, "result": result, "error": None})


def notification(method: str, params: list[Json]) -> bytes:
    """What a pool sends unasked."""
    return line({"id": None, "method": method, "params": params})


def rejection(shape: RejectShape, request_id: Json, code: int, text: str) -> bytes:
    """The answer no, in one of the shapes that pools have."""
    match shape:
        case "array":
            answer: dict[str, Json] = {"result": None, "error": [code, text, None]}
        case "pair":
            answer = {"result": None, "error": [code, text]}
        case "object":
            answer = {"error": {"code": code, "message": text, "data": None}}
        case "string":
            answer = {"result": None, "error": text}
        case "false":
            answer = {"result": False, "error": None, "reject-reason": text}
        case "false-array":
            answer = {"result": False, "error": [code, text, None]}
        case "true":
            answer = {"result": None, "error": True}
    return line({"id": request_id, **answer})
