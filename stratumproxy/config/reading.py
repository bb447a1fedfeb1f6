"""Files that a configuration is made of, or names: nothing else is read, or waited for.

A pipe that nobody writes to holds up whoever opens it, and a terminal or another device whoever
reads it, for ever; and a file may be any size.
"""

import os
import stat
from pathlib import Path

MAX_BYTES = 1 << 20
"""A configuration, a certificate or a token that is larger is some other file."""

KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_file(path: str | Path) -> bytes:
    """What a small file holds.

    Raises:
        ValueError: why it can't be read; the text goes after "can't be read: ".
    """
    try:
        check_kind(path)
        with open(path, "rb", opener=_open) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is longer than {MAX_BYTES} bytes, and so some other file")
    return content


def check_kind(path: str | Path) -> None:
    """See that what is there, if anything, is neither pipe, socket nor device.

    Raises:
        ValueError: it is one; the text says which.
        OSError: it can't be looked at; `FileNotFoundError` if there is nothing.
    """
    mode = os.stat(path).st_mode  # noqa: PTH116 as above
    for is_kind, kind in KINDS:
        if is_kind(mode):
            raise ValueError(f"it is {kind}; expected a file")


def _open(path: str, flags: int) -> int:
    """Not to be held up even by a pipe that has taken the file's place since it was looked at."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
