"""What a process and its children hold of the machine's memory."""

from contextlib import suppress
from pathlib import Path

import pytest

MIB = 1 << 20

needs_children = pytest.mark.skipif(
    not list(Path("/proc/self/task").glob("*/children")),
    reason="this system does not say who started whom",
)


def children(pid: int) -> set[int]:
    """The processes that one has started and that have not ended; none of one that is gone.

    Each thread has children of its own, and leaves them to the others when it ends.
    """
    found: set[int] = set()
    for each in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it was a thread of a moment
            found.update(map(int, each.read_text().split()))
    return found


def resident(pid: int) -> int:
    """Bytes in memory of a process and all its children; Linux only.

    A child that ends meanwhile counts nothing.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    kib = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")]
    return sum(kib) * 1024 + sum(map(resident, children(pid)))
