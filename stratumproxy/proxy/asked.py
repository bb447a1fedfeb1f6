"""The difficulty that one miner is asked for: what is in force, what was, what would be better."""

from stratumproxy.stratum.difficulty import target_bytes
from stratumproxy.stratum.messages import encode_set_difficulty
from stratumproxy.work.vardiff import Vardiff

NO_TARGET = bytes(32)
"""Of a miner that was not told a difficulty yet: what it guesses a job id for meets none."""

OLD_DIFFICULTIES = 8
"""Earlier difficulties remembered for shares on jobs that went out under them."""

URGENT = 3.0
"""A difficulty that is off by this factor does not wait for the pool's next job."""


class Asked:
    """What a miner is asked for. A difficulty binds from the job that it is told in front of.

    Args:
        now: seconds, when the miner connected.
    """

    __slots__ = (
        "_older",
        "_window_start",
        "difficulty",
        "fixed",
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
        self.difficulty: float | int = 0
        """What it was last told; 0 for nothing yet."""
        self.target = NO_TARGET
        self.since = 0
        """Number of the first job that `difficulty` binds for."""
        self._older: tuple[tuple[int, float | int, bytes], ...] = ()
        self._window_start = now
        self.shares = 0
        """Good ones, since vardiff's count began."""

    def bind(self, difficulty: float | int, job_number: int, now: float) -> bytes:
        """Have a difficulty in force from a job on.

        Returns:
            What tells the miner.
        """
        if self.difficulty:
            before = self.since, self.difficulty, self.target
            self._older = (*self._older, before)[-OLD_DIFFICULTIES:]
        self.difficulty = difficulty
        self.target = target_bytes(difficulty)
        self.since = job_number
        self._window_start = now
        self.shares = 0
        return encode_set_difficulty(difficulty)

    def bound_to(self, job_number: int) -> tuple[float | int, bytes]:
        """The difficulty and target that were in force when a job went out to this miner."""
        for since, difficulty, target in reversed(self._older):
            if job_number >= since:
                return difficulty, target
        return self.difficulty, self.target

    def want(self, difficulty: float | int) -> None:
        """Ask for a difficulty from the next job on, as far as the miner's wish allows.

        It must have been clamped to the configured limits.
        """
        self.wanted = max(difficulty, self.minimum)

    @property
    def urgent(self) -> bool:
        """What is in force is too far off to wait for the pool's next job."""
        return not self.difficulty / URGENT < self.wanted < self.difficulty * URGENT

    def better(self, vardiff: Vardiff, now: float) -> float | None:
        """What vardiff would rather ask for, if not what is in force."""
        if self.fixed:
            return None
        return vardiff.retarget(self.difficulty, self.shares, now - self._window_start)

    def due(self, vardiff: Vardiff, now: float) -> bool:
        """Whether a count that was not striking is old enough to be judged."""
        return bool(self.difficulty) and now - self._window_start >= vardiff.window

    def pause(self, seconds: float) -> None:
        """There was nothing to mine on for so long: that is not held against the miner."""
        self._window_start += seconds

    def shorten(self, vardiff: Vardiff, now: float) -> None:
        """Forget the older half of a count that goes back too far."""
        elapsed = now - self._window_start
        if vardiff.is_long(elapsed):
            self._window_start += elapsed / 2
            self.shares //= 2
