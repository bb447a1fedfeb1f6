"""File descriptors: every miner takes one, and the usual soft limit is 1024."""

import resource

import structlog

from stratumproxy.config import Config

SPARE_FILES = 100
"""Descriptors beside the clients': listeners, pool sessions, epoll, logs."""


def raise_file_limit(config: Config, *, say: bool = True) -> None:
    """Raise this process's limit to what `limits.connections`, or `api.connections`, needs.

    Args:
        config: what is served.
        say: whether to say that it can't be; once for all processes is enough.
    """
    api = config.api.connections if config.api.listen else 0
    needed = max(config.limits.connections, api) + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= needed:
        return
    wanted = needed if hard == unlimited else min(needed, hard)
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
