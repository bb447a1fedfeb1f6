"""A job as a pool sends it, and the terms it comes under."""

from dataclasses import dataclass, replace

from stratumproxy.errors import ProtocolError
from stratumproxy.mining.block import Coinbase

MAX_BRANCHES = 24
"""Merkle branches: a block of 4 MB weight has under 2**16 transactions, so 16 and some to spare."""

MAX_COINBASE = 16 * 1024 - 64
"""Bytes of coinb1 and coinb2 together: with both extranonces the share check takes 16 KiB.
WhatsMiner, the most tolerant firmware, takes 6,500."""

LAST_NTIME = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class PoolJob:
    """A pool's work, read and checked."""

    pool_job_id: str
    prevhash: bytes
    """The previous block's hash in internal order, as in the header."""
    coinb1: bytes
    coinb2: bytes
    branches: tuple[bytes, ...]
    """32 bytes each, as hashed."""
    version: int
    nbits: int
    ntime: int
    clean: bool

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


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pool's session asks of the shares of a job: in force when the job arrived.

    Difficulty and extranonce bind from the next notify on, so each job keeps its own.
    """

    extranonce1: bytes
    extranonce2_size: int
    difficulty: float | int
    version_mask: int
