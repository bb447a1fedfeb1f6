"""What a process counted and did not live to tell: its snapshots say more than its records.

A process tells of a worker's shares every few seconds, and how many there were in all every second.
One that is killed takes the difference with it, and the next one's first batch tells us so.
"""

from typing import NamedTuple

from stratumproxy.telemetry.records import Batch
from stratumproxy.telemetry.snapshot import Snapshot


class Untold(NamedTuple):
    """Shares of a process that is gone, which are in no record: so many at least.

    What it found after its last snapshot, a second before its end at most, nobody knows.
    """

    run: str
    after: int
    """The last batch that was told."""
    accepted: int
    rejected: int


class Reckoning:
    """Compares what one process of the data plane shows with what it tells, run by run."""

    def __init__(self) -> None:
        self._run = ""
        self._seq = 0
        self._whole = False
        """All of the run's batches were met; of one that began before us we can't say."""
        self._accepted = self._rejected = 0
        self._shown: tuple[int, int] | None = None

    def shown(self, run: str, snapshot: Snapshot) -> None:
        """How many shares a process has counted by now."""
        if run == self._run:
            self._shown = snapshot.accepted, sum(snapshot.rejected.values())

    def told(self, batch: Batch) -> Untold | None:
        """What a process tells, in order.

        Returns:
            What the one before it had counted and did not tell, if this is the first batch of its
            successor and there is any.
        """
        untold = None
        if batch.run != self._run:
            untold = self._untold()
            self._run, self._shown, self._whole = batch.run, None, batch.seq == 1
            self._accepted = self._rejected = 0
        self._seq = batch.seq
        for work in batch.work:
            self._accepted += work.accepted
            self._rejected += sum(work.rejected.values())
        return untold

    def _untold(self) -> Untold | None:
        if self._shown is None or not self._whole:
            return None
        accepted, rejected = self._shown
        missing = max(accepted - self._accepted, 0), max(rejected - self._rejected, 0)
        return Untold(self._run, self._seq, *missing) if any(missing) else None
