"""A job as a pool sends it, and the terms it comes under."""

from dataclasses import dataclass, replace

from stratumproxy.errors import ProtocolError
from stratumproxy.mining.block import Coinbase
from stratumproxy.protocol.v1.configure import parse_hex32

MAX_BRANCHES = 24
"""Merkle branches: a block of 4 MB weight has under 2**16 transactions, so 16 and some to spare."""

MAX_COINBASE = 16 * 1024 - 64
"""Bytes of coinb1 and coinb2 together: with both extranonces the share check takes 16 KiB.
WhatsMiner, the most tolerant firmware, takes 6,500."""

LAST_NTIME = 0xFFFFFFFF


def swap_words(data: bytes) -> bytes:
    """Reverse each 4-byte word: from stratum's order of the previous hash to internal, and back."""
    return b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))


@dataclass(frozen=True, slots=True)
class PoolJob:
    """A mining.notify, read and checked.

    Hex stays beside the bytes: it goes back out to the miners as it came.
    """

    pool_job_id: str
    prevhash_hex: str
    """As on the wire: 32 bytes, each 4-byte word reversed."""
    coinb1: bytes
    coinb2: bytes
    branches: tuple[bytes, ...]
    """32 bytes each, as hashed."""
    version: int
    nbits: int
    ntime: int
    clean: bool

    @classmethod
    def parse(cls, params: object) -> "PoolJob":
        """Read the params of a mining.notify.

        Raises:
            ProtocolError: names the first field that is wrong.
        """
        if not isinstance(params, list) or len(params) < 8:
            raise ProtocolError("mining.notify: 9 params expected")
        job_id, prevhash, coinb1, coinb2, branches, version, nbits, ntime = params[:8]
        if not isinstance(job_id, str) or len(job_id) > 128:
            raise ProtocolError("mining.notify: the job id is not a string of at most 128 chars")
        if not isinstance(branches, list) or len(branches) > MAX_BRANCHES:
            raise ProtocolError(
                f"mining.notify: the branches are not a list of at most {MAX_BRANCHES}"
            )
        start = _unhex("coinb1", coinb1, up_to=MAX_COINBASE)
        end = _unhex("coinb2", coinb2, up_to=MAX_COINBASE)
        if len(start) + len(end) > MAX_COINBASE:
            raise ProtocolError(
                f"mining.notify: coinb1 and coinb2 are more than {MAX_COINBASE} bytes"
            )
        return cls(
            pool_job_id=job_id,
            prevhash_hex=_unhex("prevhash", prevhash, 32).hex(),
            coinb1=start,
            coinb2=end,
            branches=tuple(_unhex("branch", branch, 32) for branch in branches),
            version=_integer("version", version),
            nbits=_integer("nbits", nbits),
            ntime=_integer("ntime", ntime),
            # It is the last, whatever else there is (ESP-Miner reads it there). A pool that leaves
            # it out is taken to mean the safe thing.
            clean=params[-1] is not False if len(params) > 8 else True,
        )

    @property
    def prevhash(self) -> bytes:
        """The previous block's hash in internal order, as in the header."""
        return swap_words(bytes.fromhex(self.prevhash_hex))

    def height(self, terms: "Terms") -> int | None:
        """The block it would make, if its coinbase says (BIP34). A cold path: some 20 µs."""
        filler = bytes(len(terms.extranonce1) + terms.extranonce2_size)
        try:
            return Coinbase.parse(self.coinb1 + filler + self.coinb2).height
        except ProtocolError:
            return None

    def aged(self, seconds: int) -> "PoolJob":
        """The same job with its ntime moved on.

        A job that is sent again must differ, or a miner whose extranonce2 starts from zero on each
        notify (ESP-Miner) finds the very shares it found before.
        """
        return replace(self, ntime=min(self.ntime + seconds, LAST_NTIME), clean=False)


def _unhex(name: str, value: object, size: int | None = None, up_to: int = 0) -> bytes:
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        data = None
    if data is None or (len(data) != size if size is not None else len(data) > up_to):
        wanted = f"{size} bytes" if size is not None else f"at most {up_to} bytes"
        raise ProtocolError(f"mining.notify: {name} is not {wanted} of hex")
    return data


def _integer(name: str, value: object) -> int:
    number = parse_hex32(value)
    if number is None:
        raise ProtocolError(f"mining.notify: {name} is not 8 hex digits")
    return number


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pool's session asks of the shares of a job: in force when the job arrived.

    Difficulty and extranonce bind from the next notify on, so each job keeps its own.
    """

    extranonce1: bytes
    extranonce2_size: int
    difficulty: float | int
    version_mask: int
