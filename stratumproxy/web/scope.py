"""What of the journal is for whom: a tenant is told of its own, and not all of that."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from stratumproxy.fleet.journal import JOBS, Entry, Journal
from stratumproxy.telemetry.records import JobRecord
from stratumproxy.web.viewer import Viewer

TOLD_TO_TENANTS = frozenset(
    {
        "account",
        "condition",
        "count",
        "difficulty",
        "lasted_seconds",
        "miner",
        "miners",
        "name",
        "percent",
        "pool",
        "reason",
        "seconds",
        "shares",
        "since",
        "subject",
        "target",
        "tenant",
        "until",
        "wanted",
        "weight",
        "worker",
        "workers",
    }
)
"""What a tenant is told of an event of its own. Any other value may be of others: who gave an
order, and from where, or who else has that name."""


def as_told(entry: Entry, viewer: Viewer) -> dict[str, Any] | None:
    """A job, or an event, as it is for somebody; None if it is not."""
    record, tenant = entry.record, viewer.tenant
    if tenant is None:
        return record._asdict()
    if isinstance(record, JobRecord):
        # How many groups of miners there are is how many targets all have.
        return record._replace(group=0)._asdict() if record.tenant == tenant else None
    if record.values.get("tenant") != tenant:
        return None
    values = {key: value for key, value in record.values.items() if key in TOLD_TO_TENANTS}
    return record._replace(values=values)._asdict()


def told(entries: Iterable[Entry], viewer: Viewer, most: int) -> list[dict[str, Any]]:
    """The first of some jobs or events that are for somebody."""
    found = (as_told(entry, viewer) for entry in entries)
    return list(islice((each for each in found if each is not None), most))


def jobs(journal: Journal, viewer: Viewer, most: int = JOBS) -> list[dict[str, Any]]:
    """Jobs that are for somebody, the newest first."""
    return told(journal.jobs, viewer, most)
