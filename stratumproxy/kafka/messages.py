"""What a batch is in Kafka: a JSON object a record, each with a topic, a key and a number.

`kafka/schema.py` describes them. A batch always makes the same messages in the same order, so
(run, seq, index) names one for good, and who reads them can tell a repeat.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from stratumproxy.kafka.schema import SCHEMA
from stratumproxy.telemetry.records import Batch

TOPICS = SHARES, WORK, EVENTS = ("shares", "work", "events")
"""What comes after the prefix, and a dot."""


class Message(NamedTuple):
    """One message, before it is known which topics' prefix is configured."""

    topic: str
    """One of `TOPICS`."""
    key: str
    """Messages with the same one stay in order."""
    value: bytes


def count(batch: Batch) -> int:
    """How many messages a batch makes."""
    records: list[Sequence[object]] = [batch.shares, batch.work, batch.jobs, batch.events]
    return sum(map(len, records)) + bool(batch.dropped)


def messages(batch: Batch) -> Iterator[Message]:
    """The messages of a batch, in their order."""
    head = {
        "schema": SCHEMA,
        "type": "",
        "run": batch.run,
        "process": batch.process,
        "site": batch.site,
        "seq": batch.seq,
    }
    for index, (topic, kind, key, values) in enumerate(_rows(batch)):
        value = orjson.dumps({**head, "type": kind, "index": index, **values})
        yield Message(topic, key, value)


def _rows(batch: Batch) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Topic, type, key, and what the record says."""
    for share in batch.shares:
        yield SHARES, "share", share.worker, share._asdict()
    for work in batch.work:
        yield WORK, "work", work.worker, {"at": batch.at, **work._asdict()}
    for job in batch.jobs:
        yield EVENTS, "job", job.pool, job._asdict()
    for event in batch.events:
        yield EVENTS, "event", batch.run, event._asdict()
    if batch.dropped:
        yield EVENTS, "dropped", batch.run, {"at": batch.at, "records": batch.dropped}
