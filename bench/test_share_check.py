"""One share check on every kernel, beside hashlib, and beside its compressions alone.

    make microbench

Not part of `make test`, which measures nothing. A round is 1,000 shares, so a table in
milliseconds reads as microseconds a share. share_check.py prints the same as ratios of one run.
"""

import hashlib
from collections.abc import Callable
from itertools import count
from types import ModuleType

import pytest

from bench.share_check import compressions
from stratumproxy.shares import _choose, _reference

pytest.importorskip("pytest_benchmark")
from pytest_benchmark.fixture import BenchmarkFixture

COINBASE, BRANCHES = 282, 12
SHARES = 1000
ROUNDS = 60
TARGET = b"\xff" * 32
COINB1, COINB2 = bytes(COINBASE * 2 // 5), bytes(COINBASE - COINBASE * 2 // 5 - 8)
BRANCH = [bytes([number]) * 32 for number in range(BRANCHES)]

NATIVE, WHY_NOT = _choose.load_native()
KERNELS: tuple[str, ...] = NATIVE.kernels() if NATIVE else ()


@pytest.fixture(autouse=True)
def _best_kernel_again() -> "object":
    yield
    if NATIVE:
        NATIVE.use_kernel(KERNELS[0])


def use(name: str) -> ModuleType:
    """The module that checks with a kernel, which it is set to."""
    if name == "reference":
        return _reference
    assert NATIVE is not None
    NATIVE.use_kernel(name)
    return NATIVE


def rounds(benchmark: BenchmarkFixture, run: Callable[[list[int]], object]) -> None:
    """Time `run` on 1,000 new nonces a round."""
    numbers = count()

    def setup() -> tuple[tuple[list[int]], dict[str, object]]:
        return ([next(numbers) for _ in range(SHARES)],), {}

    benchmark.pedantic(run, setup=setup, rounds=ROUNDS, warmup_rounds=5)


@pytest.mark.parametrize("kernel", [*KERNELS, "reference"])
@pytest.mark.benchmark(group="1,000 share checks")
def test_check(benchmark: BenchmarkFixture, kernel: str) -> None:
    module = use(kernel)
    work = module.Work(
        COINB1, COINB2, BRANCH, 0x20000000, bytes(32), 0x17034219, 0x65DF9900, 8, bytes(32),
        module.Seen(),
    )  # fmt: skip
    check = work.check

    def run(nonces: list[int]) -> None:
        for nonce in nonces:
            check(b"slot", b"\0\0\0*", 0x65DF993C, nonce, 0x2000, 0x1FFFE000, TARGET)

    rounds(benchmark, run)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.benchmark(group="1,000 times its compressions alone")
def test_compressions(benchmark: BenchmarkFixture, kernel: str) -> None:
    sha256d = use(kernel).sha256d
    # A sha256d of 64 n bytes compresses n + 2 blocks: the padding's, and the second hash's.
    message = bytes(64 * (SHARES * compressions(COINBASE, BRANCHES) - 2))
    rounds(benchmark, lambda _nonces: sha256d(message))


@pytest.mark.benchmark(group="1,000 times the same hashes")
def test_hashlib(benchmark: BenchmarkFixture) -> None:
    sha256, header = hashlib.sha256, bytes(36)

    def run(nonces: list[int]) -> None:
        for nonce in nonces:
            coinbase = COINB1 + b"slot" + bytes(4) + COINB2
            root = sha256(sha256(coinbase).digest()).digest()
            for branch in BRANCH:
                root = sha256(sha256(root + branch).digest()).digest()
            nonce_bytes = nonce.to_bytes(4, "little")
            sha256(sha256(header + root + bytes(8) + nonce_bytes).digest()).digest()

    rounds(benchmark, run)
