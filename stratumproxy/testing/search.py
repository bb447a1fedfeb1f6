"""Looking for shares: the part of a simulated miner that hashes."""

import hashlib
import random
from dataclasses import dataclass
from typing import Literal

from stratumproxy.shares import scan
from stratumproxy.shares.difficulty import target_of
from stratumproxy.testing.miner_job import MinerJob

NTIME_ROLL = 600
"""Seconds that ntime is rolled at most; the tightest pools allow that (btcpool)."""
VERSIONS_EACH = 4
"""Versions tried with one extranonce2, so that both get exercised."""


@dataclass(slots=True)
class MinedShare:
    """One share that was found, and what became of it."""

    job_id: str
    extranonce2: str
    ntime: str
    nonce: str
    version_bits: str | None
    """None: five params."""
    hash: bytes
    """Of the header, internal byte order."""
    difficulty: float
    """What its job asked for."""
    verdict: Literal["found", "submitted", "accepted", "rejected", "lost"] = "found"
    code: int | None = None
    """Of a rejected one; None if the server gave none."""
    text: str = ""
    """Why it was rejected, in the server's words."""

    def meets(self, difficulty: float) -> bool:
        """Whether its hash meets another difficulty, say the pool's."""
        return int.from_bytes(self.hash, "little") <= target_of(difficulty)


@dataclass(slots=True)
class _Header:
    """A header whose nonces are being tried."""

    job: MinerJob
    mask: int
    header: bytes
    extranonce2: bytes
    bits: int
    ntime: int
    nonce: int
    """The next to try."""


class Search:
    """Where a miner is in the space of headers of its job.

    Args:
        seed: where it begins; another one for each miner.
        six_params: give shares version bits also without a mask.
        pads_nonce: write nonces as eight digits.
    """

    def __init__(self, seed: int, *, six_params: bool = False, pads_nonce: bool = True) -> None:
        self._rng = random.Random(seed)
        self._six_params = six_params
        self._pads_nonce = pads_nonce
        self._counter = self._rng.getrandbits(32)
        self._header: _Header | None = None
        self.hashes = 0
        """Tried since the start."""

    def find(
        self,
        job: MinerJob,
        version_mask: int,
        count: int,
        now: float,
        difficulty: float | None = None,
    ) -> MinedShare | None:
        """Try `count` hashes at most.

        Args:
            job: what to mine on.
            version_mask: what of the version may be rolled.
            count: hashes.
            now: of the clock that `job.received` is of; ntime is rolled by their difference.
            difficulty: another one than the job's.

        Returns:
            The first share found, None if there was none.
        """
        target = job.target
        if difficulty is not None:
            target = target_of(difficulty).to_bytes(32, "little")
        end = self.hashes + count
        while self.hashes < end:
            at = self._header
            if at is None or at.job is not job or at.mask != version_mask:
                at = self._header = self._next_header(job, version_mask, now)
            tries = min(end - self.hashes, 2**32 - at.nonce)
            nonce = scan(at.header, target, at.nonce, tries)
            if nonce is None:
                self.hashes += tries
                at.nonce += tries
                if at.nonce == 2**32:
                    self._header = None
            else:
                self.hashes += nonce + 1 - at.nonce
                self._header = None  # no two shares of one header: extranonce2, version move on
                return self._share(at, nonce)
        return None

    def _next_header(self, job: MinerJob, mask: int, now: float) -> _Header:
        self._counter += 1
        bits = _spread(self._counter, mask)
        turn = self._counter // VERSIONS_EACH if mask else self._counter
        extranonce2 = (turn % 256**job.extranonce2_size).to_bytes(job.extranonce2_size, "little")
        version = job.version & ~mask | bits
        ntime = job.ntime + min(max(int(now - job.received), 0), NTIME_ROLL)
        header = job.header(extranonce2, version, ntime)
        # Somewhere in the nonces, with room behind: a small extranonce2 comes round again.
        nonce = self._rng.getrandbits(32) & 0xEFFF_FFFF
        return _Header(job, mask, header, extranonce2, bits, ntime, nonce)

    def _share(self, at: _Header, nonce: int) -> MinedShare:
        header = at.header[:76] + nonce.to_bytes(4, "little")
        with_bits = at.mask or self._six_params
        return MinedShare(
            job_id=at.job.job_id,
            extranonce2=at.extranonce2.hex(),
            ntime=f"{at.ntime:08x}",
            nonce=f"{nonce:08x}" if self._pads_nonce else f"{nonce:x}",
            version_bits=f"{at.bits:08x}" if with_bits else None,
            hash=hashlib.sha256(hashlib.sha256(header).digest()).digest(),
            difficulty=at.job.difficulty,
        )


def _spread(number: int, mask: int) -> int:
    """The number's low bits on the places where the mask has ones."""
    bits = 0
    while mask:
        place = mask & -mask
        bits |= place if number & 1 else 0
        number >>= 1
        mask ^= place
    return bits
