"""The difficulty that one miner is asked for: what is in force, what was, what would be better."""

from math import inf

from stratumproxy.mining.vardiff import ENOUGH, Vardiff
from stratumproxy.shares.difficulty import target_bytes

NO_TARGET = bytes(32)
"""Of a miner that was not told a difficulty yet."""

MOST_DIFFICULTIES = 64
"""Earlier difficulties remembered for shares on jobs that went out under them, some 100 bytes each.
While there are as many, of jobs that are still taken, no other one comes into force: a miner that
names one a second waits, and loses nothing."""

URGENT = 3.0
"""A difficulty that is off by this factor does not wait for the pool's next job."""


class DifficultyState:
    """What a miner is asked for. A difficulty binds from the job that it is told in front of.

    Args:
        now: seconds, when the miner connected.
    """

    __slots__ = (
        "_before",
        "_proven",
        "_window_start",
        "announced",
        "asked",
        "fixed",
        "floor",
        "minimum",
        "shares",
        "since",
        "suggested",
        "target",
        "wanted",
    )

    def __init__(self, now: float) -> None:
        self.suggested: float | int = 0
        """By mining.suggest_difficulty or the like; 0 if it did not."""
        self.minimum: float | int = 0
        """The least it takes (BIP310 minimum-difficulty)."""
        self.fixed = False
        """The operator says what it is asked for, and not vardiff."""
        self.wanted: float | int = 0
        """What vardiff wants, before the pool's difficulty caps it."""
        self.asked: float | int = 0
        """What is in force, from job `since` on; 0 for nothing yet."""
        self.target = NO_TARGET
        self.since: float = inf
        self.announced: float | int = 0
        """What it knows of: the same, unless it has reset since."""
        self._before: tuple[tuple[int, float | int], ...] = ()
        """What was in force before, oldest first, and from which job on."""
        self._window_start = now
        self.shares = 0
        """Good ones of what is in force, since vardiff's count began."""
        self.floor: float | int = 0
        """What vardiff does not go below before it has seen a share."""
        self._proven: float | int = 0
        """The last difficulty that it found enough shares of."""

    def bind(self, difficulty: float | int, job_number: int, oldest: int, now: float) -> bool:
        """Have a difficulty in force from a job on, about which the miner is told.

        Args:
            difficulty: what it is asked for.
            job_number: of the job.
            oldest: no job below this number is taken any more.
            now: seconds.

        Returns:
            False if it has to wait: too many others are remembered.
        """
        self._look()
        if difficulty != self.asked:
            if self.asked:
                before = (*self._before, (int(self.since), self.asked))
                self._before = _needed(before, job_number, oldest)
                if len(self._before) > MOST_DIFFICULTIES:
                    self._before = self._before[:-1]
                    return False
            self.asked = difficulty
            self.target = target_bytes(difficulty)
            self.since = job_number
        self.announced = difficulty
        self._window_start = now
        self.shares = 0
        return True

    @property
    def proven(self) -> float | int:
        """The last difficulty that it found enough shares of; 0 for none."""
        return self.asked if self.shares >= ENOUGH else self._proven

    def bound_to(self, job_number: int) -> float | int:
        """The difficulty that was in force when a job went out to this miner; 0: not known."""
        if job_number >= self.since:
            return self.asked
        for since, difficulty in reversed(self._before):
            if job_number >= since:
                return difficulty
        return 0

    def history(self) -> tuple[tuple[int, float | int], ...]:
        """What was in force, oldest first, and from which job on."""
        if not self.asked:
            return self._before
        return (*self._before, (int(self.since), self.asked))

    def take_up(self, history: tuple[tuple[int, float | int], ...], end: int) -> None:
        """Before this connection it was asked for these, up to a job's number."""
        self._before = history
        self.since = end

    def want(self, difficulty: float | int) -> None:
        """Ask for a difficulty from the next job on, as far as the miner's wish allows.

        It must have been clamped to the configured limits.
        """
        self.wanted = max(difficulty, self.minimum)

    @property
    def urgent(self) -> bool:
        """What is in force is too far off to wait for the pool's next job."""
        return not self.asked / URGENT < self.wanted < self.asked * URGENT

    def better(self, vardiff: Vardiff, now: float) -> float | None:
        """What vardiff would rather ask for, if not what is in force."""
        self._look()
        if self.fixed:
            return None
        better = vardiff.retarget(self.asked, self.shares, now - self._window_start)
        if better is None or better >= self.floor:
            return better
        # Nothing is known of it: it may be slow, or off, or take a pool below 1 for dead.
        return self.floor if self.floor < self.asked else None

    def _look(self) -> None:
        """What the count says before it begins anew."""
        self._proven = self.proven
        if self.shares:
            self.floor = 0

    def due(self, vardiff: Vardiff, now: float) -> bool:
        """Whether a count that was not striking is old enough to be judged."""
        return bool(self.asked) and now - self._window_start >= vardiff.window

    def pause(self, seconds: float) -> None:
        """There was nothing to mine on for so long: that is not held against the miner."""
        self._window_start += seconds

    def shorten(self, vardiff: Vardiff, now: float) -> None:
        """Forget the older half of a count that goes back too far."""
        elapsed = now - self._window_start
        if vardiff.is_long(elapsed):
            self._look()
            self._window_start += elapsed / 2
            self.shares //= 2


def _needed(
    history: tuple[tuple[int, float | int], ...], end: int, oldest: int
) -> tuple[tuple[int, float | int], ...]:
    """Of difficulties and the jobs they bind from, those of jobs that are still taken."""
    ends = [since for since, _ in history[1:]] + [end]
    return tuple(each for each, end in zip(history, ends, strict=True) if end > oldest)
