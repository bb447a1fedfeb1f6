"""A job as miners know it: under an id of our own, prepared for checking and for sending."""

from collections.abc import Callable
from math import inf
from typing import Any, Protocol

from stratumproxy.accounting.account import Account, Earned
from stratumproxy.mining.content import Content
from stratumproxy.mining.job import PoolJob, Terms
from stratumproxy.shares import Work
from stratumproxy.shares.difficulty import target_bytes

Encode = Callable[[str, PoolJob, bytes, bool], bytes]
"""A protocol's words for a job: its id, the job, what comes before the miner's extranonce1, and
whether all before it is to be dropped."""


Found = tuple[bytes, int, int, int | None]
"""A share in its pool's terms: extranonce2, ntime, nonce, and the version bits as they stand in the
header; None where the pool allows none."""


class Upstream(Protocol):
    """A session with a pool, as the shares on its jobs see it."""

    def submit_head(self, pool_job_id: str) -> bytes:
        """What every share on a job begins with, made once for `submit`; opaque to all others."""

    def submit(self, share: Any, head: bytes, found: Found) -> None:
        """Send a share: see `Session.submit`."""


class Job:
    """A pool's job under an id of our own, prepared for checking and for sending.

    Args:
        number: rises with every job of this process; its hex is the job id miners see.
        pool_job: what the pool sent.
        terms: what the pool's session asked for at that moment.
        whole: the miner on this session has the pool's own extranonce1 (layouts that can't be
            shared); otherwise the pool's extranonce1 is the end of coinb1.
        content: what work it is, and the headers of it that counted.
        ntime_roll: seconds ntime may run ahead of the job's.
        group: whose miners it goes out to.
        source: the pool session it came from, and its shares go to.
        account: where shares on it are credited.
        earned: where their work is added up, too.
    """

    __slots__ = (
        "_lines",
        "account",
        "check",
        "clean",
        "content",
        "difficulty",
        "earned",
        "group",
        "job_id",
        "number",
        "pool_job",
        "pool_target",
        "room",
        "source",
        "submit_head",
        "terms",
        "until",
        "version",
        "version_mask",
        "whole",
        "work",
    )

    def __init__(
        self,
        number: int,
        pool_job: PoolJob,
        terms: Terms,
        *,
        content: Content,
        ntime_roll: int,
        whole: bool = False,
        group: object,
        source: Upstream,
        account: Account,
        earned: Earned,
    ) -> None:
        self.number = number
        self.job_id = f"{number:x}"
        """The id miners know it by."""
        self.group = group
        self.content = content
        self.until = inf
        """How long shares on it are taken."""
        self.pool_job = pool_job
        self.terms = terms
        self.source = source
        self.account = account
        self.earned = earned
        self.whole = whole
        self.clean = pool_job.clean
        self.version = pool_job.version
        self.version_mask = terms.version_mask
        """The bits that may be rolled: those that could when it went out, and those that the pool
        has added since."""
        self.difficulty = terms.difficulty
        """The pool's, for it."""
        self.submit_head = source.submit_head(pool_job.pool_job_id)
        """What `source` begins its shares with."""
        self.pool_target = target_bytes(terms.difficulty)
        prefix = b"" if whole else terms.extranonce1
        self.room = terms.extranonce2_size + len(terms.extranonce1) - len(prefix)
        """Bytes between our coinb1 and coinb2."""
        self.work = Work(
            coinb1=pool_job.coinb1 + prefix,
            coinb2=pool_job.coinb2,
            branches=pool_job.branches,
            version=pool_job.version,
            prevhash=pool_job.prevhash,
            nbits=pool_job.nbits,
            ntime=pool_job.ntime,
            extranonce_size=self.room,
            pool_target=self.pool_target,
            seen=content.seen,
            ntime_roll=ntime_roll,
        )
        self.check = self.work.check
        self._lines: dict[tuple[Encode, int, bool], bytes] = {}

    def upstream(
        self, prefix: bytes, extranonce2: bytes, ntime: int, nonce: int, bits: int | None, mask: int
    ) -> Found:
        """A share on it in the pool's terms, for `Upstream.submit`.

        The version bits go as they stand in the header: what a pool that replaces them needs, and
        the others too unless the job's version has bits inside the mask.

        Args:
            prefix: what goes in front of the miner's extranonce2: `Seat.prefix`.
            extranonce2, ntime, nonce, bits: as the miner sent them.
            mask: the bits that the miner may roll.
        """
        rolled = None
        if self.version_mask:
            version = self.version
            if bits is not None:
                version = (version & ~mask) | (bits & mask)
            rolled = version & self.version_mask
        whole = (prefix + extranonce2).rjust(self.terms.extranonce2_size, b"\0")
        return whole, ntime, nonce, rolled

    def allow(self, version_mask: int) -> None:
        """Let more version bits be rolled, from now on."""
        self.version_mask |= version_mask

    def forget_lines(self) -> None:
        """It goes out to nobody any more: only shares on it are still checked."""
        self._lines.clear()

    def line(self, encode: Encode, total: int, clean: bool) -> bytes:
        """What tells miners of it whose slot and extranonce2 take `total` bytes.

        It is encoded once for each `total` and `clean`, however many miners get it.
        """
        line = self._lines.get((encode, total, clean))
        if line is None:
            prefix = b"" if self.whole else self.terms.extranonce1 + bytes(self.room - total)
            line = encode(self.job_id, self.pool_job, prefix, clean)
            self._lines[encode, total, clean] = line
        return line
