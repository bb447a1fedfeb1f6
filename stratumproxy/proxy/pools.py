"""The configured pools, and what becomes of them when the configuration is read again."""

from collections.abc import Callable, Sequence

from stratumproxy.accounting.books import PoolTally
from stratumproxy.config import Pool

RETIRE_SECONDS = 30.0
"""Seconds that a pool which is not configured any more is mined on, while no other is ready."""


class PoolState:
    """A configured pool, over all its sessions."""

    def __init__(self, config: Pool) -> None:
        self.config = config
        self.name = config.name
        self.url = config.url
        self.size = config.extranonce2_size
        """The smallest extranonce2 size it gave, or is configured to give; None: not known."""
        self.tried = False
        """A connection to it was tried and failed."""
        self.retired: float | None = None
        """When it was configured no more; None: it still is."""
        self.detail = ""
        self.difficulty: float | int = 0
        self.version_mask = 0
        self.tally = PoolTally()
        self.odd_version = False


def carried_over(
    before: Sequence[PoolState],
    wanted: Sequence[Pool],
    in_use: Callable[[PoolState], bool],
    now: float,
) -> list[PoolState]:
    """The pools of a new configuration.

    One whose table did not change at all is the same as before. Any other is new; what was there
    in its place is retired, and stands at the end of the list: with the sessions that it still
    has, or for what it counted. Counts of one name are added up where nothing is under way.

    Args:
        before: the pools so far.
        wanted: the tables of the new configuration, in order.
        in_use: whether a pool has sessions, or shares under way.
        now: the time.
    """
    configured = [state for state in before if state.retired is None]
    after = [
        next((state for state in configured if state.config == pool), None) or PoolState(pool)
        for pool in wanted
    ]
    for state in before:
        if state in after:
            continue
        if state.retired is None:
            state.retired = now
            state.tried = True
        heir = next((other for other in after if other.name == state.name), None)
        if in_use(state):
            after.append(state)
        elif heir is not None:
            heir.tally.add(state.tally)
        elif state.tally.any:
            after.append(state)
    return after
