"""Messages: JSON lines in and out.

Ids are echoed as they came and never used as a key: pooler's cpuminer sends id 4 for every share,
bfgminer sends strings (tests/vectors/wire_samples.json). Inside the package a request's id travels
as the JSON bytes that go back out.
"""

import re
from functools import lru_cache
from typing import Any

import orjson

from stratumproxy.errors import ProtocolError

Message = dict[str, Any]

CODE = re.compile(r"-?[0-9]{1,9}")
"""A code that came as a string."""

MAX_REASON = 200
"""Characters kept of a pool's reason: it goes to the miner, into a count and into the log."""


def parse(line: bytes) -> Message:
    """One line as a JSON object.

    Raises:
        ProtocolError: not JSON, or JSON that is not an object.
    """
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ProtocolError(f"not JSON: {error.msg}") from None
    if type(message) is not dict:
        raise ProtocolError(f"a JSON {type(message).__name__} where an object was expected")
    return message


TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
"""Of a line that is known to be JSON."""


def id_of(line: bytes, message: Message) -> bytes:
    """A request's id as it stands in the line, to go back byte for byte; empty for none, or null.

    What is read is not always written as it was: 1.50, escapes in strings, integers of 20 digits.

    Args:
        line: the line.
        message: what `parse` made of it.

    Raises:
        ProtocolError: it is a list or an object, which no client sends.
    """
    request_id = message.get("id")
    if request_id is None:
        return b""
    if type(request_id) is int and request_id:
        return b"%d" % request_id
    if isinstance(request_id, list | dict):
        raise ProtocolError("an id that is neither a number nor a string")
    tokens, depth, found = TOKEN.findall(line), 0, b""
    for at, token in enumerate(tokens):
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
        elif depth == 1 and token == b":" and orjson.loads(tokens[at - 1]) == "id":
            found = tokens[at + 1]  # the last one counts, as for the parser
    return bytes(found)


def encode_id(request_id: object) -> bytes:
    """The id of a pool's request as JSON.

    Raises:
        ProtocolError: it is a list or an object, which no pool sends; what nests deep enough can
            be read and not be written (orjson).
    """
    if isinstance(request_id, list | dict):
        raise ProtocolError("an id that is neither a number nor a string")
    return orjson.dumps(request_id)


def encode_true(request_id: bytes) -> bytes:
    """The reply to nearly every message there is; nothing if no reply is wanted."""
    return b'{"id":%b,"result":true,"error":null}\n' % request_id if request_id else b""


def encode_result(request_id: bytes, result: object) -> bytes:
    """A reply with a result."""
    if result is True:
        return encode_true(request_id)
    return b'{"id":%b,"result":%b,"error":null}\n' % (request_id, orjson.dumps(result))


def encode_error(request_id: bytes, code: int, text: str) -> bytes:
    """A reply that refuses, in the form of most pools: ``[code, text, null]``."""
    return b'{"id":%b,"result":null,"error":[%d,%b,null]}\n' % (
        request_id,
        code,
        orjson.dumps(text),
    )


def encode_notification(method: str, params: list[Any]) -> bytes:
    """A message that wants no reply."""
    return b'{"id":null,"method":%b,"params":%b}\n' % (orjson.dumps(method), orjson.dumps(params))


@lru_cache(maxsize=4096)
def encode_set_difficulty(difficulty: float | int) -> bytes:
    """The mining.set_difficulty line. Cached, for the same reason as `target_bytes`."""
    return encode_notification("mining.set_difficulty", [difficulty])


def encode_request(request_id: int, method: str, params: list[Any]) -> bytes:
    """A request of ours. Ids upstream are integers: DATUM closes on anything else."""
    return b'{"id":%d,"method":%b,"params":%b}\n' % (
        request_id,
        orjson.dumps(method),
        orjson.dumps(params),
    )


def error_of(message: Message) -> tuple[int, str] | None:
    """Why a reply refuses, whatever shape the pool gave it.

    The shapes are in tests/vectors/wire_samples.json: ``[code, text, null]``, ``[code, text]``, an
    object with ``code`` and ``message``, a bare string, ``true``, and ``result: false`` with the
    text in ``reject-reason`` (ckpool) or nowhere.

    Returns:
        A code (20, "other", where the pool gave none) and the pool's text; None if the reply
        does not refuse.
    """
    error = message.get("error")
    if not error:
        if message.get("result") not in (False, None):
            return None
        reason = message.get("reject-reason")
        return 20, reason[:MAX_REASON] if isinstance(reason, str) else "refused without a reason"
    code: object = 20
    text: object = error
    if isinstance(error, dict):
        code, text = error.get("code"), error.get("message")
    elif isinstance(error, list):
        first = error[0]
        if type(first) is int or (isinstance(first, str) and CODE.fullmatch(first)):
            code = int(first)
            text = error[1] if len(error) > 1 else None
        else:
            text = first
    elif error is True:
        text = message.get("reject-reason")
    if not isinstance(text, str):
        text = "refused without a reason"
    return code if type(code) is int else 20, text[:MAX_REASON]
