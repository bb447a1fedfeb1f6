"""The C share check. The same interface, in Python, is `_reference.py`, which says what it means.

Everything is bytes and integers; how they look on some wire is read elsewhere. What has another
type, size or range than is said here is a programming error: TypeError or ValueError.
"""

from collections.abc import Sequence
from typing import final

ABI: int
"""Number of this interface: raised when it changes, so that a stale build is noticed."""

def kernels() -> tuple[str, ...]:
    """Names of the SHA-256 kernels this CPU can run, best first, self-tested."""

def kernel() -> str:
    """The kernel in use."""

def use_kernel(name: str, /) -> None:
    """Switch to another kernel of `kernels()` (tests and benchmarks). ValueError otherwise."""

def sha256d(data: bytes, /) -> bytes:
    """Double SHA-256 of any bytes, 32 bytes in internal (as hashed) order."""

def scan(header: bytes, target: bytes, start: int, count: int, /) -> int | None:
    """First nonce in [start, start + count) for which the 80-byte header meets the target.

    The nonce that the header holds is ignored; nonces end at 2**32 - 1. The GIL is released.
    The target is 32 bytes, little-endian.
    """

def share_difficulty(hash: bytes, /) -> float:
    """Difficulty of a 32-byte internal-order hash: (0xffff << 208) / hash, the nearest double.

    Infinity for 0.
    """

@final
class Seen:
    """Header hashes that were accepted, each until nothing could bring it in again.

    A hash is known by its 8 low-order bytes and its header's ntime. Nothing is forgotten but what
    `forget` is told to; memory grows with use, by 16 to 32 bytes a hash, and is taken in slices of
    64 s of ntime, which are given back whole.
    """

    def __new__(cls) -> Seen: ...
    def add(self, hash: bytes, ntime: int, /) -> bool:
        """Remember a 32-byte internal-order hash of a header with that ntime. True when new."""

    def forget(self, before: int, /) -> None:
        """No share with an ntime before this is accepted any more: forget those, or most of them.

        Hashes in the slice that the moment itself lies in are kept.
        """

    def __len__(self) -> int:
        """How many hashes are remembered."""

@final
class Work:
    """One pool job, prepared.

    Args:
        coinb1: the coinbase up to the pool's extranonce2: the notify's coinb1 ‖ the pool's
            extranonce1.
        coinb2: the coinbase after it.
        branches: the merkle branch, at most 32 hashes of 32 bytes, internal order.
        version: of the job, 0 to 2**32 - 1, as are nbits and ntime.
        prevhash: 32 bytes in internal (header) order; the wire's order is another one.
        nbits: the network's target in compact form.
        ntime: the earliest ntime a share may have.
        extranonce_size: bytes between coinb1 and coinb2: the pool's extranonce2_size. The whole
            coinbase may be 16384 bytes long.
        pool_target: the pool's target, 32 bytes, little-endian.
        seen: where accepted header hashes are remembered; several jobs may share one.
        ntime_roll: seconds that a share's ntime may lie after the job's.

    Raises:
        ValueError: a size or number is outside these limits.
        TypeError: an argument has another type.

    """

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
        extranonce2: bytes,
        ntime: int,
        nonce: int,
        version_bits: int | None,
        version_mask: int,
        target: bytes,
        /,
    ) -> tuple[int, float, bytes]:
        """Check one share.

        What is looked at, in this order: the version, the ntime, the hash against the targets, and
        whether the hash is new. Only an accepted share's hash is remembered.

        Args:
            extranonce1: the miner's (its slot in the proxy).
            extranonce2: what the miner chose; it has the size that the miner was told.
            ntime: seconds, 0 to 2**32 - 1, as are all other numbers.
            nonce: of the header.
            version_bits: replace the job version's bits inside the mask; bits outside it must be
                all zero or all as in the job's version. None: no rolling.
            version_mask: the bits a miner may roll; 0 when nothing was negotiated.
            target: the miner's target for this job, 32 bytes, little-endian. Equal meets.

        Returns:
            The `Verdict` as a plain int, the share's difficulty, and the header's hash in
            internal order. The difficulty is 0.0 and the hash empty when the verdict fell before
            anything was hashed. A share that misses the miner's target and meets the pool's is
            accepted.

        Raises:
            ValueError: extranonce1 and extranonce2 do not fit between coinb1 and coinb2, or a
                number is outside its limits.
            MemoryError: an accepted hash can't be remembered.

        """

    def header(
        self,
        extranonce1: bytes,
        extranonce2: bytes,
        ntime: int,
        nonce: int,
        version: int,
        /,
    ) -> bytes:
        """The 80-byte block header of one share; `version` is the header's own, rolled or not."""
