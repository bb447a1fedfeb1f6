"""What event streams are sent, encoded once for all of them."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from stratumproxy.fleet.journal import EVENTS, JOBS, Journal
from stratumproxy.web.scope import as_told
from stratumproxy.web.viewer import Viewer

TENANTS_PART = 4
"""One in so many of all streams may be one tenant's."""


class Streams:
    """All event streams: how many there are, and what each is sent, encoded once for all.

    Args:
        journal: the jobs and events that they tell.
        summary: what else they tell, at a moment: even time, and the same moment's time of day.
        limit: streams at a time.
    """

    def __init__(
        self, journal: Journal, summary: Callable[[float, float], dict[str, Any]], limit: int
    ) -> None:
        self._journal = journal
        self._make_summary = summary
        self._limit = limit
        self.open = 0
        self._of_tenants: Counter[str | None] = Counter()
        self.dropped = 0
        """Streams that were ended since their clients did not read."""
        self._second = -1
        self._summary = b""
        self._encoded: deque[tuple[int, bytes]] = deque(maxlen=JOBS + EVENTS)
        self._newest = 0

    def full(self, tenant: str | None) -> bool:
        """Whether there are as many as there may be, or as may be one tenant's: a quarter."""
        own = self._of_tenants[tenant] if tenant is not None else 0
        return self.open >= self._limit or own >= max(1, self._limit // TENANTS_PART)

    @contextmanager
    def opened(self, tenant: str | None) -> Iterator[None]:
        """While a stream is open."""
        self.open += 1
        self._of_tenants[tenant] += 1
        try:
            yield
        finally:
            self.open -= 1
            self._of_tenants[tenant] -= 1
            if not self._of_tenants[tenant]:
                del self._of_tenants[tenant]

    def summary(self, now: float, today: float, second: int) -> bytes:
        """The summary of a second, encoded when it is asked for first."""
        if second != self._second:
            self._second = second
            self._summary = encoded("summary", self._make_summary(now, today))
        return self._summary

    def since(self, newest: int, viewer: Viewer) -> tuple[bytes, int]:
        """Jobs and events after an id, as they are for somebody, and the id of the last of them.

        For a tenant they have no ids: those would count what is others'.
        """
        if viewer.tenant is not None:
            entries = self._journal.since(newest)
            told = ((entry.kind, as_told(entry, viewer)) for entry in entries)
            events = (encoded(kind, value) for kind, value in told if value is not None)
            return b"".join(events), self._journal.newest
        for entry in self._journal.since(self._newest):
            self._encoded.append((entry.id, encoded(entry.kind, entry.record._asdict(), entry.id)))
        self._newest = self._journal.newest
        new = []
        for id, event in reversed(self._encoded):
            if id <= newest:
                break
            new.append(event)
        return b"".join(reversed(new)), self._newest


def encoded(kind: str, value: object, id: int | None = None) -> bytes:
    """An event as it is sent."""
    number = b"" if id is None else b"id: %d\n" % id
    return b"event: %s\n%sdata: %s\n\n" % (kind.encode(), number, orjson.dumps(value))
