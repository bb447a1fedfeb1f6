"""A job on the miner's side: notify's params in, block headers out. hashlib only."""

import hashlib
import struct
from functools import lru_cache

from stratumproxy.shares.difficulty import target_bytes
from stratumproxy.testing.jobs import swap_words


class CoinbaseError(ValueError):
    """The coinbase is no transaction with extranonces of these sizes."""


class MinerJob:
    """A job as one miner got it: what bound when it came binds the shares made of it.

    Args:
        params: the nine params of ``mining.notify``.
        extranonce1: the connection's.
        extranonce2_size: bytes, the connection's.
        difficulty: that a share must have.
        received: when it came, in the caller's seconds.

    Raises:
        ValueError: naming what is wrong with the params.
    """

    __slots__ = (
        "_coinb2",
        "_coinbase_start",
        "branches",
        "clean",
        "coinbase_size",
        "difficulty",
        "extranonce1",
        "extranonce2_size",
        "job_id",
        "nbits",
        "ntime",
        "prevhash",
        "received",
        "target",
        "version",
    )

    def __init__(
        self,
        params: object,
        extranonce1: bytes,
        extranonce2_size: int,
        difficulty: float,
        received: float = 0.0,
    ) -> None:
        if not isinstance(params, list) or len(params) != 9:
            raise ValueError("notify has nine params")
        job_id, prevhash, coinb1, coinb2, branches, version, nbits, ntime, clean = params
        if not isinstance(job_id, str):  # it may be empty: a pool was captured doing that
            raise ValueError("job_id is a string")
        if not isinstance(clean, bool):
            raise ValueError("clean_jobs is true or false")
        if not isinstance(branches, list):
            raise ValueError("merkle_branches is a list")
        self.job_id: str = job_id
        self.clean: bool = clean
        self.prevhash = swap_words(_hex(prevhash, "prevhash", 32))
        self.version = _number(version, "version")
        self.nbits = _number(nbits, "nbits")
        self.ntime = _number(ntime, "ntime")
        self.extranonce1 = extranonce1
        self.extranonce2_size = extranonce2_size
        self.difficulty = difficulty
        self.target = target_bytes(difficulty)
        self.received = received
        self.branches = tuple(_hex(branch, "a branch", 32) for branch in branches)
        start = _hex(coinb1, "coinb1")
        self._coinb2 = _hex(coinb2, "coinb2")
        room = len(extranonce1) + extranonce2_size
        check_coinbase(start, room, self._coinb2)
        self.coinbase_size = len(start) + room + len(self._coinb2)
        # Everything in front of extranonce2 is hashed once a job.
        self._coinbase_start = hashlib.sha256(start + extranonce1)

    def header(self, extranonce2: bytes, version: int, ntime: int, nonce: int = 0) -> bytes:
        """The 80-byte header of one try."""
        coinbase = self._coinbase_start.copy()
        coinbase.update(extranonce2 + self._coinb2)
        root = hashlib.sha256(coinbase.digest()).digest()
        for branch in self.branches:
            root = hashlib.sha256(hashlib.sha256(root + branch).digest()).digest()
        return struct.pack("<I32s32sIII", version, self.prevhash, root, ntime, self.nbits, nonce)


@lru_cache(maxsize=64)
def check_coinbase(coinb1: bytes, room: int, coinb2: bytes) -> None:
    """See that coinb1, an extranonce of `room` bytes, and coinb2 make one whole transaction.

    It has one input, any number of outputs, no witness (BIP144 tells them apart by a zero byte).
    A wrong extranonce size shows here: the script's length no longer fits.

    Raises:
        CoinbaseError: it does not end where its own lengths say it does.
    """
    data = coinb1 + bytes(room) + coinb2
    try:
        inputs, at = _varint(data, 4)
        script_size, at = _varint(data, at + 36)
        script_end = at + script_size
        outputs, at = _varint(data, script_end + 4)
        for _ in range(outputs):
            size, at = _varint(data, at + 8)
            at += size
    except IndexError:
        raise CoinbaseError("the coinbase is cut short: do the extranonce sizes fit?") from None
    if inputs != 1 or not len(coinb1) + room <= script_end or at + 4 != len(data):
        raise CoinbaseError("the coinbase is no transaction: do the extranonce sizes fit?")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A CompactSize and where it ends."""
    size = {0xFD: 2, 0xFE: 4, 0xFF: 8}.get(data[at], 0)
    if not size:
        return data[at], at + 1
    return int.from_bytes(data[at + 1 : at + 1 + size], "little"), at + 1 + size


def _hex(text: object, name: str, size: int | None = None) -> bytes:
    try:
        data = bytes.fromhex(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"{name} is no hex: {text!r:.80}") from None
    if size is not None and len(data) != size:
        raise ValueError(f"{name} has {len(data)} bytes, {size} expected")
    return data


def _number(text: object, name: str) -> int:
    """An integer as eight hex digits; miners parse exactly four bytes."""
    return int.from_bytes(_hex(text, name, 4), "big")
