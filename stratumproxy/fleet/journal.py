"""The newest jobs and events, numbered, so that whoever was away for a while can catch up."""

from collections import deque
from collections.abc import Sequence
from itertools import chain, repeat
from typing import Literal, NamedTuple

from stratumproxy.telemetry.records import EventRecord, JobRecord

JOBS = 200
EVENTS = 500


class Entry(NamedTuple):
    """A job or an event."""

    id: int
    """Higher than that of any entry before it, those of earlier processes included."""
    kind: Literal["job", "event"]
    record: JobRecord | EventRecord


class Journal:
    """A bounded number of jobs and of events.

    Args:
        first: ids begin after it.
    """

    def __init__(self, first: int) -> None:
        self.newest = first
        """The newest id."""
        self._jobs: deque[Entry] = deque(maxlen=JOBS)
        self._events: deque[Entry] = deque(maxlen=EVENTS)

    def job(self, record: JobRecord) -> None:
        """Keep a job."""
        self.newest += 1
        self._jobs.append(Entry(self.newest, "job", record))

    def event(self, record: EventRecord) -> None:
        """Keep an event."""
        self.newest += 1
        self._events.append(Entry(self.newest, "event", record))

    def recall(self, jobs: Sequence[JobRecord], events: Sequence[EventRecord]) -> None:
        """Put in front what was there before this began, as far as there is room.

        Args:
            jobs: the newest first.
            events: the newest first.
        """
        self._recall(self._jobs, "job", jobs[: JOBS - len(self._jobs)])
        self._recall(self._events, "event", events[: EVENTS - len(self._events)])

    def _recall(
        self,
        entries: deque[Entry],
        kind: Literal["job", "event"],
        records: Sequence[JobRecord | EventRecord],
    ) -> None:
        # By their ids they are new, or whoever follows already would never hear of them.
        self.newest += len(records)
        ids = range(self.newest, self.newest - len(records), -1)
        entries.extendleft(map(Entry, ids, repeat(kind), records))

    @property
    def jobs(self) -> list[Entry]:
        """Jobs, the newest first."""
        return list(reversed(self._jobs))

    @property
    def events(self) -> list[Entry]:
        """Events, the newest first."""
        return list(reversed(self._events))

    def since(self, newest: int) -> list[Entry]:
        """What came after an id and is still here, the oldest first."""
        if newest > self.newest:
            newest = 0  # it is of an earlier process, whose clock was ahead of ours
        elif newest == self.newest:
            return []
        entries = chain(self._jobs, self._events)
        return sorted(entry for entry in entries if entry.id > newest)
