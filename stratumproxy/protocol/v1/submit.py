"""mining.submit, taken apart: the one message that arrives thousands of times a second."""

from stratumproxy.protocol.v1.messages import Message

Submit = tuple[bytes, str, str, str, str, str, str | None]
"""Request id as JSON (``b""`` where there is none, and no reply is wanted); worker name, job id,
extranonce2, ntime, nonce, version bits or None. Strings, not looked at further."""


def read_submit(message: Message, reply_to: bytes) -> Submit | None:
    """The parts of a mining.submit in whatever form JSON allows.

    Args:
        message: the message.
        reply_to: its id as JSON; empty if no reply is wanted.

    Returns:
        None if the params are not five or six strings; a sixth that is null counts as left out.
    """
    params = message.get("params")
    if not isinstance(params, list) or not 5 <= len(params) <= 6:
        return None
    worker, job_id, extranonce2, ntime, nonce, bits = (
        params if len(params) == 6 else [*params, None]
    )
    if not all(isinstance(each, str) for each in params[:5]) or not isinstance(bits, str | None):
        return None
    return reply_to, worker, job_id, extranonce2, ntime, nonce, bits


def _scan_in_python(line: bytes) -> Submit | None:
    """Without the C scanner every line goes through the JSON parser."""
    return None


try:
    from stratumproxy.protocol.v1._submit import scan_submit as scan_submit
except ImportError:
    scan_submit = _scan_in_python
