"""Jobs as a pool makes them: a plausible coinbase, branches from a seed, nothing that is real."""

import random
import struct
from dataclasses import dataclass
from functools import lru_cache

EASY_NBITS = 0x207FFFFF
"""regtest's nbits: every second hash is a block."""
MAINNET_NBITS = 0x17034219
"""A mainnet value of 2024: nothing a test finds is a block."""

SCRIPT_LIMIT = 100
"""Bytes a coinbase's input script may have (consensus: Bitcoin Core, CheckTransaction)."""
_TAG = b"/stratumproxy.testing/"
_P2WPKH = b"\x00\x14"
_COMMITMENT = b"\x6a\x24\xaa\x21\xa9\xed"


@dataclass(frozen=True)
class PoolJob:
    """One job of a pool, for whatever extranonce its connections have.

    Everything is in internal byte order; `notify` writes it as the wire does.
    """

    job_id: str
    height: int
    prevhash: bytes
    branches: tuple[bytes, ...]
    version: int
    nbits: int
    ntime: int
    clean: bool
    coinbase_size: int
    payout: bytes
    """20 bytes: the key hash that the payout goes to; makes one job's coinbase its own."""

    def coinbase(self, extranonce_size: int) -> tuple[bytes, bytes]:
        """coinb1 and coinb2 around an extranonce (1 and 2 together) of that many bytes."""
        return _coinbase(self.height, self.payout, extranonce_size, self.coinbase_size)

    def notify(self, extranonce_size: int) -> list[object]:
        """The params of ``mining.notify``."""
        coinb1, coinb2 = self.coinbase(extranonce_size)
        return [
            self.job_id,
            swap_words(self.prevhash).hex(),
            coinb1.hex(),
            coinb2.hex(),
            [branch.hex() for branch in self.branches],
            f"{self.version:08x}",
            f"{self.nbits:08x}",
            f"{self.ntime:08x}",
            self.clean,
        ]


class JobSource:
    """Makes jobs, one after the other: the same ones for the same seed and times.

    Args:
        rng: where prevhashes, branches and payouts come from.
        height: the height of the first block to find; each clean job is one higher.
    """

    def __init__(self, rng: random.Random, height: int = 870_000) -> None:
        self._rng = rng
        self._height = height - 1
        self._count = 0
        self._prevhash = bytes(32)

    def next(
        self,
        ntime: int,
        *,
        clean: bool,
        coinbase_size: int,
        branches: int,
        version: int,
        nbits: int,
    ) -> PoolJob:
        """The next job. A clean one is on a new block; job ids never repeat in one source."""
        rng = self._rng
        if clean or not self._count:
            self._height += 1
            # Real hashes end in zeros; the eight of them make a dump look right.
            self._prevhash = rng.randbytes(24) + bytes(8)
        self._count += 1
        return PoolJob(
            job_id=f"{self._count:x}",
            height=self._height,
            prevhash=self._prevhash,
            branches=tuple(rng.randbytes(32) for _ in range(branches)),
            version=version,
            nbits=nbits,
            ntime=ntime,
            clean=clean,
            coinbase_size=coinbase_size,
            payout=rng.randbytes(20),
        )

    def was_issued(self, job_id: str) -> bool:
        """Whether a job of that id was ever made here: such a job is stale, others are unknown."""
        try:
            return 1 <= int(job_id, 16) <= self._count
        except ValueError:
            return False


def swap_words(data: bytes) -> bytes:
    """Each 4-byte word reversed: a prevhash between internal order and the wire's."""
    count = len(data) // 4
    return struct.pack(f">{count}I", *struct.unpack(f"<{count}I", data))


@lru_cache(maxsize=256)
def _coinbase(
    height: int, payout: bytes, extranonce_size: int, wanted_size: int
) -> tuple[bytes, bytes]:
    """A coinbase without witness, cut where the extranonce goes.

    BIP34 wants the height as the script's first push. As much as `wanted_size` asks for is filled
    up with an OP_RETURN output: exactly, or up to 9 bytes (the output's own frame) short.
    """
    push = _height_push(height)
    tag = _TAG[: SCRIPT_LIMIT - len(push) - extranonce_size]
    script_size = len(push) + extranonce_size + len(tag)
    coinb1 = (
        struct.pack("<I", 2)  # transaction version
        + b"\x01"
        + bytes(32)
        + b"\xff" * 4
        + bytes([script_size])
        + push
    )
    outputs = [
        _output(312_500_000, _P2WPKH + payout),
        _output(0, _COMMITMENT + payout + bytes(12)),
    ]
    rest = len(tag) + 4 + 1 + sum(map(len, outputs)) + 4
    missing = wanted_size - len(coinb1) - extranonce_size - rest
    if missing >= 10:
        frame = 9 if missing - 9 < 0xFD else 11  # the value, and one or three bytes of size
        outputs.append(_output(0, b"\x6a" * (missing - frame)))
    coinb2 = tag + b"\xff" * 4 + bytes([len(outputs)]) + b"".join(outputs) + bytes(4)
    return coinb1, coinb2


def _height_push(height: int) -> bytes:
    """The height as a script number (BIP34), with the length in front."""
    size = height.bit_length() // 8 + 1  # one more bit for the sign
    return bytes([size]) + height.to_bytes(size, "little")


def _output(value: int, script: bytes) -> bytes:
    return struct.pack("<Q", value) + _varint(len(script)) + script


def _varint(value: int) -> bytes:
    """Bitcoin's CompactSize, as far as a script needs it."""
    if value < 0xFD:
        return bytes([max(value, 0)])
    return b"\xfd" + struct.pack("<H", value)
