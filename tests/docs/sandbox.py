"""A machine of its own for the commands of a page, on which they can do as they are written.

It sees this machine's files, and what it writes is gone with it (an overlay on all of `/`). Its
network is a farm's: itself, as `farm.example`, and another machine with the pools, `pool.example`
and so on. There is no way out. All its processes end with it.
Needs root, and Linux with `unshare` and `ip`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ENTER = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
FARM, POOL = "192.0.2.1", "192.0.2.2"
NAMES = {
    "127.0.0.1": "localhost",
    FARM: "farm.example stratum.example",
    POOL: "pool.example other.example backup.example first.example second.example",
}
ON_POOL = ["ip", "netns", "exec", "pool"]
"""In front of a command: on the pools' machine."""


def why_not() -> str:
    """Why there can't be one here; empty if there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs Linux and root, for namespaces"
    lacking = [tool for tool in ("unshare", "ip", "mount", "bash") if not shutil.which(tool)]
    if lacking:
        return f"needs {', '.join(lacking)}"
    tried = subprocess.run(
        [*ENTER, sys.executable, "-m", "tests.docs.sandbox"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr.strip().rpartition("\n")[2]


def enter(folder: Path) -> None:
    """Make this process, which `ENTER` started, one of the new machine. Its work folder stays.

    Args:
        folder: an empty one, which is hidden by what the machine writes.
    """
    here = Path.cwd()
    _run("mount", "-t", "tmpfs", "sandbox", folder)
    changed, work, root = (folder / name for name in ("changed", "work", "root"))
    for path in (changed, work, root):
        path.mkdir()
    layers = f"lowerdir=/,upperdir={changed},workdir={work}"
    _run("mount", "-t", "overlay", "sandbox", "-o", layers, root)
    _run("mount", "--rbind", "/dev", root / "dev")
    _run("mount", "-t", "proc", "proc", root / "proc")
    _run("mount", "-t", "tmpfs", "run", root / "run")
    os.chroot(root)
    os.chdir(here)
    _run("mount", "-t", "sysfs", "sysfs", "/sys")
    hosts = "".join(f"{address} {names}\n" for address, names in NAMES.items())
    Path("/etc/hosts").write_text(hosts)
    _network()


def _network() -> None:
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "netns", "add", "pool")
    _run("ip", "link", "add", "farm0", "type", "veth", "peer", "name", "pool0", "netns", "pool")
    _run("ip", "address", "add", f"{FARM}/24", "dev", "farm0")
    _run("ip", "link", "set", "farm0", "up")
    _run("ip", "-n", "pool", "address", "add", f"{POOL}/24", "dev", "pool0")
    _run("ip", "-n", "pool", "link", "set", "pool0", "up")
    _run("ip", "-n", "pool", "link", "set", "lo", "up")


def _run(*command: str | Path) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {ran.stderr.strip()}")


if __name__ == "__main__":
    enter(Path("/mnt"))
