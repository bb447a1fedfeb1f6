"""What a simulated pool makes of a share: the reference code's verdict, in a pool's words."""

from dataclasses import dataclass
from typing import NamedTuple

from stratumproxy.protocol.v1.submit import read_submit
from stratumproxy.shares._reference import Work
from stratumproxy.shares.difficulty import target_bytes
from stratumproxy.shares.verdict import REJECTED, Verdict


class Reject(NamedTuple):
    """Why a share does not count."""

    code: int
    """20 to 25, as Slush's first pool numbered them."""
    reason: str
    """What it is counted under."""
    text: str


STALE = Reject(21, "stale", "job not found")
UNKNOWN_JOB = Reject(21, "unknown-job", "job not found")
DUPLICATE = Reject(22, "duplicate", "duplicate share")
LOW_DIFFICULTY = Reject(23, "low-difficulty", "low difficulty share")
UNAUTHORIZED = Reject(24, "unauthorized", "unauthorized worker")
NOT_SUBSCRIBED = Reject(25, "not-subscribed", "not subscribed")
BAD_NTIME = Reject(20, "bad-ntime", "ntime out of range")
BAD_VERSION = Reject(20, "bad-version", "version bits outside the mask")
MALFORMED = Reject(20, "malformed", "malformed share")
POOL = Reject(20, "pool", "rejected by the pool")

_OF_VERDICT = {
    Verdict.LOW_DIFFICULTY: LOW_DIFFICULTY,
    Verdict.DUPLICATE: DUPLICATE,
    Verdict.BAD_NTIME: BAD_NTIME,
    Verdict.BAD_VERSION: BAD_VERSION,
}


class Judgement(NamedTuple):
    """What one share is worth."""

    reject: Reject | None
    """None: it counts."""
    hash: bytes = b""
    """The header's hash in internal byte order, of a share that counts."""
    difficulty: float = 0.0
    """What it counts for: the difficulty that was asked for."""
    block: bool = False


class SentJob:
    """A job as one connection got it: what bound when it was sent binds its shares.

    Args:
        work: the job, prepared by the reference code.
        extranonce1: the connection's at that time.
        extranonce2_size: bytes, the same.
        difficulty: the same.
    """

    __slots__ = ("_difficulty", "_extranonce1", "_extranonce2_size", "_target", "_work")

    def __init__(
        self, work: Work, extranonce1: bytes, extranonce2_size: int, difficulty: float
    ) -> None:
        self._work = work
        self._extranonce1 = extranonce1
        self._extranonce2_size = extranonce2_size
        self._target = target_bytes(difficulty)
        self._difficulty = difficulty

    def judge(self, submit: list[str], version_mask: int) -> Judgement:
        """Judge the params of one ``mining.submit`` for this job."""
        read = read_submit({"params": submit}, b"")
        if read is None:
            return Judgement(MALFORMED)
        (*_, extranonce2, ntime, nonce, bits), fault = read
        if fault or len(extranonce2) != self._extranonce2_size:
            return Judgement(MALFORMED._replace(text=fault or "incorrect size of extranonce2"))
        if bits is not None and bits & ~version_mask:
            return Judgement(BAD_VERSION)  # pools are stricter here than our reference
        number, _, hash = self._work.check(
            self._extranonce1, extranonce2, ntime, nonce, bits, version_mask, self._target
        )
        if number >= REJECTED:
            return Judgement(_OF_VERDICT[Verdict(number)])
        return Judgement(None, hash, self._difficulty, number == Verdict.BLOCK)


@dataclass(frozen=True, slots=True)
class PreparedJob:
    """A job for all connections with one size of extranonce1 and extranonce2 together."""

    work: Work
    notify: bytes
    """The line."""
