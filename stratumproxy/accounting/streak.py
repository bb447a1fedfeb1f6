"""Shares that count, one after the other and alike: each is but counted, and reckoned with later.

Of a share that counts there are five sums to keep, and most shares are like the one before. So the
way of a share only counts it, and notes when; what that comes to is reckoned for all at once, when
one comes that is not like them, or when they are told.

The time between two shares that count is time that the worker proved to mine, unless it is longer
than a machine that mines would leave. Shares come as a Poisson process: of the gaps of a machine
that mines, one in 3,000 is longer than `GAPS` times the mean, and what is lost with them is 0.3 %
of its time. A machine that stood still for less than that is not noticed.
"""

from math import inf

from stratumproxy.accounting.row import Row

NEVER = -inf

GAPS = 8.0
"""Mean gaps that a machine which mines may leave between two shares."""

SHORTEST = 10.0
"""Seconds that any gap may be: a connection that stutters is no machine that stands still."""

LONGEST = 3600.0
"""Seconds that none may be before `ENOUGH` gaps say how rare shares are; nor one at whose ends
different difficulties were asked for, unless it is short enough by both. Else whoever asks for a
difficulty at which shares are rare, and for the old one after a rest, would have mined meanwhile.
"""

RAREST = 6 * 3600.0
"""Seconds that none may be at all."""

FIRST = 60.0
"""Seconds that one may be at least before the mean is known from `ENOUGH` shares."""

ENOUGH = 8
MEMORY = 64
"""Shares that the mean is of at most; then the older half weighs half."""


class Streak:
    """The shares of one worker that count, and that were not reckoned yet."""

    __slots__ = (
        "_gaps",
        "_part",
        "_seconds",
        "_since",
        "asked",
        "best",
        "count",
        "last",
        "limit",
        "terms",
    )

    def __init__(self) -> None:
        self.terms: object = None
        """What the pool's session asked for: the same object for all of them."""
        self.asked: float | int = 0
        """What they were asked to meet."""
        self._part = 0.0
        """Of them, how many should meet what the pool asked for."""
        self.count = 0
        self.best = 0.0
        """Highest difficulty met."""
        self.last = NEVER
        """When the last one came."""
        self.limit = FIRST
        """Seconds that may be between two of them."""
        self._since = NEVER
        """From when on time is not reckoned yet; the first share's, where it was the first."""
        self._gaps = 0
        self._seconds = 0.0
        """Gaps between the newest shares, and what all these took for each difficulty of 1."""

    def turn(
        self, terms: object, asked: float | int, pool_difficulty: float | int, now: float
    ) -> None:
        """A share is there that is not like those before, which are reckoned.

        Args:
            terms: of the session.
            asked: what it was asked to meet.
            pool_difficulty: what the pool asks for.
            now: when it came.
        """
        before = self.limit
        self.terms, self.asked = terms, asked
        self._part = min(asked / pool_difficulty, 1.0) if pool_difficulty else 1.0
        self.limit = self._limit()
        shorter, longer = sorted((before, self.limit))
        longest = max(shorter, min(longer, LONGEST))
        if now - self.last > longest:
            if self.last > NEVER:
                self._learn(0, longest)  # the share that ends the gap is learned with the others
                self.limit = self._limit()
            self._since = now

    def reckon(self, row: Row) -> None:
        """Add up what is here, and begin anew."""
        count, asked = self.count, self.asked
        if not count:
            return
        work, seconds = count * asked, self.last - self._since
        row.accepted += count
        row.work += work
        row.squares += work * asked
        row.expected += count * self._part
        row.seconds += seconds
        if self.best > row.best:
            row.best = self.best
        self._learn(count, seconds)
        self.limit = self._limit()
        self.count, self.best, self._since = 0, 0.0, self.last

    def _learn(self, gaps: int, seconds: float) -> None:
        self._gaps += gaps
        self._seconds += seconds / self.asked
        if self._gaps > MEMORY:
            self._seconds *= (self._gaps // 2) / self._gaps
            self._gaps //= 2

    def _limit(self) -> float:
        """How long a gap may be, by what the newest ones were."""
        limit = GAPS * self.asked * self._seconds / self._gaps if self._gaps else 0.0
        known = self._gaps >= ENOUGH
        return min(max(limit, SHORTEST if known else FIRST), RAREST if known else LONGEST)
