"""Why a share or request is refused: code, text and the name it is counted under.

The codes are those of slush's original proxy, which every pool since has kept: 20 other, 21 job not
found, 22 duplicate, 23 low difficulty, 24 unauthorized worker, 25 not subscribed.
"""

from typing import NamedTuple

from stratumproxy.shares.verdict import Verdict


class Reject(NamedTuple):
    """One way to be refused."""

    code: int
    text: str
    reason: str
    """The name it is counted under."""


STALE = Reject(21, "Job not found (stale)", "stale")
DUPLICATE = Reject(22, "Duplicate share", "duplicate")
LOW_DIFFICULTY = Reject(23, "Low difficulty share", "low-difficulty")
UNAUTHORIZED = Reject(24, "Unauthorized worker", "unauthorized")
NOT_SUBSCRIBED = Reject(25, "Not subscribed", "not-subscribed")
BAD_NTIME = Reject(20, "ntime out of range", "bad-ntime")
BAD_VERSION = Reject(20, "Version bits outside the mask", "bad-version")
MALFORMED = Reject(20, "Malformed submit", "malformed")
NO_POOL = Reject(20, "No pool is ready", "no-pool")
LOST = Reject(20, "Lost: the pool's connection closed before its verdict", "lost")
TIMED_OUT = Reject(20, "Lost: the pool gave no verdict in time", "timed-out")

OF_VERDICT: dict[int, Reject] = {
    Verdict.LOW_DIFFICULTY: LOW_DIFFICULTY,
    Verdict.DUPLICATE: DUPLICATE,
    Verdict.BAD_NTIME: BAD_NTIME,
    Verdict.BAD_VERSION: BAD_VERSION,
}
"""The reject for each verdict of the share check that is not a share."""
