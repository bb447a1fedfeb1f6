"""mining.submit, read and written: the one message that passes thousands of times a second.

On the wire a share is hex; what is read here, and what is written, are bytes and integers.
"""

import orjson

from stratumproxy.mining.submission import Submit
from stratumproxy.protocol.v1.hex import read_bytes, read_uint32
from stratumproxy.protocol.v1.messages import Message

FAULTS = (
    "extranonce2 is not hex",
    "ntime is not hex",
    "nonce is not hex",
    "version bits are not hex",
)
"""What may be wrong with the fields of a mining.submit that are hex, in their order."""


def read_submit(message: Message, reply_to: bytes) -> tuple[Submit, str] | None:
    """The parts of a mining.submit in whatever form JSON allows.

    Args:
        message: the message.
        reply_to: its id as JSON; empty if no reply is wanted.

    Returns:
        The parts, and the first of the `FAULTS` in them, empty for none; what is not hex is zero.
        None if the params are not five or six strings; a sixth that is null counts as left out.
    """
    params = message.get("params")
    if not isinstance(params, list) or not 5 <= len(params) <= 6:
        return None
    worker, job_id, *texts, bits = params if len(params) == 6 else [*params, None]
    if not all(isinstance(each, str) for each in params[:5]) or not isinstance(bits, str | None):
        return None
    extranonce2, ntime, nonce = read_bytes(texts[0]), read_uint32(texts[1]), read_uint32(texts[2])
    rolled = read_uint32("0" if bits is None else bits)
    read = extranonce2, ntime, nonce, rolled
    fault = FAULTS[read.index(None)] if None in read else ""
    rolled = None if bits is None else rolled or 0
    return (reply_to, worker, job_id, extranonce2 or b"", ntime or 0, nonce or 0, rolled), fault


def encode_submit_head(user: str, job_id: str) -> bytes:
    """How the params of every share on a pool's job begin; see `encode_submit`."""
    return orjson.dumps([user, job_id])[:-1]


def encode_name(user: str) -> bytes:
    """How `encode_submit_head` begins for a user, on whatever job: to put another in its place."""
    return orjson.dumps([user])[:-1]


def encode_submit(
    request_id: int, head: bytes, extranonce2: bytes, ntime: int, nonce: int, bits: int | None
) -> bytes:
    """A mining.submit line for a pool.

    Args:
        request_id: ours, to know the reply by.
        head: of `encode_submit_head`.
        extranonce2, ntime, nonce: of the share, each number 0 to 2**32 - 1.
        bits: its version bits; None leaves them out.
    """
    digits = extranonce2.hex().encode()
    if bits is None:
        return _SUBMIT % (request_id, head, digits, ntime, nonce)
    return _SUBMIT_ROLLED % (request_id, head, digits, ntime, nonce, bits)


_SUBMIT = b'{"id":%d,"method":"mining.submit","params":%b,"%b","%08x","%08x"]}\n'
_SUBMIT_ROLLED = _SUBMIT.replace(b"]", b',"%08x"]')


def _scan_in_python(line: bytes) -> Submit | None:
    """Without the C scanner every line goes through the JSON parser."""
    return None


try:
    from stratumproxy.protocol.v1._submit import scan
except ImportError:  # not built, or of a version when it had another name and gave text
    scan = _scan_in_python
scan_submit = scan
