"""Brokers for the sink: librdkafka's own mock cluster, which can be stopped and told to fail."""

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class MockCluster:
    """Three topics on one broker of librdkafka's mock cluster, in this process.

    confluent-kafka shows none of it but for `test.mock.num.brokers`, with which the brokers would
    end with the client that is under test: hence ctypes, on the same library (rdkafka_mock.h).
    """

    PRODUCE = 0
    """Key of a Produce request: Kafka protocol guide, API keys."""

    def __init__(self, partitions: int = 4) -> None:
        self._library = library = ctypes.CDLL(str(_library()))
        for name, result, arguments in [
            ("conf_new", ctypes.c_void_p, []),
            ("conf_set_log_cb", None, [ctypes.c_void_p, ctypes.c_void_p]),
            (
                "new",
                ctypes.c_void_p,
                [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int],
            ),
            ("destroy", None, [ctypes.c_void_p]),
            ("mock_cluster_new", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
            ("mock_cluster_destroy", None, [ctypes.c_void_p]),
            ("mock_cluster_bootstraps", ctypes.c_char_p, [ctypes.c_void_p]),
            ("mock_broker_set_down", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int32]),
            ("mock_broker_set_up", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int32]),
            ("mock_broker_set_rtt", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int]),
            (
                "mock_topic_create",
                ctypes.c_int,
                [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int],
            ),
            (
                "mock_push_request_errors_array",
                None,
                [ctypes.c_void_p, ctypes.c_int16, ctypes.c_size_t, ctypes.c_void_p],
            ),
        ]:
            function = getattr(library, f"rd_kafka_{name}")
            function.restype, function.argtypes = result, arguments
        error = ctypes.create_string_buffer(512)
        config = library.rd_kafka_conf_new()
        library.rd_kafka_conf_set_log_cb(config, None)
        self._client = library.rd_kafka_new(0, config, error, 512)
        assert self._client, error.value
        self._cluster = library.rd_kafka_mock_cluster_new(self._client, 1)
        self.brokers: str = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        for topic in ("shares", "work", "events"):
            name = f"stratumproxy.{topic}".encode()
            library.rd_kafka_mock_topic_create(self._cluster, name, partitions, 1)

    def stop(self) -> None:
        """Cut every connection, and take no other."""
        assert not self._library.rd_kafka_mock_broker_set_down(self._cluster, -1)

    def start(self) -> None:
        """Take connections again; what was produced is still there."""
        assert not self._library.rd_kafka_mock_broker_set_up(self._cluster, -1)

    def delay(self, milliseconds: int) -> None:
        """Answer later from now on."""
        assert not self._library.rd_kafka_mock_broker_set_rtt(self._cluster, 1, milliseconds)

    def refuse(self, *errors: int) -> None:
        """Answer the next Produce requests with these error codes."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, self.PRODUCE, len(errors), codes
        )

    def close(self) -> None:
        """End it; what it holds is gone."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)


def _library() -> Path:
    kafka: Any = pytest.importorskip("confluent_kafka")
    folder = Path(kafka.__file__).parent.parent / "confluent_kafka.libs"
    found = sorted(folder.glob("librdkafka-*.so*"))
    if not found:
        pytest.skip("this confluent-kafka has its librdkafka elsewhere: no mock cluster")
    return found[0]


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    mock = MockCluster()
    yield mock
    mock.close()
