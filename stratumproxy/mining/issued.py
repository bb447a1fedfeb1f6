"""A job as miners know it: under an id of our own, prepared for checking and for sending."""

from collections.abc import Callable
from math import inf
from typing import Any, Protocol

import orjson

from stratumproxy.mining.content import Content
from stratumproxy.mining.job import PoolJob, Terms
from stratumproxy.shares import Work
from stratumproxy.shares.difficulty import target_bytes

Encode = Callable[[str, PoolJob, bytes, bool], bytes]
"""A protocol's words for a job: its id, the job, what comes before the miner's extranonce1, and
whether all before it is to be dropped."""


class Upstream(Protocol):
    """A session with a pool, as the shares on its jobs see it."""

    user: str

    def submit(self, share: Any, head: str, fields: str) -> None:
        """Send a share: see `V1Session.submit`."""


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
        lane: whose miners it goes out to.
        source: the pool session it came from, and its shares go to.
        pool: the pool's name.
    """

    __slots__ = (
        "_lines",
        "_paddings",
        "check",
        "clean",
        "content",
        "difficulty",
        "job_id",
        "lane",
        "number",
        "pool",
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
        lane: object,
        source: Upstream,
        pool: str,
    ) -> None:
        self.number = number
        self.job_id = f"{number:x}"
        """The id miners know it by."""
        self.lane = lane
        self.content = content
        self.until = inf
        """How long shares on it are taken."""
        self.pool_job = pool_job
        self.terms = terms
        self.source = source
        self.pool = pool
        self.whole = whole
        self.clean = pool_job.clean
        self.version = pool_job.version
        self.version_mask = terms.version_mask
        """The bits that may be rolled: those that could when it went out, and those that the pool
        has added since."""
        self.difficulty = terms.difficulty
        """The pool's, for it."""
        self.submit_head = orjson.dumps([source.user, pool_job.pool_job_id]).decode()[:-1]
        """How the params of its mining.submit begin."""
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
        self._paddings: dict[int, str] = {}
        self._lines: dict[tuple[Encode, int, bool], bytes] = {}

    def padding(self, total: int) -> str:
        """The zeros, in hex, in front of a slot that with its extranonce2 takes `total` bytes."""
        padding = self._paddings.get(total)
        if padding is None:
            padding = self._paddings[total] = "00" * (self.room - total)
        return padding

    def upstream(
        self,
        total: int,
        slot_hex: str,
        extranonce2: str,
        ntime: str,
        nonce: str,
        bits: str | None,
        mask: int,
    ) -> str:
        """A share's fields, which the check found to be hex, in the pool's terms.

        The version bits go as they stand in the header: what a pool that replaces them needs, and
        the others too unless the job's version has bits inside the mask.

        Args:
            total: bytes of the miner's slot and extranonce2.
            slot_hex: the slot.
            extranonce2, ntime, nonce, bits: as the miner sent them.
            mask: the bits that the miner may roll.

        Returns:
            What `Upstream.submit` wants.
        """
        if len(nonce) != 8:
            nonce = nonce.rjust(8, "0")
        if len(ntime) != 8:
            ntime = ntime.rjust(8, "0")
        fields = f'{self.padding(total)}{slot_hex}{extranonce2}","{ntime}","{nonce}'
        if self.version_mask:
            version = self.version
            if bits is not None:
                version = (version & ~mask) | (int(bits, 16) & mask)
            fields = f'{fields}","{version & self.version_mask:08x}'
        return fields

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
