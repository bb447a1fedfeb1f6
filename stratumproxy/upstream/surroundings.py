"""What a channel stands on: what it needs of its miners and of who watches, and its rules."""

from dataclasses import dataclass
from typing import Any, Protocol

from stratumproxy.mining.rejects import Reject
from stratumproxy.mining.submission import Submission
from stratumproxy.upstream.names import Who
from stratumproxy.upstream.pool import Pool
from stratumproxy.upstream.session import NewJob

Channel = Any
"""A `Channel`, whose module stands on this one."""


@dataclass(slots=True)
class Rules:
    """What is configured for all channels; filled in anew when the configuration is read again."""

    grace: float
    """Seconds that a job is taken for after another went out in its place."""
    ntime_roll: int
    """Seconds that a miner may run ntime ahead of its job."""
    reject_part: float
    """The part of a pool's verdicts, 0 to 1, from which on it refuses too many shares."""


class Miners(Protocol):
    """The miners that mine on a channel, as it sees them."""

    number: int
    who: Who | None
    """Whose name its sessions have, where it is for one worker alone."""

    @property
    def alone(self) -> bool:
        """One miner has the session to itself, and the pool's own extranonce1."""

    def job_came(self, channel: Channel, moved: bool, now: float) -> None:
        """It has another job; `moved` if by a session that took the place of the one before."""

    def terms_changed(self, channel: Channel, now: float) -> None:
        """What the pool asks of its newest job is not what it was."""

    def channel_lost(self, channel: Channel, now: float) -> None:
        """Its session is gone: nothing that is mined on it counts any more."""

    def channel_unwell(self, channel: Channel, why: str, now: float) -> None:
        """It refuses too many shares, or gives no verdicts: better mine elsewhere."""


class Watcher(Protocol):
    """Who is told what comes of it, for all channels."""

    def new_job(self, pool: Pool, new_job: NewJob, now: float) -> None:
        """A pool sent a job; called before anybody mines on it."""

    def settled(
        self, share: Submission, pool: Pool, reject: Reject | None, verdict: str, now: float
    ) -> None:
        """It is known what became of a share.

        Args:
            share: which.
            pool: that it was sent to.
            reject: why it does not count; None if it does.
            verdict: one of `records.VERDICTS`.
            now: the time.
        """

    def heard(self, now: float) -> None:
        """All that a session said at once has been dealt with."""

    def channel_over(self, channel: Channel) -> None:
        """A session of a pool that is not configured any more is gone."""
