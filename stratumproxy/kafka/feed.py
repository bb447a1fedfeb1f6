"""From the spool to the brokers, in order, by a thread of its own."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Event, Thread

import orjson
import structlog
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Report

from stratumproxy.errors import StratumProxyError, TelemetryError, TooNew
from stratumproxy.kafka.messages import Message, messages
from stratumproxy.kafka.segment import Entry
from stratumproxy.kafka.spool import Spool
from stratumproxy.telemetry.records import Batch

POLL_SECONDS = 0.1
"""How long delivery reports are waited for, and so how long a new record may lie there at most."""

FLUSH_SECONDS = 2.0
"""How long the end waits for reports of what is under way: each that comes is a repeat less."""

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between one producer and the next, if none delivers anything."""


MOST_KEYS = 100_000
"""Keys remembered as known to the brokers; past it all are forgotten, and made known anew."""


class _Failed(Exception):
    """The producer can't go on. The spool has everything that it did not deliver."""


class _Shipment:
    """A record's messages on their way."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


class Feed:
    """Delivers what is in a spool, and acknowledges it there once the brokers have it.

    A producer that fails for good is replaced, and everything that was not acknowledged is sent
    again from the first on: repeats, but no gap.

    Nor does anything overtake. librdkafka sends requests that it has built already behind one that
    was refused, also with one in flight at a time. A broker refuses those for the gap in their
    sequence numbers, but only where it has a number of this producer to compare with: the first on
    a partition may have any (Kafka, ProducerAppendInfo). So a key's second message waits until its
    first is acknowledged, once for each producer.

    Args:
        spool: what to deliver.
        prefix: what topics begin with.
        connect: makes a producer, given what it tells its errors.
    """

    def __init__(
        self,
        spool: Spool,
        prefix: str,
        connect: Callable[[Callable[[KafkaError], None]], Producer],
    ) -> None:
        self.delivered = 0
        """Messages that brokers acknowledged, repeats included."""
        self.skipped = 0
        """Messages, or records that can't be read, that can never be delivered."""
        self.restarts = 0
        """Producers that failed for good."""
        self.problem = ""
        """Why brokers take nothing; empty if they do, or were not heard of yet."""
        self._spool = spool
        self._prefix = prefix
        self._connect = connect
        self._under_way: deque[_Shipment] = deque()
        self._first: set[tuple[str, str]] = set()
        """Topics and keys whose first message is on its way."""
        self._known: set[tuple[str, str]] = set()
        """Topics and keys of which the brokers have one from this producer."""
        self._failure = ""
        self._attempt = 0
        self._told: set[str] = set()
        self._closing = Event()
        self._log = structlog.get_logger()
        # What it is told to do wrong is known at once, and not in a thread.
        self._producer: Producer | None = connect(self._on_error)
        self._thread = Thread(target=self._run, name="kafka", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop within some seconds; what is not delivered stays in the spool."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._deliver(self._producer or self._connect(self._on_error))
            except (_Failed, StratumProxyError) as error:
                self.problem = str(error)
            except KafkaException as error:  # polling raises what is fatal
                self.problem = error.args[0].str()
            except Exception as error:  # the thread must outlive what nobody thought of
                self._log.warning("delivery to Kafka failed", exc_info=True)
                self.problem = repr(error)
            else:
                return
            self._producer = None
            self.restarts += 1
            pause = PAUSES[min(self._attempt, len(PAUSES) - 1)]
            self._attempt += 1
            self._closing.wait(pause)

    def _deliver(self, producer: Producer) -> None:
        """Deliver until it is time to close.

        Raises:
            _Failed: this producer will deliver no more.
            SinkError: the spool can't be read.
            TooNew: a later release wrote what is next in it.
        """
        self._under_way.clear()
        self._first.clear()
        self._known.clear()
        self._failure = ""
        self._spool.rewind()
        try:
            while not self._closing.is_set():
                entry = self._spool.read()
                if entry is not None:
                    self._ship(producer, entry)
                self._settle(producer, 0 if entry else POLL_SECONDS)
            if self._under_way:
                producer.flush(FLUSH_SECONDS)
                self._settle(producer, 0)
        finally:
            # Purged, or its end would wait for brokers that are away. One that has failed says so
            # once more at each of these.
            for end in (producer.purge, partial(producer.flush, 0), producer.close):
                with suppress(KafkaException):
                    end()

    def _ship(self, producer: Producer, entry: Entry) -> None:
        shipment = _Shipment(0)
        try:
            batch = Batch.decode(orjson.loads(entry.data))
        except TooNew:
            # Not lost: it stays there with all behind it, and a later release delivers them.
            producer.flush(FLUSH_SECONDS)
            self._settle(producer, 0)
            raise
        except (TelemetryError, ValueError) as error:
            self._under_way.append(shipment)
            self.skipped += 1
            self._log.warning("a record of the spool can't be read", error=str(error))
            return
        shipment.left = entry.messages
        self._under_way.append(shipment)
        for message in messages(batch):
            while not self._sent(producer, message, shipment):
                self._settle(producer, POLL_SECONDS)
                if self._closing.is_set():
                    return

    def _sent(self, producer: Producer, message: Message, shipment: _Shipment) -> bool:
        """Hand over a message; False if it has to wait: for its key's first, or for room."""
        name = (message.topic, message.key)
        if name in self._first:
            return False

        def report(error: KafkaError | None, _: Report) -> None:
            if error is None:
                shipment.left -= 1
                self._first.discard(name)
                self._known.add(name)
                self._arrived()
            else:
                self._failure = self._failure or error.str()

        topic = f"{self._prefix}.{message.topic}"
        try:
            producer.produce(topic, message.value, message.key, on_delivery=report)
        except BufferError:
            return False
        except KafkaException as failure:
            error = failure.args[0]
            if error.code() != KafkaError.MSG_SIZE_TOO_LARGE:
                producer.poll(0)  # raises the reason, where this is only that there was one
                raise _Failed(error.str()) from None
            self.skipped += 1
            shipment.left -= 1
            self._log.warning(
                "a message is larger than Kafka takes", topic=topic, bytes=len(message.value)
            )
            return True
        if name not in self._known:
            if len(self._known) >= MOST_KEYS:
                self._known.clear()
            self._first.add(name)
        return True

    def _settle(self, producer: Producer, seconds: float) -> None:
        """Hear what became of messages, and acknowledge the records that are through."""
        producer.poll(seconds)
        through = 0
        while self._under_way and not self._under_way[0].left:
            self._under_way.popleft()
            through += 1
        if through:
            self._spool.acknowledge(through)
            self._attempt = 0
        if self._failure:
            raise _Failed(self._failure)

    def _arrived(self) -> None:
        self.delivered += 1
        if self.problem:
            self.problem = ""
            self._told.clear()

    def _on_error(self, error: KafkaError) -> None:
        """Remember that nothing is taken; say anything else, each kind once until it is mended."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self.problem = error.str()
        elif error.name() not in self._told:  # one broker of several that is away is no harm yet
            self._told.add(error.name())
            self._log.warning("trouble with Kafka", error=error.str(), waiting=self._spool.waiting)
