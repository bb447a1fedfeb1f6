"""What one share check costs, on every kernel here, against the hashing that it can't avoid.

    python bench/share_check.py
    python bench/share_check.py --coinbase 700 --branches 14 --rounds 40

Prints nanoseconds, which mean little on a machine that others use too, and ratios measured within
one round each, which mean more: their median, and the middle half of the rounds.

"bare" is the time of as many SHA-256 compressions as the check does, measured as one sha256d of
a long message (where nothing but compressions counts). "reference" is the check in Python with
hashlib.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from types import ModuleType

from stratumproxy.shares import _choose, _reference

TARGET = b"\xff" * 32
LONG_BLOCKS = 2000


def prepare(module: ModuleType, coinbase: int, branches: int) -> Callable[[int], float]:
    """A function that checks so many shares, all new, and gives the nanoseconds of one."""
    coinb1 = coinbase * 2 // 5
    work = module.Work(
        bytes(coinb1),
        bytes(coinbase - coinb1 - 8),
        [bytes([i]) * 32 for i in range(branches)],
        0x20000000,
        bytes(32),
        0x1701D936,
        0x65DF9900,
        8,
        bytes(32),
        module.Seen(),
    )
    check = work.check
    nonces = iter(range(2**32))

    def run(count: int) -> float:
        found = [next(nonces) for _ in range(count)]
        start = time.perf_counter_ns()
        for nonce in found:
            check(b"slot", b"\0\0\0*", 0x65DF993C, nonce, 0x2000, 0x1FFFE000, TARGET)
        return (time.perf_counter_ns() - start) / count

    return run


def compressions(coinbase: int, branches: int) -> int:
    """How many blocks one check compresses: only coinb1's whole blocks are hashed beforehand."""
    before = coinbase * 2 // 5 // 64
    blocks = (coinbase + 9 + 63) // 64 - before
    return blocks + 1 + 3 * branches + 3


def bare(module: ModuleType) -> float:
    """Nanoseconds of one compression."""
    message = bytes(64 * LONG_BLOCKS)
    start = time.perf_counter_ns()
    module.sha256d(message)
    return (time.perf_counter_ns() - start) / (LONG_BLOCKS + 2)


def spread(values: list[float]) -> str:
    """Median, and the middle half."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:6.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--coinbase", type=int, default=282, help="bytes (default 282)")
    parser.add_argument("--branches", type=int, default=12, help="merkle branches (default 12)")
    parser.add_argument("--rounds", type=int, default=30, help="rounds (default 30)")
    parser.add_argument("--count", type=int, default=1000, help="checks a round (default 1000)")
    options = parser.parse_args()

    native, why_not = _choose.load_native()
    if native is None:
        parser.exit(1, f"{why_not}\n")
    blocks = compressions(options.coinbase, options.branches)
    runs = {
        name: prepare(
            _reference if name == "reference" else native, options.coinbase, options.branches
        )
        for name in _choose.available(native)
    }
    check: dict[str, list[float]] = {name: [] for name in runs}
    hashing: dict[str, list[float]] = {name: [] for name in native.kernels()}
    for _ in range(options.rounds):
        for name, run in runs.items():
            if name in hashing:
                native.use_kernel(name)
                hashing[name].append(bare(native) * blocks)
            check[name].append(run(options.count))

    print(f"coinbase of {options.coinbase} bytes, {options.branches} branches: ", end="")
    print(f"{blocks} compressions; {options.rounds} rounds of {options.count} checks\n")
    print(f"{'kernel':<10} {'check':>9} {'bare':>9}  {'check / bare':<24} reference / check")
    for name, times in check.items():
        faster = [r / t for r, t in zip(check["reference"], times, strict=True)]
        line = f"{name:<10} {statistics.median(times):>6.0f} ns "
        if name in hashing:
            slower = [t / h for t, h in zip(times, hashing[name], strict=True)]
            line += f"{statistics.median(hashing[name]):>6.0f} ns  {spread(slower):<24} "
            line += spread(faster)
        print(line)


if __name__ == "__main__":
    main()
