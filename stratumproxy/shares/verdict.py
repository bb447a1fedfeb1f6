"""What a share is worth."""

from enum import IntEnum


class Verdict(IntEnum):
    """The outcome of checking one share. Values below `REJECTED` count, the others do not.

    The numbers are shared with the C side (`_native.c`) and are part of its interface.
    """

    SHARE = 0
    """Meets the miner's target; not the pool's."""
    POOL_SHARE = 1
    """Meets the pool's target too: travels upstream."""
    BLOCK = 2
    """Meets the network's target too (from nbits)."""

    LOW_DIFFICULTY = 8
    """The hash is above the miner's target for that job."""
    DUPLICATE = 9
    """This header hash was seen before, under whatever job id."""
    BAD_NTIME = 10
    """ntime is outside [job ntime, job ntime + limit]."""
    BAD_VERSION = 11
    """The rolled bits change something outside the mask."""


REJECTED = 8
"""Verdicts from here on are rejects."""
