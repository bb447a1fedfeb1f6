"""Nothing is lost and each worker's records stay in order, whatever the brokers do."""

import math
import os
import resource
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

pytest.importorskip("confluent_kafka")

from stratumproxy.config.control import Kafka
from stratumproxy.errors import ConfigError, SinkError
from stratumproxy.kafka.sink import KafkaSink, entry
from stratumproxy.kafka.spool import Spool
from stratumproxy.telemetry.records import VERSION, Batch

PER_BATCH = 22
OUTAGE_SECONDS = 30 if os.environ.get("STRATUMPROXY_SOAK") else 2

# Kafka protocol guide, error codes.
NOT_LEADER, MESSAGE_TOO_LARGE, NOT_AUTHORIZED, OUT_OF_ORDER, FENCED = 6, 10, 29, 45, 47


def config(brokers: str, folder: Path, **settings: Any) -> Kafka:
    return Kafka(brokers=brokers, spool=str(folder / "spool"), **settings)


def assert_whole_and_in_order(got: list[dict[str, Any]], batches: int) -> None:
    """Every message is there; what is left without repeats is in order for each key."""
    seen = set()
    order = defaultdict(list)
    for value in got:
        name = (value["seq"], value["index"])
        if name not in seen:
            seen.add(name)
            order[value["type"], value["key"]].append(name)
    assert seen == {(seq, index) for seq in range(1, batches + 1) for index in range(PER_BATCH)}
    for names in order.values():
        assert names == sorted(names)


def test_records_arrive_in_their_topics(cluster: Any, tools: Any, tmp_path: Path) -> None:
    sink = KafkaSink(config(cluster.brokers, tmp_path))
    for seq in range(1, 51):
        sink.take([tools.batch(seq)])
        sink.take([tools.batch(seq)])  # told again
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    got = tools.collect(cluster.brokers, 50 * PER_BATCH)
    assert len(got) == 50 * PER_BATCH
    assert_whole_and_in_order(got, 50)
    stats = sink.delivered()
    assert (stats.acknowledged, stats.restarts, stats.skipped) == (50 * PER_BATCH, 0, 0)
    assert stats.problem == ""
    sink.close()


def test_an_outage_under_load(cluster: Any, tools: Any, tmp_path: Path) -> None:
    sink = KafkaSink(config(cluster.brokers, tmp_path))
    over = threading.Event()
    told = 0

    def load() -> None:
        nonlocal told
        while not over.is_set():
            sink.take([tools.batch(told + 1)])
            told += 1
            over.wait(0.005)

    loader = threading.Thread(target=load)
    loader.start()
    tools.wait_for(lambda: sink.delivered().acknowledged > 1000)

    def want() -> float:
        return told * PER_BATCH if over.is_set() else math.inf

    with ThreadPoolExecutor(1) as pool:
        # It reads along: the mock broker keeps no more than 5 MB of a partition.
        reading = pool.submit(tools.collect, cluster.brokers, want, OUTAGE_SECONDS)
        cluster.stop()
        tools.wait_for(lambda: sink.delivered().problem)
        before = told
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        over.wait(OUTAGE_SECONDS)
        tools.wait_for(lambda: told > before)
        # librdkafka's bound and Python's own; the spool could hold 1 GiB.
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 128 << 10
        print(f"waiting after {OUTAGE_SECONDS} s without brokers: {sink.delivered().waiting}")
        cluster.start()
        tools.wait_for(lambda: not sink.delivered().problem)
        over.set()
        loader.join()
        tools.wait_for(lambda: sink.delivered().waiting == 0)
        sink.close()
        assert_whole_and_in_order(reading.result(), told)


def test_more_than_librdkafka_holds(cluster: Any, tools: Any, tmp_path: Path) -> None:
    options = {"queue.buffering.max.messages": "30", "linger.ms": "0"}
    sink = KafkaSink(config(cluster.brokers, tmp_path, options=options))
    cluster.stop()
    for seq in range(1, 31):
        sink.take([tools.batch(seq)])
    cluster.start()
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    sink.close()
    assert_whole_and_in_order(tools.collect(cluster.brokers, 30 * PER_BATCH), 30)


