"""Who has no say in a split, over all processes: workers that the ledger's audit accuses.

A worker that withholds what a pool wants, and sends the easy shares, has work for which nobody is
credited. What it finds does not count then for what targets were given, nor for how fast it is.
"""

from collections.abc import Callable, Mapping

MOST = 50
"""Workers that are told of; a process takes orders of 64 KiB."""

HAS_NO_SAY = "a worker's shares have no say in the split: it sends pools less than chance allows"
HAS_A_SAY = "a worker's shares have a say in the split again"


class Accused:
    """They, as all processes have to know.

    Args:
        tell: tells a process of all of them, by its number; False if there is no room for that now.
        record: called with a level, a text and values: what should be on record.
    """

    def __init__(
        self, tell: Callable[[int, dict[str, list[str]]], bool], record: Callable[..., None]
    ) -> None:
        self._tell = tell
        self._record = record
        self._workers: dict[str, list[str]] | None = None
        """By tenant; None as long as nobody has said. Processes go by what they were told before
        this process then."""
        self._runs: dict[int, str] = {}
        self._told: set[int] = set()

    def accuse(self, workers: Mapping[str, list[str]]) -> None:
        """These are accused from now on, and nobody else.

        Args:
            workers: names by tenant, those that matter most first.
        """
        before, room = self._workers or {}, MOST
        self._workers = {}
        for tenant, names in workers.items():
            if some := names[:room]:
                self._workers[tenant] = some
                room -= len(some)
        for level, event, those, others in (
            ("warning", HAS_NO_SAY, self._workers, before),
            ("info", HAS_A_SAY, before, self._workers),
        ):
            for tenant, names in those.items():
                for name in names:
                    if name not in others.get(tenant, []):
                        self._record(level, event, worker=name, tenant=tenant)
        if self._workers != before:
            self._told.clear()

    def met(self, process: int, run: str) -> None:
        """A process is there; if it was not, it knows nothing."""
        if self._runs.get(process) != run:
            self._runs[process] = run
            self._told.discard(process)

    def look(self) -> None:
        """Tell whoever does not know. Meant to be called once a second."""
        if self._workers is None:
            return
        for process in self._runs:
            if process not in self._told and self._tell(process, self._workers):
                self._told.add(process)
