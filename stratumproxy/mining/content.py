"""What a pool's work is, whatever its job id and its ntime: known by its bytes.

A pool may send a job again: under the same id or another one, on a session that it took up again,
with another difficulty. All of these are the same work, on which a miner finds the same headers. So
the headers that counted are kept for the work and not for the id, and no two ids of it go out with
the same ntime.
"""

from collections import OrderedDict
from hashlib import blake2b

from stratumproxy.mining.job import PoolJob, Terms
from stratumproxy.shares import Seen

MOST_FORMER = 1024
"""Former work of which the last ntime is remembered, some 300 bytes each: what a pool sends again
after hours does not go out with the ntime that it had."""


class Content:
    """One piece of work.

    Args:
        key: its bytes, see `key_of`.
        newest_ntime: the last that went out, by group, if it did before.
    """

    __slots__ = ("idle_since", "key", "newest_ntime", "ntimes", "seen")

    def __init__(self, key: bytes, newest_ntime: dict[int, int]) -> None:
        self.key = key
        self.seen = Seen()
        """The headers that counted."""
        self.newest_ntime = newest_ntime
        self.ntimes: list[int] = []
        """Of the jobs of it that shares are taken for, a number for each."""
        self.idle_since = 0.0
        """When the last job of it ended."""


class Contents:
    """All the work there is, of every pool."""

    def __init__(self) -> None:
        self._taken: dict[bytes, Content] = {}
        self._idle: OrderedDict[bytes, Content] = OrderedDict()
        """Of which no job is taken, in the order that they ended in."""
        self._former: OrderedDict[bytes, dict[int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._taken) + len(self._idle)

    def of(self, job: PoolJob, terms: Terms) -> Content:
        """The work that a job is; new if it is."""
        key = key_of(job, terms)
        return (
            self._taken.get(key) or self._idle.get(key) or Content(key, self._former.pop(key, {}))
        )

    def begin(self, content: Content, ntime: int) -> None:
        """Shares on a job of it, with that ntime, are taken from now on."""
        self._idle.pop(content.key, None)
        self._taken[content.key] = content
        content.ntimes.append(ntime)

    def end(self, content: Content, ntime: int, now: float) -> None:
        """Shares on a job of it are not taken any more."""
        content.ntimes.remove(ntime)
        if content.ntimes:
            content.seen.forget(min(content.ntimes))
            return
        del self._taken[content.key]
        if len(content.seen):
            content.idle_since = now
            self._idle[content.key] = content
        else:  # jobs without end, on which nobody finds anything, are not kept
            self._forget(content)

    def tend(self, rest: float, now: float) -> None:
        """Called every second or so: forget the headers of what nobody mines on any more.

        Args:
            rest: seconds that they are kept for after the last job of a work ended: a pool that is
                lost and comes back may send it again.
            now: the time.
        """
        while self._idle:
            key, content = next(iter(self._idle.items()))
            if now - content.idle_since < rest:
                return
            del self._idle[key]
            self._forget(content)

    def _forget(self, content: Content) -> None:
        self._former[content.key] = content.newest_ntime
        if len(self._former) > MOST_FORMER:
            self._former.popitem(last=False)


def key_of(job: PoolJob, terms: Terms) -> bytes:
    """What two jobs have in common if they are the same work.

    The version is left out, since miners roll it, and so are ntime and nbits. With the pool's
    extranonce1 it is not the same work as without it.
    """
    digest = blake2b(digest_size=16)
    parts = (job.prevhash, job.coinb1, terms.extranonce1, job.coinb2)
    for part in (*parts, *job.branches):
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()
