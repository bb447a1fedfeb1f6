"""What the C share check takes, it gives back."""

import gc
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TARGET = b"\xff" * 32


def make_work(native: ModuleType, seen: object, branches: object = (bytes(32),)) -> Any:
    return native.Work(
        bytes(100), bytes(100), branches, 1, bytes(32), 0x1701D936, 0, 8, bytes(32), seen
    )


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def test_references(native: ModuleType) -> None:
    # Objects that nothing else in the interpreter can refer to.
    extranonce1, extranonce2, target, branch = (bytes(bytearray(size)) for size in (4, 4, 32, 32))
    ntime, nonce, bits, number = (int(digits) for digits in ("1000", "4660", "8192", "123456"))
    branches, seen = [branch], native.Seen()
    watched = [extranonce1, target, branch, number, branches, seen, native.Seen, native.Work]
    watched += [extranonce2, ntime, nonce, bits]
    gc.collect()
    before = [sys.getrefcount(object) for object in watched]
    for i in range(2000):
        work = make_work(native, seen, branches)
        work.check(extranonce1, extranonce2, ntime, nonce, bits, number, target)
        work.check(extranonce1, extranonce2, ntime, nonce, None, number, target)
        work.header(extranonce1, branch[:4], number, i, number)
        native.scan(bytes(80), target, number, 1)
        seen.add(branch, number)
        seen.forget(number)
        with pytest.raises(ValueError, match="longer"):
            work.check(target, extranonce2, ntime, nonce, bits, number, target)
        with pytest.raises(TypeError):
            work.check(extranonce1, extranonce2, ntime, nonce, branch, number, target)
        with pytest.raises(ValueError, match="a branch"):
            make_work(native, seen, [branch, extranonce1])
        with pytest.raises(ValueError, match="branches"):
            make_work(native, seen, [branch] * 33)
        with pytest.raises(TypeError):
            make_work(native, seen, [number])
        with pytest.raises(TypeError):
            make_work(native, target, branches)
    del work
    gc.collect()
    assert [sys.getrefcount(object) for object in watched] == before


def test_work_keeps_its_seen_alive(native: ModuleType) -> None:
    work = make_work(native, native.Seen())
    gc.collect()
    arguments = (b"", bytes(8), 0, 1, None, 0, TARGET)
    assert [work.check(*arguments)[0] for _ in range(2)] == [0, 9]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_memory_stays_flat(native: ModuleType) -> None:
    def churn(times: int) -> None:
        seen = native.Seen()
        work = make_work(native, seen)
        for i in range(times):
            work.check(b"slot", i.to_bytes(4, "big"), i // 20, 1, None, 0, TARGET)
            work.check(b"slot", i.to_bytes(4, "big"), i, 1, i, 0, TARGET)
            if i % 1000 == 0:
                seen.forget(i // 20)
            if i % 10 == 0:
                make_work(native, native.Seen()).header(b"", b"", 0, i, 1)

    churn(20_000)
    before = resident()
    churn(100_000)
    # A leak of one object or table a turn would be several megabytes.
    assert resident() - before < 1 << 20
