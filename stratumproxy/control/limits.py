"""Limits of tenants over all processes: each is told how many miners the others have.

A process counts its own miners, and tells them with its snapshot, once a second. So a limit holds
but for those who come to several processes within the second or two until all of them know; who is
in stays in. A process without a control process goes by its own miners, and those that it was told
of last.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

MOST_AT_ONCE = 500
"""Tenants in one message; a process takes orders of 64 KiB."""


class SharedLimits:
    """Who has how many miners, by process.

    Args:
        processes: the numbers of all of them.
        tell: tells one, by its number, how many miners of some tenants are elsewhere; False if
            there is no room for that now.
    """

    def __init__(
        self, processes: Sequence[int], tell: Callable[[int, dict[str, int]], bool]
    ) -> None:
        self._silent = set(processes)
        """Who has told nothing yet. Until all have, less would be known here than they were told
        by a control process before this one."""
        self._tell = tell
        self._here: dict[int, Mapping[str, int]] = {}
        self._runs: dict[int, str] = {}
        self._told: dict[int, dict[str, int]] = {}

    def shown(self, process: int, run: str, miners: Mapping[str, int]) -> None:
        """A process tells how many miners it has of each tenant with a limit.

        Args:
            process: its number.
            run: differs from one start of it to the next.
            miners: how many, by tenant.
        """
        if self._runs.get(process) != run:
            self._runs[process] = run
            self._told.pop(process, None)
        self._here[process] = miners
        self._silent.discard(process)

    def ended(self, run: str) -> None:
        """A run is over, and none of its miners is connected any more."""
        for process, known in self._runs.items():
            if known == run:
                self._here[process] = {}

    def look(self) -> None:
        """Tell whom it concerns what has changed. Meant to be called once a second."""
        if self._silent:
            return
        everywhere: Counter[str] = Counter()
        for miners in self._here.values():
            everywhere.update(miners)
        for process, here in self._here.items():
            # One that does not know of a tenant, or of its limit, yet is told when it does.
            before = self._told.get(process, {})
            told = self._told[process] = {name: before[name] for name in here if name in before}
            changed = [
                (name, elsewhere)
                for name, count in here.items()
                if (elsewhere := everywhere[name] - count) != told.get(name, 0)
            ]
            for start in range(0, len(changed), MOST_AT_ONCE):
                some = dict(changed[start : start + MOST_AT_ONCE])
                if self._tell(process, some):
                    told.update(some)
