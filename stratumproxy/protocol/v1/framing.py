"""Lines: how bytes become messages."""

from stratumproxy.errors import LineTooLong


def split_lines(tail: bytes, data: bytes, limit: int) -> tuple[list[bytes], bytes]:
    r"""Cut what has arrived into lines.

    A function and not an object: the only state is the tail, and with thousands of peers an
    object each for a mostly empty tail is memory for nothing.

    Args:
        tail: what the last call left over.
        data: what has arrived since.
        limit: the longest line allowed, in bytes, without its line end.

    Returns:
        The complete lines, without their ``\n`` (a ``\r`` before it is white space to JSON and
        stays), and the new tail.

    Raises:
        LineTooLong: a line, or what there is of one, is past the limit.
    """
    lines = (tail + data if tail else data).split(b"\n")
    tail = lines.pop()
    if len(tail) > limit or (lines and max(map(len, lines)) > limit):
        raise LineTooLong(f"a line is longer than {limit} bytes")
    return lines, tail
