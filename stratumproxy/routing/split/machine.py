"""A machine as the split sees it: where it mines, and its rate by nothing but its own shares."""

from math import exp

MEMORY = 1800.0
"""Seconds after which a share weighs a third in a machine's rate. The rate is then as well known
as from a count over an hour: at 12 shares a minute to 1 in 38."""

PRIOR = 60.0
"""Seconds that a rate which is only expected weighs as much as."""

SILENT = 45.0
"""Seconds without a share after which a machine is gone, as far as the split is concerned."""

GAPS = 8.0
"""And so many mean gaps between two of its shares: of the gaps of a machine that mines, one in
3,000 is longer."""


class Machine:
    """One machine.

    Args:
        number: its own, as long as it is connected.
        expected: its rate, work a second, until shares say more.
        seconds: how much that weighs.
        now: the time.
    """

    __slots__ = (
        "_at",
        "_fresh",
        "_guess",
        "_heard",
        "_patience",
        "_proven",
        "_seconds",
        "_share",
        "_work",
        "listed",
        "number",
        "target",
        "trusted",
    )

    def __init__(self, number: int, expected: float, seconds: float, now: float) -> None:
        self.number = number
        self.target = ""
        """Whom it mines for."""
        self.trusted = True
        """It has a say in the split: `audit` does not accuse it."""
        self.listed = 0.0
        """The rate that it stands in its target's roster with; 0: it does not."""
        self._work, self._seconds = expected * seconds, seconds
        self._guess = expected * min(seconds, PRIOR)
        """What of that work none of its shares has shown."""
        self._proven = self._work, self._seconds, self._guess
        self._fresh = 0.0
        self._share = 0.0
        self._at = self._heard = now
        self._patience = SILENT

    def found(self, work: float, shares: int, now: float) -> None:
        """Shares of it counted, for whatever target: their work, and how many they were."""
        self._fresh += work
        self._share = work / shares
        self._heard = now

    def wake(self, now: float) -> None:
        """It had to wait, and has something to mine again: its silence means nothing."""
        self._at = self._heard = now

    def measure(self, now: float) -> float:
        """Its rate by now, work a second; 0 if it has been silent for too long.

        Silence is not averaged into the rate once it is noticed: a machine that is back is as fast
        as it was.
        """
        if now - self._heard >= self._patience:
            self._work, self._seconds, self._guess = self._proven
            self._at = now
            return 0.0
        keep = exp(-(now - self._at) / MEMORY)
        self._seconds = self._seconds * keep + MEMORY * (1 - keep)
        self._work = self._work * keep + self._fresh
        self._guess *= keep
        self._at = now
        rate = self._work / self._seconds
        if self._fresh:
            self._fresh = 0.0
            self._proven = self._work, self._seconds, self._guess
            self._patience = max(SILENT, GAPS * self._share / rate)
        return rate

    def known(self) -> tuple[float, float]:
        """What to expect of it when it is back: its rate, and the seconds that this weighs."""
        work, seconds, _ = self._proven
        return work / seconds, seconds

    @property
    def shown(self) -> float:
        """What of its rate its shares have shown: none of what was only expected of it."""
        return (self._work - self._guess) / self._seconds
