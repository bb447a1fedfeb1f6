"""What was measured, and on what."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.servers import ROOT, Cores
from stratumproxy import shares


def about() -> dict[str, str]:
    """Everything that makes figures of two runs differ."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "machine": f"{processor()}, {len(os.sched_getaffinity(0))} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "share check": shares.kernel(),
        "congestion control": _read("/proc/sys/net/ipv4/tcp_congestion_control"),
        "cores": str(Cores.of_this_machine()),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def commit() -> str:
    """The commit, and whether more than its files was measured."""
    try:
        name = _git("rev-parse", "--short=10", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", "stratumproxy")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{name} with changes" if changed else name


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def processor() -> str:
    """The processor's name."""
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError:
        return "unknown"
