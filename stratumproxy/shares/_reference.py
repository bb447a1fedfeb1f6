"""The share check in plain Python and hashlib: what `_native.c` means, written to be read.

It is the specification, the oracle of the tests, and what serves where the C extension can't.
Both sides have one interface, `_native.pyi`, and the same tests run on both.

A share is a claim: "with these few bytes of mine put into that job, the block header hashes to
something small". Checking it means building that header and hashing it:

1. coinbase = coinb1 ‖ zeros ‖ extranonce1 ‖ extranonce2 ‖ coinb2
2. merkle root = sha256d(coinbase), then with each branch: sha256d(root ‖ branch)
3. header = version ‖ prevhash ‖ merkle root ‖ ntime ‖ nbits ‖ nonce, integers little-endian
4. hash = sha256d(header), read as a little-endian integer and compared with the targets

coinb1 as a `Work` holds it already ends with the pool's own extranonce1, and ``extranonce_size``
is the pool's extranonce2_size: the room that a miner's slot (its extranonce1) and its extranonce2
share. What they leave of it is zeros, in front.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import Final, final

from stratumproxy.shares.difficulty import difficulty_of, target_of_nbits
from stratumproxy.shares.verdict import Verdict

ABI: Final = 3

MAX_BRANCHES: Final = 32
"""A merkle branch of 32 hashes belongs to four billion transactions."""
MAX_COINBASE: Final = 16384
"""Bytes; more than twice the largest coinbase a miner is known to take (WhatsMiner: 6500)."""
SLICE: Final = 64
"""Seconds of ntime whose hashes are forgotten together: about a keep-alive."""
NTIME_ROLL: Final = 7000
"""Seconds a miner may roll ntime ahead of the job's (ckpool, stratifier.c)."""

_UINT32 = 0xFFFFFFFF


def kernels() -> tuple[str, ...]:
    """Names of what can hash here: the reference itself."""
    return ("reference",)


def kernel() -> str:
    """The name of what hashes."""
    return "reference"


def use_kernel(name: str) -> None:
    """Switch to another kernel of `kernels()`; ValueError for a name that is not there."""
    if name not in kernels():
        raise ValueError(f"no kernel {name!r} here")


