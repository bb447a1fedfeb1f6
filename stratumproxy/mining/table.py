"""The jobs that shares are taken for, by the ids that miners know them under."""

from collections.abc import Callable, Iterable

from stratumproxy.mining.content import Contents
from stratumproxy.mining.issued import Job


class JobTable:
    """Every job that is taken, of every group.

    Args:
        first: where their numbers start.
        retired: called with the ids of jobs that are not taken any more, and the time.
    """

    def __init__(
        self, first: int, retired: Callable[[list[str], float], None] | None = None
    ) -> None:
        self._number = first
        self._retired = retired
        self._by_id: dict[str, Job] = {}
        self.get = self._by_id.get
        """The job of an id; None if shares on it are not taken."""
        self.contents = Contents()

    def __len__(self) -> int:
        return len(self._by_id)

    def next_number(self) -> int:
        """A number no job of this process had."""
        self._number += 1
        return self._number

    @property
    def oldest(self) -> int:
        """A number that no job which is taken is below."""
        return next(iter(self._by_id.values())).number if self._by_id else self._number

    def begin(self, job: Job) -> None:
        """Take shares on a job from now on."""
        self._by_id[job.job_id] = job
        self.contents.begin(job.content, job.pool_job.ntime)

    def end(self, jobs: Iterable[Job], now: float) -> None:
        """Shares on these are stale from now on."""
        ids = []
        for job in jobs:
            ids.append(job.job_id)
            del self._by_id[job.job_id]
            self.contents.end(job.content, job.pool_job.ntime, now)
        if self._retired is not None:
            self._retired(ids, now)
