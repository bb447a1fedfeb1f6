"""The plain mining.submit, taken apart in C."""

from stratumproxy.mining.submission import Submit

def scan(line: bytes, /) -> Submit | None:
    r"""The parts of a mining.submit line in its plain form; None for every other line.

    Args:
        line: one line; a final ``\n`` is allowed.

    """
