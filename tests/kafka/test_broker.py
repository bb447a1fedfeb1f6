"""The same against Apache Kafka itself, stopped and started under load.

It is had from Maven Central, once, into a cache folder. Without Java, Maven or a way there the test
skips; `-m "not kafka_broker"` leaves it out.
"""

import os
import shutil
import socket
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

pytest.importorskip("confluent_kafka")

from stratumproxy.config.control import Kafka
from stratumproxy.kafka.sink import KafkaSink
from stratumproxy.telemetry.records import ACCEPTED, Batch, ShareRecord

pytestmark = pytest.mark.kafka_broker

KAFKA = "3.9.1"
BATCHES = 500
PER_BATCH = 22

POM = f"""
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>stratumproxy</groupId><artifactId>tests</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>{KAFKA}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
log.dirs={folder}/log
num.partitions=3
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""


@pytest.fixture(scope="session")
def jars() -> Path:
    """Apache Kafka's jars."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "stratumproxy-tests" / f"kafka-{KAFKA}"
    if (folder / "complete").exists():
        return folder / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pom.xml").write_text(POM)
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}/jars"]
    try:
        subprocess.run(
            ["mvn", "-q", "-B", *goal], cwd=folder, check=True, capture_output=True, timeout=300
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"Maven could not get Apache Kafka: {(error.stdout or b'')[:300]!r}")
    (folder / "complete").touch()
    return folder / "jars"


class Broker:
    """One Apache Kafka broker in KRaft mode, on loopback ports of its own."""

    def __init__(self, jars: Path, folder: Path) -> None:
        ports = []
        for _ in range(2):
            with socket.create_server(("127.0.0.1", 0)) as server:
                ports.append(server.getsockname()[1])
        self.brokers = f"127.0.0.1:{ports[0]}"
        self._folder = folder
        self._java = ["java", "-Xmx256m", "-cp", f"{jars}/*"]
        self._properties = folder / "server.properties"
        self._properties.write_text(
            PROPERTIES.format(port=ports[0], controller=ports[1], folder=folder)
        )
        cluster = ["-t", "c3RyYXR1bXByb3h5dGVzdA", "-c", str(self._properties)]
        with (folder / "format.log").open("wb") as log:
            subprocess.run(
                [*self._java, "kafka.tools.StorageTool", "format", *cluster],
                check=True,
                stdout=log,
                stderr=log,
                timeout=60,
            )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to start; it takes some seconds."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._properties)], stdout=log, stderr=log
            )

    def stop(self, *, kill: bool = False) -> None:
        """Stop it, in good order or not."""
        if self._process:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(60)
            self._process = None


@pytest.fixture(scope="module")
def broker(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    running = Broker(jars, tmp_path_factory.mktemp("broker"))
    yield running
    running.stop(kill=True)


def test_stopped_and_started_under_load(broker: Broker, tools: Any, tmp_path: Path) -> None:
    options = {"reconnect.backoff.max.ms": "500"}
    sink = KafkaSink(Kafka(brokers=broker.brokers, spool=str(tmp_path / "spool"), options=options))
    pace = threading.Event()

    def load(begin: int, end: int) -> None:
        for seq in range(begin, end):
            sink.take([tools.batch(seq)])
            pace.wait(0.005)

    load(1, BATCHES // 5)  # before there is a broker at all
    broker.start()
    tools.wait_for(lambda: sink.delivered().acknowledged > 0)
    for part in (1, 2):
        loader = threading.Thread(
            target=load, args=(BATCHES * part // 5, BATCHES * (part + 1) // 5)
        )
        loader.start()
        broker.stop(kill=part == 2)
        loader.join()
        delivered = sink.delivered().acknowledged
        broker.start()
        tools.wait_for(lambda known=delivered: sink.delivered().acknowledged > known)
    load(BATCHES * 3 // 5, BATCHES + 1)
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    assert sink.delivered().skipped == 0
    sink.close()

    order = defaultdict(list)
    seen = set()
    for value in tools.collect(broker.brokers, BATCHES * PER_BATCH):
        name = (value["seq"], value["index"])
        if name not in seen:
            seen.add(name)
            order[value["type"], value["key"]].append(name)
    expected = {(seq, index) for seq in range(1, BATCHES + 1) for index in range(PER_BATCH)}
    assert seen == expected
    for names in order.values():
        assert names == sorted(names)


def one_share(seq: int, reason: str = "") -> Batch:
    share = ShareRecord(seq, "w1", "main", "6a", 512, 8192, 9000, ACCEPTED, reason, 0.1)
    return Batch(run="run", process=0, seq=seq, at=float(seq), shares=[share])


@pytest.mark.parametrize("known", [0, 3], ids=["first of the producer", "later"])
def test_nothing_overtakes_what_is_refused(
    broker: Broker, tools: Any, tmp_path: Path, known: int
) -> None:
    """A message larger than the topic takes is refused, those behind it are not; then it is mended.

    Runs after the test above, with the broker that it has left running.
    """
    from confluent_kafka import Consumer, TopicPartition
    from confluent_kafka.admin import (
        AdminClient,
        AlterConfigOpType,
        ConfigEntry,
        ConfigResource,
        NewTopic,
    )

    prefix = f"refusing{known}"
    topic = f"{prefix}.shares"
    admin = AdminClient({"bootstrap.servers": broker.brokers})
    made = admin.create_topics([NewTopic(topic, 1, 1, config={"max.message.bytes": "2000"})])
    made[topic].result()
    options = {"batch.num.messages": "1", "linger.ms": "0"}
    spool = str(tmp_path / "spool")
    sink = KafkaSink(
        Kafka(brokers=broker.brokers, spool=spool, topic_prefix=prefix, options=options)
    )
    sink.take([one_share(seq) for seq in range(1, known + 1)])
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    sink.take([one_share(known + 1, "x" * 5000)])
    sink.take([one_share(seq) for seq in range(known + 2, known + 12)])
    tools.wait_for(lambda: sink.delivered().restarts > 0)
    larger = ConfigEntry("max.message.bytes", "100000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[larger])
    for done in admin.incremental_alter_configs([resource]).values():
        done.result()
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    sink.close()
    consumer = Consumer({"bootstrap.servers": broker.brokers, "group.id": "refused"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    end = consumer.get_watermark_offsets(TopicPartition(topic, 0))[1]
    seqs = []
    while len(seqs) < end:
        for message in consumer.consume(end - len(seqs), timeout=1):
            assert message.error() is None
            seqs.append(orjson.loads(message.value() or b"")["seq"])
    consumer.close()
    assert list(dict.fromkeys(seqs)) == list(range(1, known + 12))
