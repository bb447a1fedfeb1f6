"""Brokers for the sink: librdkafka's own mock cluster, which can be stopped and told to fail."""

import ctypes
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from stratumproxy.telemetry.records import ACCEPTED, Batch, EventRecord, ShareRecord, WorkRecord

WORKERS = 7
PATIENCE = 120
"""Seconds after which a test gives up; none of them takes a tenth of it."""
LOOK_SECONDS = 0.2


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
            called = f"stratumproxy.{topic}".encode()
            library.rd_kafka_mock_topic_create(self._cluster, called, partitions, 1)

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


def make_batch(seq: int, run: str = "run", shares: int = 20) -> Batch:
    """Shares of some workers in turn, and a little of everything else."""
    return Batch(
        run=run,
        process=0,
        seq=seq,
        at=float(seq),
        shares=[
            ShareRecord(seq, f"w{n % WORKERS}", "main", "6a", 512, 8192, 9000, ACCEPTED, "", 0.1)
            for n in range(shares)
        ],
        work=[WorkRecord("w1", "main", 3, 1536.0, {"stale": 1}, 0.0, 9000.5)],
        events=[EventRecord(seq, "info", "a thing", {"n": seq})],
    )


def collect(
    brokers: str, want: int | Callable[[], float], outage: float = 0
) -> list[dict[str, Any]]:
    """Read all three topics from the beginning, until there are so many different messages.

    Args:
        brokers: where they are.
        want: how many; a call says how many by now.
        outage: seconds for which there may be no broker.
    """
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "test",
            "auto.offset.reset": "earliest",
            # It is back before the mock broker, which keeps 5 MB, has more to hold than that.
            "reconnect.backoff.max.ms": "500",
        }
    )
    topics = consumer.list_topics(timeout=PATIENCE).topics
    consumer.assign(
        [
            TopicPartition(name, partition, 0)
            for name, topic in topics.items()
            if name.startswith("stratumproxy.")
            for partition in topic.partitions
        ]
    )
    got: list[dict[str, Any]] = []
    names = set()
    silent = 0.0
    try:
        while len(names) < (wanted := want() if callable(want) else want):
            read = consumer.consume(200, timeout=LOOK_SECONDS)
            silent = 0 if read else silent + LOOK_SECONDS
            assert silent < PATIENCE + outage, f"{len(names)} of {wanted} messages arrived"
            for message in read:
                assert message.error() is None, message.error()
                value = orjson.loads(message.value() or b"")
                got.append({**value, "key": (message.key() or b"").decode()})
                names.add((value["run"], value["seq"], value["index"]))
    finally:
        consumer.close()
    return got


def wait_for(condition: Callable[[], bool]) -> None:
    """Look until it is so: what is waited for happens in threads that tell nobody."""
    never = threading.Event()
    for _ in range(PATIENCE * 50):
        if condition():
            return
        never.wait(0.02)
    raise AssertionError("it never came")


@pytest.fixture
def tools() -> Any:
    """What tests of this folder share, which are no package."""

    class Tools:
        batch = staticmethod(make_batch)
        collect = staticmethod(collect)
        wait_for = staticmethod(wait_for)

    return Tools