@pytest.mark.parametrize("error", [NOT_AUTHORIZED, OUT_OF_ORDER, MESSAGE_TOO_LARGE, FENCED])
def test_a_producer_that_fails_is_replaced(
    cluster: Any, tools: Any, tmp_path: Path, error: int
) -> None:
    sink = KafkaSink(config(cluster.brokers, tmp_path, options={"batch.num.messages": "3"}))
    sink.take([tools.batch(1)])
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    cluster.refuse(error)
    for seq in range(2, 41):
        sink.take([tools.batch(seq)])
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    stats = sink.delivered()
    assert stats.restarts >= 1
    sink.close()
    # Only that nothing is lost: the mock broker checks no sequence numbers, and so takes what a
    # real one refuses behind a refused request. Order is in test_broker.py, and in the next test.
    assert len(tools.collect(cluster.brokers, 40 * PER_BATCH)) >= 40 * PER_BATCH


@pytest.mark.parametrize("error", [NOT_AUTHORIZED, MESSAGE_TOO_LARGE, FENCED])
def test_nothing_overtakes_the_first_of_a_producer(
    cluster: Any, tools: Any, tmp_path: Path, error: int
) -> None:
    # Nor does a real broker check them on the first request of a producer to a partition.
    cluster.refuse(error)
    sink = KafkaSink(config(cluster.brokers, tmp_path, options={"batch.num.messages": "1"}))
    shares = [share for share in tools.batch(1, shares=100).shares if share.worker == "w1"]
    sink.take([Batch(run="run", process=0, seq=1, at=1.0, shares=shares)])
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    assert sink.delivered().restarts >= 1
    sink.close()
    got = [value["index"] for value in tools.collect(cluster.brokers, len(shares))]
    assert list(dict.fromkeys(got)) == list(range(len(shares)))


def test_a_passing_error_is_no_failure(cluster: Any, tools: Any, tmp_path: Path) -> None:
    sink = KafkaSink(config(cluster.brokers, tmp_path))
    cluster.refuse(*[NOT_LEADER] * 3)
    sink.take([tools.batch(1)])
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    assert sink.delivered().restarts == 0
    sink.close()


def test_what_is_left_is_delivered_by_the_next(cluster: Any, tools: Any, tmp_path: Path) -> None:
    cluster.stop()
    sink = KafkaSink(config(cluster.brokers, tmp_path))
    sink.take([tools.batch(seq) for seq in range(1, 11)])
    sink.close()
    cluster.start()
    sink = KafkaSink(config(cluster.brokers, tmp_path))
    sink.take([tools.batch(seq) for seq in range(1, 13)])
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    sink.close()
    got = tools.collect(cluster.brokers, 12 * PER_BATCH)
    assert len(got) == 12 * PER_BATCH
    assert_whole_and_in_order(got, 12)


TAKER = """
import sys
import structlog
from stratumproxy.config.control import Kafka
from stratumproxy.kafka.sink import KafkaSink
from stratumproxy.telemetry.records import Batch, EventRecord, ShareRecord, WorkRecord
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
sink = KafkaSink(Kafka(brokers=sys.argv[1], spool=sys.argv[2]))
for line in sys.stdin:
    seq = int(line)
    share = [seq, "", "main", "6a", 512, 8192, 9000, "accepted", "", 0.1]
    shares = [ShareRecord(seq, f"w{n % 7}", *share[2:]) for n in range(20)]
    work = [WorkRecord("w1", "main", 3, 1536.0, {"stale": 1}, 0.0, 9000.5)]
    events = [EventRecord(seq, "info", "a thing", {"n": seq})]
    sink.take([Batch("run", 0, seq, seq, shares, work, [], [], events)])
    print(seq, flush=True)
"""


