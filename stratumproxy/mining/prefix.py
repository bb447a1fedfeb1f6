"""Which bytes of the extranonce are a miner's own, and which jobs went out to it with them.

A share on any other job is stale: job ids are consecutive, so anybody can name one, and what a
share is worth is what was asked when its job went out.
"""

from typing import NamedTuple

from stratumproxy.mining.extranonce import SlotSpace
from stratumproxy.mining.issued import Job

MOST_PREFIXES = 16
"""Earlier prefixes remembered for shares that are still under way: it changes with the pool's
extranonce or by a reconnect. One on which no job is taken any more is forgotten before that."""


class Prefix:
    """The bytes of the extranonce that one miner has.

    Args:
        group: whose session it mines on.
        space: where its slot came from; None if it has the session to itself.
        slot: its extranonce1.
        extranonce2_size: bytes of its extranonce2.
        padding: what goes upstream in front of its extranonce2, if not the slot.
        token: a number that nobody guesses, 32 bits; it has to be named to have the slot again.
    """

    __slots__ = (
        "extranonce2_size",
        "first_job",
        "group",
        "last_job",
        "prefix",
        "slot",
        "space",
        "token",
        "total",
    )

    def __init__(
        self,
        group: object,
        space: "SlotSpace[Past] | None",
        slot: bytes,
        extranonce2_size: int,
        *,
        padding: bytes | None = None,
        total: int = 0,
        token: int,
    ) -> None:
        self.group = group
        self.space = space
        self.slot = slot
        self.extranonce2_size = extranonce2_size
        self.prefix = slot if padding is None else padding
        """What goes upstream in front of its extranonce2: the slot, unless the pool knows it."""
        self.total = total or len(slot) + extranonce2_size
        """Bytes between the pool's coinb1 and coinb2 that are the miner's doing."""
        self.token = token
        self.first_job = 0
        """Number of the first job that went out on it; 0 for none yet."""
        self.last_job = 0
        """Of the last one, once the miner has another one; before that the miner knows."""

    @property
    def session_id(self) -> str:
        """What its miner is told, and names to have it again."""
        return f"{self.slot.hex()}{self.token:08x}"

    def had(self, job: Job, last_job: int) -> bool:
        """Whether a job went out on it, given the last that did."""
        return job.group is self.group and 0 < self.first_job <= job.number <= last_job


class Past(NamedTuple):
    """What is kept of a miner that is gone, for its return under its session id."""

    prefixes: tuple[Prefix, ...]
    difficulties: tuple[tuple[int, float | int], ...]
    """What it was asked for, from which job on; the last is what was in force."""
    may_roll: int
    """The version bits that it was told of."""
    last_job: int


NO_PAST = Past((), (), 0, 0)
