"""The C share check. The same interface, in Python, is `_reference.py`, which says what it means."""

from collections.abc import Sequence
from typing import final

ABI: int

def kernels() -> tuple[str, ...]:
    """Names of the SHA-256 kernels this CPU can run, best first, self-tested."""

def kernel() -> str:
    """The kernel in use."""

def use_kernel(name: str) -> None:
    """Switch to another kernel of `kernels()` (tests and benchmarks). ValueError otherwise."""

def sha256d(data: bytes, /) -> bytes:
    """Double SHA-256 of any bytes, 32 bytes in internal (as hashed) order."""

def scan(header: bytes, target: bytes, start: int, count: int, /) -> int | None:
    """First nonce in [start, start + count) for which the 80-byte header meets the target."""

def share_difficulty(hash: bytes, /) -> float:
    """Difficulty of a 32-byte internal-order hash: (0xffff << 208) / hash."""

@final
class Seen:
    """Header hashes that were accepted, bounded: two generations of `limit` hashes each."""
    def __new__(cls, limit: int = ...) -> Seen: ...
    def clear(self) -> None: ...
    def __len__(self) -> int: ...

@final
class Work:
    """One pool job, prepared."""
    def __new__(
        cls,
        coinb1: bytes,
        coinb2: bytes,
        branches: Sequence[bytes],
        version: int,
        prevhash: bytes,
        nbits: int,
        ntime: int,
        extranonce_size: int,
        pool_target: bytes,
        seen: Seen,
        ntime_roll: int = ...,
    ) -> Work: ...
    def check(
        self,
        extranonce1: bytes,
        extranonce2_size: int,
        extranonce2: str,
        ntime: str,
        nonce: str,
        version_bits: str | None,
        version_mask: int,
        target: bytes,
        /,
    ) -> tuple[int, float, bytes | None]: ...
    def header(
        self,
        extranonce1: bytes,
        extranonce2: bytes,
        ntime: int,
        nonce: int,
        version: int,
        /,
    ) -> bytes: ...