def sha256d(data: bytes, /) -> bytes:
    """Double SHA-256, 32 bytes in internal (as hashed) order."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def share_difficulty(hash: bytes, /) -> float:
    """Difficulty of a 32-byte internal-order hash, the nearest double; infinity for 0."""
    _expect(len(hash) == 32, "hash must be 32 bytes")
    return difficulty_of(int.from_bytes(hash, "little"))


def scan(header: bytes, target: bytes, start: int, count: int, /) -> int | None:
    """First nonce in [start, start + count) for which the 80-byte header meets the target.

    The nonce that the header holds is ignored; nonces end at 2**32 - 1.
    """
    _expect(len(header) == 80, "header must be 80 bytes")
    _expect(len(target) == 32, "target must be 32 bytes")
    _expect_number("start", start)
    _expect_number("count", count, 2**32)
    limit = int.from_bytes(target, "little")
    common = hashlib.sha256(header[:76])
    for nonce in range(start, min(start + count, 2**32)):
        first = common.copy()
        first.update(struct.pack("<I", nonce))
        if int.from_bytes(hashlib.sha256(first.digest()).digest(), "little") <= limit:
            return nonce
    return None


@final
class Seen:
    """Header hashes that were accepted, each until nothing could bring it in again.

    A hash is known by its 8 low-order bytes, which no target makes alike, and by its header's
    ntime: what lies before the earliest that is still accepted is forgotten, a slice at a time.
    """

    def __init__(self) -> None:
        self._slices: dict[int, set[bytes]] = {}

    def add(self, hash: bytes, ntime: int, /) -> bool:
        """Remember a 32-byte internal-order hash of a header with that ntime. True when new."""
        _expect(len(hash) == 32, "hash must be 32 bytes")
        _expect_number("ntime", ntime)
        keys = self._slices.setdefault(ntime // SLICE, set())
        if hash[:8] in keys:
            return False
        keys.add(hash[:8])
        return True

    def forget(self, before: int, /) -> None:
        """No share with an ntime before this is accepted any more: forget those, by slices."""
        _expect_number("ntime", before)
        for number in [number for number in self._slices if number < before // SLICE]:
            del self._slices[number]

    def __len__(self) -> int:
        return sum(map(len, self._slices.values()))


@final
class Work:
    """One pool job, prepared. Arguments, byte orders and errors: `_native.pyi`."""

    def __init__(
        self,
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
        ntime_roll: int = NTIME_ROLL,
    ) -> None:
        _expect_number("extranonce_size", extranonce_size, MAX_COINBASE)
        _expect(
            len(coinb1) + extranonce_size + len(coinb2) <= MAX_COINBASE,
            "the coinbase is longer than 16384 bytes",
        )
        _expect(len(branches) <= MAX_BRANCHES, "more than 32 branches")
        _expect(all(len(branch) == 32 for branch in branches), "a branch must be 32 bytes")
        _expect(len(prevhash) == 32, "prevhash must be 32 bytes")
        _expect(len(pool_target) == 32, "pool_target must be 32 bytes")
        for name, value in (
            ("version", version),
            ("nbits", nbits),
            ("ntime", ntime),
            ("ntime_roll", ntime_roll),
        ):
            _expect_number(name, value)
        if not isinstance(seen, Seen):
            raise TypeError("seen must be a Seen")
        self._coinb1 = bytes(coinb1)
        self._coinb2 = bytes(coinb2)
        self._branches = tuple(branches)
        self._version = version
        self._prevhash = prevhash
        self._nbits = nbits
        self._ntime = ntime
        self._ntime_roll = ntime_roll
        self._extranonce_size = extranonce_size
        self._pool_target = int.from_bytes(pool_target, "little")
        self._network_target = target_of_nbits(nbits)
        self._seen = seen

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
        """Check one share."""
        for name, value in (
            ("ntime", ntime),
            ("nonce", nonce),
            ("version_bits", version_bits or 0),
            ("version_mask", version_mask),
        ):
            _expect_number(name, value)
        _expect(len(target) == 32, "target must be 32 bytes")
        self._expect_room(len(extranonce1) + len(extranonce2))

        version = self._version
        if version_bits is not None:
            outside = version_bits & ~version_mask
            # Some devices send the whole rolled version instead of its rolled bits alone.
            if outside not in (0, version & ~version_mask):
                return int(Verdict.BAD_VERSION), 0.0, b""
            version = (version & ~version_mask) | (version_bits & version_mask)
        if not self._ntime <= ntime <= self._ntime + self._ntime_roll:
            return int(Verdict.BAD_NTIME), 0.0, b""

        hash = sha256d(self.header(extranonce1, extranonce2, ntime, nonce, version))
        verdict = self._judge(hash, ntime, int.from_bytes(target, "little"))
        return verdict, share_difficulty(hash), hash

    def _judge(self, hash: bytes, ntime: int, target: int) -> int:
        value = int.from_bytes(hash, "little")
        # What the pool would take must count, however hard the miner's own target is.
        if value > target and value > self._pool_target:
            return int(Verdict.LOW_DIFFICULTY)
        if not self._seen.add(hash, ntime):
            return int(Verdict.DUPLICATE)
        if value <= self._network_target:
            return int(Verdict.BLOCK)
        return int(Verdict.POOL_SHARE if value <= self._pool_target else Verdict.SHARE)

    def header(
        self,
        extranonce1: bytes,
        extranonce2: bytes,
        ntime: int,
        nonce: int,
        version: int,
        /,
    ) -> bytes:
        """The 80-byte block header of one share."""
        for name, value in (("ntime", ntime), ("nonce", nonce), ("version", version)):
            _expect_number(name, value)
        pad = self._expect_room(len(extranonce1) + len(extranonce2))
        coinbase = self._coinb1 + bytes(pad) + extranonce1 + extranonce2 + self._coinb2
        root = sha256d(coinbase)
        for branch in self._branches:
            root = sha256d(root + branch)
        return struct.pack("<I32s32sIII", version, self._prevhash, root, ntime, self._nbits, nonce)

    def _expect_room(self, size: int) -> int:
        """Bytes of padding in front of so many extranonce bytes."""
        pad = self._extranonce_size - size
        _expect(pad >= 0, "extranonce1 and extranonce2 are longer than the pool's extranonce2")
        return pad


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def _expect_number(name: str, value: int, most: int = _UINT32) -> None:
    _expect(0 <= value <= most, f"{name} must be from 0 to {most}")
