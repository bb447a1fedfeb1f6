"""What a process and its children hold of the machine's memory."""

from pathlib import Path

MIB = 1 << 20


def resident(pid: int) -> int:
    """Bytes in memory of a process and all its children; Linux only.

    A child that ends meanwhile counts nothing.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        # Each thread has children of its own, and leaves them to the others when it ends.
        threads = list(Path(f"/proc/{pid}/task").glob("*/children"))
        children = {child for each in threads for child in each.read_text().split()}
    except OSError:
        return 0
    kib = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")]
    return sum(kib) * 1024 + sum(resident(int(child)) for child in children)