def test_kill_9_loses_nothing_that_was_taken(cluster: Any, tools: Any, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    seq = 0
    for more in (40, 40, 40):
        with subprocess.Popen(
            [sys.executable, "-c", TAKER, cluster.brokers, str(spool)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as taker:
            assert taker.stdin is not None
            assert taker.stdout is not None
            for number in range(max(1, seq - 3), seq + more + 1):  # the last ones told again
                taker.stdin.write(f"{number}\n")
                taker.stdin.flush()
                assert int(taker.stdout.readline()) == number
            os.kill(taker.pid, signal.SIGKILL)
        seq += more
    sink = KafkaSink(config(cluster.brokers, tmp_path))
    tools.wait_for(lambda: sink.delivered().waiting == 0)
    sink.close()
    assert_whole_and_in_order(tools.collect(cluster.brokers, seq * PER_BATCH), seq)


def test_nothing_blocks_without_brokers(
    tools: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with structlog.testing.capture_logs() as logs:
        sink = KafkaSink(config("127.0.0.1:1", tmp_path, spool_bytes=1 << 20))
        tools.wait_for(lambda: sink.delivered().problem)
        with pytest.raises(SinkError, match="full"):
            sink.take([tools.batch(seq) for seq in range(1, 1000)])
        stats = sink.delivered()
        assert stats.waiting > 300 * PER_BATCH
        assert 0.9 < stats.room <= 1
        assert "127.0.0.1:1" in stats.problem or "down" in stats.problem
        sink.close()
    assert len([line for line in logs if line["log_level"] == "warning"]) < 3
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_batch_without_messages_is_not_kept(tools: Any, tmp_path: Path) -> None:
    sink = KafkaSink(config("127.0.0.1:1", tmp_path))
    sink.take([tools.batch(1).__class__(run="run", process=0, seq=1, at=1.0)])
    assert sink.delivered().waiting == 0
    assert sink.delivered().kept_bytes == 0
    sink.close()


def test_a_record_that_cant_be_read_is_skipped_and_told(
    cluster: Any, tools: Any, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool", 1 << 20)
    good = entry(tools.batch(2))
    spool.append([good._replace(seq=1, data=b"{}"), good])
    spool.close()
    with structlog.testing.capture_logs() as logs:
        sink = KafkaSink(config(cluster.brokers, tmp_path))
        tools.wait_for(lambda: sink.delivered().waiting == 0)
        assert sink.delivered().skipped == 1
        sink.close()
    assert any(line["event"] == "a record of the spool can't be read" for line in logs)
    assert len(tools.collect(cluster.brokers, PER_BATCH)) == PER_BATCH


def test_a_record_of_a_later_release_stays_and_so_does_what_is_behind_it(
    cluster: Any, tools: Any, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool", 1 << 20)
    before, later, behind = (entry(tools.batch(seq)) for seq in range(1, 4))
    later = later._replace(data=orjson.dumps(orjson.loads(later.data) | {"version": VERSION + 1}))
    spool.append([before, later, behind])
    spool.close()
    sink = KafkaSink(config(cluster.brokers, tmp_path))
    tools.wait_for(lambda: "a later one wrote it" in sink.delivered().problem)
    assert sink.delivered().waiting == 2 * PER_BATCH
    assert sink.delivered().skipped == 0
    sink.close()


def test_without_the_package_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*sys.modules]:
        if name.startswith(("stratumproxy.kafka.client", "stratumproxy.kafka.feed")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(ConfigError, match=r"pip install confluent-kafka"):
        KafkaSink(config("127.0.0.1:1", tmp_path))
    Spool(tmp_path / "spool", 1 << 20).close()  # and it let go of the folder


def test_bad_options_are_told_and_the_folder_let_go(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"kafka\.options"):
        KafkaSink(config("127.0.0.1:1", tmp_path, options={"nonsense": "1"}))
    Spool(tmp_path / "spool", 1 << 20).close()
