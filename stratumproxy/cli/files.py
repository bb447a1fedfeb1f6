"""File descriptors: every miner takes one, and the usual soft limit is 1024."""

import fcntl
import os
import resource
from contextlib import suppress

import structlog

from stratumproxy.config import Config

SPARE_FILES = 100
"""Descriptors beside the clients': listeners, pool sessions, epoll, logs."""

MOST_AT_ONCE = 1 << 17
"""Descriptors that the kernel's table is made for ahead, 8 bytes each."""


def file_limits(connections: int) -> tuple[int, int]:
    """How many descriptors a process with that many connections needs, and may have at most."""
    needed = connections + SPARE_FILES
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return needed, needed if hard == resource.RLIM_INFINITY else hard


def raise_file_limit(config: Config, *, say: bool = True) -> None:
    """Raise this process's limit to what `limits.connections`, or `api.connections`, needs.

    Args:
        config: what is served.
        say: whether to say that it can't be; once for all processes is enough.
    """
    api = config.api.connections if config.api.listen else 0
    needed, most = file_limits(max(config.limits.connections, api))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    wanted = min(needed, most)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS has a lower bound of its own, whatever hard says
        wanted = soft
    if say and wanted < needed:
        structlog.get_logger().warning(
            "too few file descriptors for limits.connections: miners past the limit will be "
            "refused; raise it (ulimit -n, LimitNOFILE= in systemd) or lower limits.connections",
            open_files=wanted,
            needed=needed,
        )


def grow_descriptor_table() -> None:
    """Have the kernel's table of this process's descriptors as large as it may become.

    It doubles when it is full, and where threads share it each time waits for all cores to have
    looked away (`synchronize_rcu`): 10 to 60 ms, eight times until 17,595 miners are in, in which
    nobody is accepted and the backlog overflows. A process with one thread does not wait.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    size = MOST_AT_ONCE if soft == resource.RLIM_INFINITY else min(soft, MOST_AT_ONCE)
    with suppress(OSError):  # then it grows as it always did
        os.close(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, size - 1))
