"""Blocks: those of the network that are built on, and those that miners here find."""

from collections import OrderedDict

from stratumproxy.accounting.books import Tally
from stratumproxy.mining.rejects import Reject
from stratumproxy.mining.submission import Submission
from stratumproxy.telemetry.notices import Notices
from stratumproxy.telemetry.records import REJECTED
from stratumproxy.upstream.pool import Pool
from stratumproxy.upstream.session import NewJob

MAX_TIPS = 64
"""Previous hashes remembered: pools are on different ones for a while, or go back to one."""


class Blocks:
    """Counts blocks, and tells of each.

    Args:
        tally: where they are counted.
        notices: where they are told.
    """

    def __init__(self, tally: Tally, notices: Notices) -> None:
        self._tally = tally
        self._notices = notices
        self._tips: OrderedDict[bytes, None] = OrderedDict()
        """Previous hashes that pools sent, newest last."""

    def see_tip(self, pool: Pool, new_job: NewJob) -> None:
        """A block was found if a job builds on one that none did before, whoever sent it."""
        prevhash = new_job.job.prevhash
        if prevhash not in self._tips:
            self._tally.new_blocks += 1
            height = new_job.job.height(new_job.terms)
            self._notices.info("new block to mine on", pool=pool.name, height=height)
        self._tips[prevhash] = None
        self._tips.move_to_end(prevhash)
        if len(self._tips) > MAX_TIPS:
            self._tips.popitem(last=False)

    def found(self, share: Submission, header_hash: bytes) -> None:
        """A share met the network's target; its hash is in internal byte order."""
        share.block = header_hash[::-1].hex()
        self._tally.blocks += 1
        self._tell("BLOCK found", share)

    def settled(self, share: Submission, reject: Reject | None, verdict: str) -> None:
        """It is known what became of a block, or that it never will be."""
        if reject is None:
            self._tally.blocks_accepted += 1
            self._tell("BLOCK accepted", share)
        elif verdict == REJECTED:
            self._tally.blocks_refused += 1
            self._tell("BLOCK refused", share, reason=reject.text)
        else:
            self._tell("BLOCK without a verdict of the pool", share, reason=reject.text)

    def _tell(self, what: str, share: Submission, **more: object) -> None:
        job = share.job
        self._notices.warning(
            what,
            hash=share.block,
            worker=share.worker.name,
            miner=share.miner.peer,
            pool=job.account.pool,
            height=job.pool_job.height(job.terms),
            pool_job=job.pool_job.pool_job_id,
            **more,
        )
