"""The sink that hands records to Apache Kafka."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog

from stratumproxy.config.control import Kafka
from stratumproxy.errors import ConfigError
from stratumproxy.kafka.messages import count
from stratumproxy.kafka.segment import Entry
from stratumproxy.kafka.spool import Spool
from stratumproxy.telemetry.records import Batch, ShareRecord, WorkRecord
from stratumproxy.telemetry.sink import Delivered

if TYPE_CHECKING:
    from stratumproxy.kafka.feed import Feed

NO_CLIENT = (
    "the package confluent-kafka is not installed; install it where stratumproxy is: "
    f"{sys.executable} -m pip install confluent-kafka"
)


class KafkaSink:
    """Keeps batches in a spool on disk, and delivers them from there; see docs/kafka.md.

    Args:
        config: brokers, topics and spool.

    Raises:
        ConfigError: confluent-kafka is not installed, or its options can't be used.
        SinkError: the spool can't be used.
    """

    def __init__(self, config: Kafka) -> None:
        self._spool = Spool(config.spool, config.spool_bytes)
        try:
            self._feed = _feed(self._spool, config)
        except Exception:
            self._spool.close()
            raise
        if self._spool.cut_bytes:
            structlog.get_logger().warning(
                "cut off the end of the Kafka spool, torn when it was written last",
                bytes=self._spool.cut_bytes,
            )
        self._feed.start()

    def take(self, batches: Sequence[Batch]) -> None:
        """Keep batches on disk: they are delivered whenever there are brokers.

        Raises:
            SinkError: the spool is full, or can't be written. What did fit is known by run and
                number when it is told again.
        """
        self._spool.append([entry(batch) for batch in batches if count(batch)])

    def delivered(self) -> Delivered:
        """How it goes with the brokers. Cheap; any thread may ask."""
        feed, spool = self._feed, self._spool
        return Delivered(
            problem=feed.problem,
            kept_bytes=spool.size,
            limit_bytes=spool.limit_bytes,
            waiting=spool.waiting,
            acknowledged=feed.delivered,
            skipped=feed.skipped,
            restarts=feed.restarts,
        )

    def close(self) -> None:
        """Stop delivering, within some seconds; the rest stays in the spool."""
        self._feed.close()
        self._spool.close()


def entry(batch: Batch) -> Entry:
    """A batch as the spool keeps it, without what is no message, and without unproven names."""
    unproven = frozenset(batch.unproven)
    kept = replace(
        batch,
        shares=[_named(share, unproven) for share in batch.shares],
        work=[_named(work, unproven) for work in batch.work],
        miners=(),
        unproven=(),
    )
    return Entry(batch.run, batch.seq, count(batch), kept.encode())


OfWorker = TypeVar("OfWorker", ShareRecord, WorkRecord)


def _named(record: OfWorker, unproven: frozenset[str]) -> OfWorker:
    return record._replace(worker="") if record.worker in unproven else record


def _feed(spool: Spool, config: Kafka) -> "Feed":
    try:
        from stratumproxy.kafka.client import connect
        from stratumproxy.kafka.feed import Feed
    except ModuleNotFoundError as error:
        if error.name != "confluent_kafka":
            raise
        raise ConfigError([f"kafka.brokers is set, and {NO_CLIENT}"]) from None
    return Feed(spool, config.topic_prefix, partial(connect, config))
