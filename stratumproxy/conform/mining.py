"""Shares as a case wants them: good ones, ones that miss, and ones with something wrong."""

import hashlib
import random
from dataclasses import dataclass
from typing import Any

import trio

from stratumproxy.conform.conversation import Conversation
from stratumproxy.conform.outcome import Fault, Skip, Terms
from stratumproxy.shares import scan
from stratumproxy.shares.difficulty import target_of
from stratumproxy.testing.miner_job import MinerJob

CHUNK = 1 << 16
"""Hashes between two looks at the network."""
NONCES = 1 << 32
SMALL = 1 << 28
"""A nonce below has a leading zero."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share as it is submitted."""

    job_id: str
    extranonce2: str
    ntime: str
    nonce: str
    bits: str | None

    def params(self, worker: str) -> list[str]:
        """Of ``mining.submit``."""
        five = [worker, self.job_id, self.extranonce2, self.ntime, self.nonce]
        return five if self.bits is None else [*five, self.bits]

    def upper(self) -> "Share":
        """The same in upper case."""
        bits = None if self.bits is None else self.bits.upper()
        return Share(
            self.job_id, self.extranonce2.upper(), self.ntime.upper(), self.nonce.upper(), bits
        )


class Digger:
    """Finds shares for the jobs of one conversation; no header is tried twice.

    Args:
        at: the conversation.
        terms: what a share may cost.
    """

    def __init__(self, at: Conversation, terms: Terms) -> None:
        self._at = at
        self._terms = terms
        # Anywhere: two conversations that share an extranonce1 must not find the same.
        self._count = random.getrandbits(63)

    async def find(
        self, change: dict[str, Any], *, easy: bool = False, difficulty: float | None = None
    ) -> Share:
        """Find one, and change what a case wants changed.

        What can be changed so that the hash is right all the same (ntime, bits), is: nothing else
        is to be wrong with the share.

        Args:
            change: as in ``cases.json``.
            easy: one that misses the target.
            difficulty: what it has to reach, if not the job's.

        Raises:
            Fault: there is no job.
            Skip: it costs too much here, or the change means nothing.
        """
        at = self._at
        if at.job is None:
            raise Fault("there is no job", "SV1-JOB-SENT")
        cost = (difficulty or at.job.difficulty) * NONCES
        if not easy and cost > self._terms.hashes:
            raise Skip(
                f"a share costs {cost:.1e} hashes at difficulty {at.job.difficulty:g}, and "
                f"{self._terms.hashes:.1e} are allowed: --hashes"
            )
        while not at.closed:
            job = at.job
            self._count += 1
            extranonce2 = self._count.to_bytes(8, "big")[-job.extranonce2_size :]
            extranonce2 = extranonce2.rjust(job.extranonce2_size, b"\0")
            ntime = job.ntime + int(change.get("ntime", 0))
            bits = _bits(change.get("bits"), at.mask)
            version = job.version if bits is None else job.version & ~at.mask | bits
            header = job.header(extranonce2, version & 0xFFFF_FFFF, ntime)
            nonce = await self._nonce(job, header, change, difficulty or job.difficulty, easy=easy)
            if nonce is not None:
                return _changed(job, extranonce2, ntime, nonce, bits, change)
        raise Fault("the connection was ended while a share was searched for")

    async def _nonce(
        self,
        job: MinerJob,
        header: bytes,
        change: dict[str, Any],
        difficulty: float,
        *,
        easy: bool,
    ) -> int | None:
        """A nonce of this header, or None if there is none or the job is another by now."""
        if easy:
            return next(nonce for nonce in range(1 << 20, NONCES) if not _meets(header, nonce, job))
        target = target_of(difficulty).to_bytes(32, "little")
        end = SMALL if change.get("nonce") == "unpadded" else NONCES
        for start in range(0, end, CHUNK):
            nonce = scan(header, target, start, min(CHUNK, end - start))
            if nonce is not None:
                return nonce
            await trio.lowlevel.checkpoint()
            if self._at.job is not job or self._at.closed:
                return None
        return None


def _meets(header: bytes, nonce: int, job: MinerJob) -> bool:
    """Whether a hash comes near the target: what is to miss it, misses it by far."""
    whole = header[:76] + nonce.to_bytes(4, "little")
    hash = hashlib.sha256(hashlib.sha256(whole).digest()).digest()
    near: int = min(4 * target_of(job.difficulty), (1 << 256) * 3 // 4)
    return int.from_bytes(hash, "little") <= near


def _bits(change: str | None, mask: int) -> int | None:
    """The version bits of a share; None for five params."""
    match change:
        case "all":
            return mask
        case "outside":
            outside = ~mask & 0x1FFF_FFFF
            return mask | outside & -outside
        case "zero":
            return 0
        case "none":
            return None
    return 0 if mask else None


def _changed(
    job: MinerJob,
    extranonce2: bytes,
    ntime: int,
    nonce: int,
    bits: int | None,
    change: dict[str, Any],
) -> Share:
    text = extranonce2.hex()
    share = Share(
        job_id=change.get("job", job.job_id),
        extranonce2=text[:-2] if change.get("extranonce2") == "short" else text,
        ntime=f"{ntime:08x}",
        nonce=f"{nonce:x}" if change.get("nonce") == "unpadded" else f"{nonce:08x}",
        bits=None if bits is None else f"{bits:08x}",
    )
    return share.upper() if change.get("case") == "upper" else share
