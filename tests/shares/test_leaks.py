"""What the C share check takes, it gives back."""

import gc
import sys
from pathlib import Path
from types import ModuleType

import pytest

TARGET = b"\xff" * 32


def make_work(native: ModuleType, seen: object, branches: object = (bytes(32),)) -> object:
    return native.Work(
        bytes(100), bytes(100), branches, 1, bytes(32), 0x1701D936, 0, 8, bytes(32), seen
    )


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def test_references(native: ModuleType) -> None:
    seen = native.Seen(100)
    arguments = [b"slot", 4, "0000000a", "0", "1234", "2000", 0x1FFFE000, TARGET]
    watched = [*arguments, "not hex", None, seen, native.Seen, native.Work, bytes(32)]
    branches = [bytes(32)] * 3
    watched.append(branches)
    before = [sys.getrefcount(object) for object in watched]
    for i in range(2000):
        work = make_work(native, seen, branches)
        work.check(*arguments)
        work.check(b"slot", 4, "not hex", "0", "1", None, 0, TARGET)
        work.header(b"", b"", 0, i, 1)
        with pytest.raises(ValueError, match="longer"):
            work.check(b"too much", 4, "", "", "", None, 0, TARGET)
        with pytest.raises(ValueError, match="a branch"):
            make_work(native, seen, [bytes(31)])
        with pytest.raises(ValueError, match="branches"):
            make_work(native, seen, [bytes(32)] * 33)
        with pytest.raises(TypeError):
            make_work(native, seen, [None])
        with pytest.raises(TypeError):
            make_work(native, None)
    del work
    gc.collect()
    after = [sys.getrefcount(object) for object in watched]
    # A reference lost or taken too often would show 2000 times; None's count and those of small
    # integers move a little with the interpreter's own doings.
    assert [b - a for a, b in zip(before, after, strict=True) if abs(b - a) > 500] == []


def test_work_keeps_its_seen_alive(native: ModuleType) -> None:
    work = make_work(native, native.Seen(100))
    gc.collect()
    arguments = (b"", 8, "00" * 8, "0", "1", None, 0, TARGET)
    assert [work.check(*arguments)[0] for _ in range(2)] == [0, 9]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_memory_stays_flat(native: ModuleType) -> None:
    def churn(times: int) -> None:
        seen = native.Seen(1000)
        work = make_work(native, seen)
        for i in range(times):
            work.check(b"slot", 4, f"{i:08x}", "0", "1", None, 0, TARGET)
            work.check(b"slot", 4, f"{i:08x}\u0663", "\ud800", "1", None, 0, TARGET)
            if i % 10 == 0:
                make_work(native, native.Seen()).header(b"", b"", 0, i, 1)

    churn(20_000)
    before = resident()
    churn(100_000)
    # A leak of one object or table a turn would be several megabytes.
    assert resident() - before < 1 << 20
