"""What was measured on."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from stratumproxy import __version__
from stratumproxy.bench.place import Cores


def about() -> dict[str, str]:
    """What makes figures of two runs differ, beside the servers."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "stratumproxy": __version__,
        "machine": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "congestion control": _read("/proc/sys/net/ipv4/tcp_congestion_control"),
        "cores": str(Cores.of_this_machine()),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError:
        return "unknown"
