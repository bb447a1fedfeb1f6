"""librdkafka as it is used here: what it is told, and where its own log goes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from stratumproxy.config.control import Kafka
from stratumproxy.errors import ConfigError

IN_FLIGHT_MESSAGES = 20_000
IN_FLIGHT_KBYTES = 16_384
"""What librdkafka may hold; everything else waits on disk."""

DEFAULTS: dict[str, Any] = {
    "client.id": "stratumproxy",
    "queue.buffering.max.messages": IN_FLIGHT_MESSAGES,
    "queue.buffering.max.kbytes": IN_FLIGHT_KBYTES,
    # The one that Java clients use, so that others who write by worker find the same partition.
    "partitioner": "murmur2_random",
}

GUARANTEES: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    # A message that fails stops the producer, where those behind it would overtake it.
    "enable.gapless.guarantee": True,
    # 0 is for ever: how long to wait is the spool's affair.
    "message.timeout.ms": 0,
}
"""Order and delivery rest on these, so nobody may set them: librdkafka, CONFIGURATION.md."""

TAKEN = {
    *GUARANTEES,
    "request.required.acks",
    "delivery.timeout.ms",
    "transactional.id",
    "bootstrap.servers",
    "metadata.broker.list",
}
"""Options, other names of theirs included, that the file can't set."""


def connect(config: Kafka, on_error: Callable[[KafkaError], None]) -> Producer:
    """A producer. It connects in the background, and need not succeed.

    Args:
        config: brokers and options.
        on_error: told, when the producer is polled, what goes wrong with it as a whole.

    Raises:
        ConfigError: librdkafka does not take the options.
    """
    if taken := sorted(TAKEN & config.options.keys()):
        raise ConfigError([f"kafka.options: {name} can't be set here" for name in taken])
    options = {**DEFAULTS, **config.options, **GUARANTEES, "bootstrap.servers": config.brokers}
    try:
        return Producer({**options, "error_cb": on_error}, logger=_Log())
    except (KafkaException, TypeError, ValueError) as error:
        raise ConfigError([f"kafka.options: {_words(error)}"]) from None


def refused(options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What of the options can't be used, by what librdkafka says without a broker.

    Args:
        options: as the file has them.

    Returns:
        Each such option, empty where librdkafka does not say which, and what is wrong with it.
    """
    for name in sorted(TAKEN & options.keys()):
        yield name, "can't be set here"
    left = {name: value for name, value in options.items() if name not in TAKEN}
    if not _why_refused(left):
        return
    # It stops at the first, and may name it by another name.
    for name, value in list(left.items()):
        if why := _why_refused({name: value}):
            yield name, why
            del left[name]
    if why := _why_refused(left):
        yield "", why


def _why_refused(options: Mapping[str, str]) -> str:
    try:
        Producer({**DEFAULTS, **options, **GUARANTEES}, logger=_Unheard()).close()
    except (KafkaException, TypeError, ValueError) as error:
        return _words(error)
    return ""


def _words(error: Exception) -> str:
    return str(error.args[0].str() if isinstance(error, KafkaException) else error)


class _Unheard:
    """For a producer that is only tried."""

    def log(self, level: int, form: str, *values: object) -> None:
        pass


class _Log:
    """What librdkafka logs, in our log; without this it goes to standard error as it is.

    All of it is for finding out: what matters comes as an error too, and is not said every second.
    """

    def log(self, level: int, form: str, *values: object) -> None:
        structlog.get_logger().debug("librdkafka", line=form % values if values else form)
