"""A process that may open nothing more."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def no_descriptors(but: int = 0) -> Iterator[None]:
    """Take every descriptor this process may have.

    Args:
        but: how many are left.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 2 + but, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        for fd in taken[len(taken) - but :]:
            os.close(fd)
            taken.remove(fd)
        yield
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
