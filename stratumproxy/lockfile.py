"""A file that is locked for as long as a process uses what lies beside it, and says which one.

The lock is the kernel's (flock(2)): it ends with its process, however that ends, so there is none
to be cleared away. The file stays; to remove it could take it from under the next one's feet.
"""

import fcntl
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

MODE = 0o600
"""Of every file that is kept: worker names and addresses are the operator's alone."""

LONGEST_WORDS = 300
"""Bytes read of what a holder wrote of itself; a host name has 255 at most."""


class LockFile:
    """A lock that one process has at a time. Methods may be called by any thread.

    Args:
        path: of the file; made if it is not there, in a folder that is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = Lock()
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Have the lock, without waiting; nothing if it is ours already.

        Raises:
            BlockingIOError: somebody else has it; who is in its `strerror`.
            OSError: the file can't be made or locked.
        """
        with self._threads:
            if self._descriptor is None:
                self._descriptor = self._locked()

    def release(self) -> None:
        """Let go of it; nothing if it is not ours."""
        with self._threads:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _locked(self) -> int:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise BlockingIOError(error.errno, holder) from None
        except OSError:
            os.close(descriptor)
            raise
        # Words for people, and the lock is good without them: on a full disk, say.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        return descriptor


def _holder(descriptor: int) -> str:
    """Who has the lock, by its own words, and since when."""
    words = os.pread(descriptor, LONGEST_WORDS, 0).decode("utf-8", "replace").strip()
    since = datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)
    who = words if words and words.isprintable() else "another process"
    return f"{who}, since {since:%Y-%m-%d %H:%M:%S} UTC"
