"""What librdkafka is told, and what it may not be told."""

import pytest

pytest.importorskip("confluent_kafka")

from stratumproxy.config.control import Kafka
from stratumproxy.errors import ConfigError
from stratumproxy.kafka.client import GUARANTEES, connect


def config(**options: str) -> Kafka:
    named = {name.replace("_", "."): value for name, value in options.items()}
    return Kafka(brokers="127.0.0.1:1", spool="/nowhere", options=named)


def ignore(error: object) -> None:
    pass


@pytest.mark.parametrize("name", [*GUARANTEES, "transactional.id", "bootstrap.servers"])
def test_what_the_guarantees_rest_on_cant_be_set(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"kafka\.options: {name} can't be set here"):
        connect(config(**{name: "1"}), ignore)


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("no.such.thing", "1", 'No such configuration property: "no.such.thing"'),
        ("compression.type", "rar", "compression"),
        ("retries", "0", "retries"),
    ],
)
def test_what_librdkafka_does_not_take_is_told(option: str, value: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=rf"kafka\.options: .*{complaint}"):
        connect(config(**{option: value}), ignore)


def test_other_options_are_handed_on(capfd: pytest.CaptureFixture[str]) -> None:
    producer = connect(config(compression_type="lz4", linger_ms="20"), ignore)
    producer.poll(0.1)
    producer.close()
    assert capfd.readouterr().err == ""
