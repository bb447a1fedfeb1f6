"""A new job on its way to thousands of miners: those with most hashrate first, in slices.

A job is one encode and many sends (5 µs each in the kernel). Between slices the miners' shares get
their turn. A newer job takes over from one that is still on its way; a miner that the older one had
not reached yet gets the newer one only, as a clean one if either was.
"""

from collections.abc import Callable
from typing import Protocol

from stratumproxy.downstream.miner import Miner
from stratumproxy.mining.issued import Job


class Group(Protocol):
    """Whose miners a job goes out to."""

    number: int
    miners: dict[Miner, None]
    """In the order that they are served."""


class Fanout:
    """One job's way through one group.

    Args:
        miners: in the order they are served.
        job: what they get.
        clean: whether they must drop what they had.
        started: when the job came, or it was decided to mine on it.
        news: it is a new job, and not one that is sent again.
    """

    __slots__ = ("_at", "_miners", "_slices", "clean", "job", "news", "started")

    def __init__(
        self,
        miners: list[Miner],
        job: Job,
        clean: bool,
        started: float,
        news: bool = True,
    ) -> None:
        self._miners = miners
        self._at = 0
        self._slices: list[tuple[int, float]] = []
        """For each slice so far, how many were served before it, and when it began."""
        self.job = job
        self.clean = clean
        self.started = started
        self.news = news

    @property
    def done(self) -> bool:
        """Whether every miner was served."""
        return self._at >= len(self._miners)

    @property
    def owes_clean(self) -> bool:
        """It is a clean job, and some miners have not been served."""
        return self.clean and not self.done

    def slice(self, count: int, now: float) -> int:
        """Serve the next miners.

        Args:
            count: how many at most.
            now: the time, for difficulties that bind with this job.

        Returns:
            How many were served.
        """
        at = self._at
        self._slices.append((at, now))
        served = self._miners[at : at + count]
        self._at = at + len(served)
        job, clean = self.job, self.clean
        number, terms = job.number, job.terms
        line, encode, total = b"", None, 0
        for miner in served:
            prefix = miner.prefix
            if miner.announced is terms and miner.last_job < number and prefix is not None:
                # Nearly all: nothing but the job to say, and the line is the same for all of them.
                miner.last_job = number
                if prefix.total != total or miner.encode_job is not encode:
                    encode, total = miner.encode_job, prefix.total
                    line = job.line(encode, total, clean)
                miner.link.send(line)
            elif miner.mining and (data := miner.deliver(job, clean, now)):
                miner.link.send(data)
        return len(served)

    def delays(self, now: float) -> tuple[int, float, float, float]:
        """How long it took so far.

        Args:
            now: when the last miner that was served had been.

        Returns:
            How many were served, and the seconds until the first, the middle and the last one was.
        """
        if not self._at:
            return 0, 0.0, 0.0, 0.0
        # What a slice sends is on its way when it ends, which is when the next one begins.
        ends = [*self._slices[1:], (self._at, now)]
        median = next(moment for served, moment in ends if served >= self._at / 2)
        start = self.started
        return self._at, ends[0][1] - start, median - start, now - start


class Fanouts:
    """Jobs on their way, one of each group at a time.

    Args:
        wake: called when there is one, so that `slice` is called.
        sent: called when the last miner was sent a new job; without a `Fanout` if there was none.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        sent: Callable[[Group, Job, Fanout | None, float], None],
    ) -> None:
        self._wake = wake
        self._sent = sent
        self._by_group: dict[Group, Fanout] = {}

    def __len__(self) -> int:
        return len(self._by_group)

    def begin(self, group: Group, job: Job, clean: bool, now: float, *, news: bool = True) -> None:
        """Send a job to every miner of a group, from now on; `news` if it was not sent before."""
        clean = clean or self.owes_clean(group)
        self.end(group, now)
        if group.miners:
            self._by_group[group] = Fanout(list(group.miners), job, clean, now, news)
            self._wake()
        elif news:
            self._sent(group, job, None, now)

    def end(self, group: Group, now: float) -> None:
        """Nobody is sent a group's job any more, be it that everybody was."""
        fanout = self._by_group.pop(group, None)
        if fanout is not None and fanout.news:
            self._sent(group, fanout.job, fanout, now)

    def owes_clean(self, group: Group) -> bool:
        """Whether a clean job is on its way to some of a group's miners."""
        fanout = self._by_group.get(group)
        return fanout is not None and fanout.owes_clean

    def slice(self, count: int, clock: Callable[[], float]) -> int:
        """Serve up to `count` miners; how many more there was time for."""
        for group, fanout in list(self._by_group.items()):
            if fanout.done:  # what was served in its last slice is on its way by now
                self.end(group, clock())
                continue
            count -= fanout.slice(count, clock())
            if count <= 0:
                break
        return count
