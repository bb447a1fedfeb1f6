"""A configured pool over all its sessions, and what becomes of it when the file is read again."""

from collections.abc import Callable, Sequence

from stratumproxy import config
from stratumproxy.accounting.books import Verdicts
from stratumproxy.mining.job import Terms
from stratumproxy.upstream.session import NewJob
from stratumproxy.upstream.sharing import Sharing

RETIRE_SECONDS = 30.0
"""Seconds that a pool which is not configured any more is mined on, while no other is ready."""


LEAST_DIFFICULTY = 0.0001
"""What a pool is taken to ask for at least, if nothing else is configured: the least that one was
seen to ask for (public-pool and ckpool-lhr, of NerdMiners). Pools for ASICs ask for 1 at least."""


class Pool:
    """A pool, as its table in the configuration says.

    Args:
        table: the table.
    """

    def __init__(self, table: config.Pool) -> None:
        self.config = table
        self.name = table.name
        self.url = table.url
        self.size = table.extranonce2_size
        """The smallest extranonce2 size it gave, or is configured to give; None: not known."""
        self.tried = False
        """A connection to it was tried and failed."""
        self.retired: float | None = None
        """When it was configured no more; None: it still is."""
        self.detail = ""
        """Why its last session ended, while no other had a job."""
        self.difficulty: float | int = 0
        self.version_mask = 0
        self.verdicts = Verdicts()
        self.sharing = Sharing(table.name)
        """Whether it takes several names on a session."""
        self._odd_version = False

    def __repr__(self) -> str:
        return f"Pool({self.name!r})"

    def least(self, least_of_miners: float | int) -> float | int:
        """The least that it is taken to ask for, given the least that any miner is asked for."""
        if self.config.min_difficulty is not None:
            return self.config.min_difficulty
        return min(least_of_miners, LEAST_DIFFICULTY)

    def asks(self, terms: Terms) -> None:
        """It said what it wants of shares."""
        self.difficulty = terms.difficulty
        self.version_mask = terms.version_mask

    def has_job(self, new_job: NewJob) -> bool:
        """It has sent a job.

        Returns:
            Whether that is the first one with version bits inside the mask that may be rolled.
        """
        self.detail = ""
        self.asks(new_job.terms)
        if self._odd_version or not new_job.job.version & new_job.terms.version_mask:
            return False
        self._odd_version = True
        return True

    def is_lost(self, reason: str) -> None:
        """A session with it is gone, or never came to be."""
        self.tried = True
        self.detail = reason


def carried_over(
    before: Sequence[Pool],
    wanted: Sequence[config.Pool],
    in_use: Callable[[Pool], bool],
    now: float,
) -> list[Pool]:
    """The pools of a new configuration.

    One whose table did not change at all is the same as before. Any other is new; what was there
    in its place is retired, and stands at the end of the list: with the sessions that it still
    has, or for what it counted. Counts of one name are added up where nothing is under way.

    Args:
        before: the pools so far.
        wanted: the tables of the new configuration, in order.
        in_use: whether a pool has sessions, or shares under way.
        now: the time.
    """
    configured = [pool for pool in before if pool.retired is None]
    after = [
        next((pool for pool in configured if pool.config == table), None) or Pool(table)
        for table in wanted
    ]
    for pool in before:
        if pool in after:
            continue
        if pool.retired is None:
            pool.retired = now
            pool.tried = True
        heir = next((other for other in after if other.name == pool.name), None)
        if in_use(pool):
            after.append(pool)
        elif heir is not None:
            heir.verdicts.add(pool.verdicts)
        elif pool.verdicts.any:
            after.append(pool)
    return after
