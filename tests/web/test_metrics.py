"""/metrics: names, sums, histograms, restarts, formats, and what promtool says of it."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from prometheus_client.core import REGISTRY, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from stratumproxy import __version__
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.census import Census
from stratumproxy.fleet.watch import Watch
from stratumproxy.telemetry.histogram import Histogram
from stratumproxy.telemetry.keys import DROPPED, LOST, REJECTED
from stratumproxy.telemetry.records import Batch, MinerRecord, WorkRecord
from stratumproxy.telemetry.sink import Delivered, SinkState
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot
from stratumproxy.web.families import FAMILIES
from stratumproxy.web.metrics import Metrics
from tests.fleet import telling
from tests.fleet.telling import Told
from tests.telemetry.test_splits import ONE
from tests.web.asking import Web

START = 1_700_000_000.0
DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


BROKERS = Delivered(
    "", kept_bytes=9, limit_bytes=90, waiting=7, acknowledged=5, skipped=1, restarts=4
)


def histogram(*seconds: float) -> Histogram:
    measured = Histogram()
    for each in seconds:
        measured.add(each)
    return measured


def pool(name: str = "eu", **values: object) -> PoolSnapshot:
    told = PoolSnapshot(
        name=name,
        url="stratum+tcp://eu:3333",
        state="ready",
        sessions=1,
        miners=2,
        difficulty=8192.0,
        extranonce2_size=8,
        version_mask=0x1FFFE000,
        accepted=10,
        rejected=1,
        pending=2,
        lost=3,
        round_trip=histogram(0.03, 0.04, 0.3),
    )
    return replace(told, **values)  # type: ignore[arg-type]


def snapshot(uptime: float = 15.0, *, accepted: int = 100, **values: object) -> Snapshot:
    told = Snapshot(
        uptime=uptime,
        connected=3,
        mining=2,
        hashrate=1e12,
        accepted=accepted,
        work=accepted * 512.5,
        forwarded=14,
        rejected={"stale": accepted // 10, "duplicate": 2},
        drops={"flood": 1},
        jobs=7,
        new_blocks=4,
        blocks=1,
        best_difficulty=123456.0,
        pools=(pool(),),
        reply=histogram(0.0004, 0.002, 0.002),
        fan_out=histogram(0.2),
        stale_age=histogram(1.5, 70.0),
        cpu_seconds=12.5,
        resident_bytes=50_000_000,
    )
    return replace(told, **values)  # type: ignore[arg-type]


class World:
    """A fleet, a clock, and what a scrape says."""

    def __init__(self, fleet: Fleet | None = None, now: float = START) -> None:
        self.now = now
        self.fleet = fleet or Fleet(now - 60)
        self.sinks = [
            SinkState("ledger", True, "", START - 1, failures=0, waiting=0, room=0.0, lost=0),
            SinkState(
                "kafka", False, "full", None, 3, 12, 0.5, 2, Delivered("", 9, 90, 7, 5, 1, 4)
            ),
        ]
        self.lines = 0
        """Of the log, that this process could not write."""
        self.metrics = Metrics(
            self.fleet,
            lambda: self.now,
            watch=Watch(self.fleet, sinks=lambda: self.sinks, lines_lost=lambda: self.lines),
            sinks=lambda: self.sinks,
            streams=lambda: 4,
        )

    def tell(self, told: Snapshot, process: int = 0, run: str = "a") -> None:
        self.fleet.snapshot(process, run, told, self.now)

    def text(self) -> str:
        """What it says, as it is sent."""
        census = Census()
        for worker in self.fleet.roll.workers:
            census.worker(worker)
        for process in self.fleet.processes.running.values():
            for miner in process.miners.values():
                census.miner(miner)
        return self.metrics.text("", census)[0].decode()

    def scrape(self) -> dict[str, float]:
        """Samples by name and labels, as they would be written in a query."""
        return dict(_samples(plain(self.text())))


def _samples(families: Iterable[Metric]) -> Iterator[tuple[str, float]]:
    for family in families:
        for sample in family.samples:
            labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
            name = sample.name.removeprefix("stratumproxy_")
            yield (f"{name}{{{labels}}}" if labels else name), sample.value


def full() -> World:
    """A world in which every metric has a sample."""
    world = World()
    miner = MinerRecord(1, "farm.1", "10.0.0.1:5", "cgminer", 512.0, START, "eu", True, "")
    work = WorkRecord("farm.1", "eu", 4, 2048.0, {"stale": 1}, 0.0, 4096.0)
    world.fleet.apply(
        Batch(
            "a",
            0,
            1,
            START,
            miners=[miner],
            work=[work],
            shares=[telling.share(), telling.share(verdict="rejected")],
            dropped={"shares": 2},
        ),
        START,
    )
    world.tell(snapshot(splits=(ONE, replace(ONE, target="other", part=0.3, debt=-15.0))))
    return world


def test_what_is_told() -> None:
    told = full().scrape()
    expected = {
        f'build_info{{version="{__version__}"}}': 1,
        'hashrate_error_ratio{window="5m"}': 0.5,
        'hashrate_error_ratio{window="24h"}': 0.5,
        "workers": 1,
        'workers_attention{reason="gone"}': 0,
        "miners_connected": 3,
        "miners_mining": 2,
        "shares_accepted_total": 100,
        "accepted_difficulty_total": 51250,
        'shares_rejected_total{reason="stale"}': 10,
        'shares_rejected_total{reason="duplicate"}': 2,
        'connections_dropped_total{key="flood"}': 1,
        "shares_forwarded_total": 14,
        "blocks_found_total": 1,
        "best_share_difficulty": 123456,
        "jobs_total": 7,
        "new_blocks_total": 4,
        'pool_ready{pool="eu"}': 1,
        'pool_sessions{pool="eu"}': 1,
        'pool_miners{pool="eu"}': 2,
        'pool_difficulty{pool="eu"}': 8192,
        'pool_shares_pending{pool="eu"}': 2,
        'pool_shares_accepted_total{pool="eu"}': 10,
        'pool_shares_rejected_total{pool="eu"}': 1,
        'pool_shares_lost_total{pool="eu"}': 3,
        'process_last_heard_timestamp_seconds{process="0"}': START,
        'process_start_timestamp_seconds{process="0"}': START - 15,
        'process_batches_total{process="0"}': 1,
        'process_cpu_seconds_total{process="0"}': 12.5,
        'process_resident_memory_bytes{process="0"}': 50_000_000,
        'records_lost_total{key="shares"}': 2,
        'sink_ok{sink="ledger"}': 1,
        'sink_ok{sink="kafka"}': 0,
        'sink_last_success_timestamp_seconds{sink="ledger"}': START - 1,
        'sink_failures_total{sink="kafka"}': 3,
        'sink_batches_waiting{sink="kafka"}': 12,
        'sink_room_ratio{sink="kafka"}': 0.5,
        'sink_batches_lost_total{sink="kafka"}': 2,
        'sink_messages_waiting{sink="kafka"}': 7,
        'sink_spool_bytes{sink="kafka"}': 9,
        'sink_spool_limit_bytes{sink="kafka"}': 90,
        'sink_messages_acknowledged_total{sink="kafka"}': 5,
        'sink_messages_skipped_total{sink="kafka"}': 1,
        'sink_restarts_total{sink="kafka"}': 4,
        'condition{kind="sink-failing",severity="warning"}': 1,
        'condition{kind="dropped",severity="warning"}': 3,
        'condition{kind="no-pool",severity="critical"}': 0,
        'condition_since_timestamp_seconds{kind="sink-failing",subject="kafka"}': START,
        'tenant_miners{target="",tenant="default"}': 1,
        'tenant_workers{target="",tenant="default"}': 1,
        'tenant_workers_attention{reason="gone",target="",tenant="default"}': 0,
        'tenant_shares_accepted_total{target="",tenant="default"}': 4,
        'tenant_accepted_difficulty_total{target="",tenant="default"}': 2048,
        'tenant_shares_rejected_total{reason="stale",target="",tenant="default"}': 1,
        'tenant_shares_rejected_total{reason="duplicate",target="",tenant="default"}': 0,
        'tenant_credited_difficulty_total{target="",tenant="default"}': 65536,
        'split_part_ratio{target="main",tenant="acme"}': 0.7,
        'split_wanted_difficulty{target="main",tenant="acme"}': 700,
        'split_delivered_difficulty{target="main",tenant="acme"}': 680,
        'split_debt_seconds{target="main",tenant="acme"}': 0.75,
        'split_debt_seconds{target="other",tenant="acme"}': -0.75,
        'split_reach_seconds{tenant="acme"}': 6,
        "event_streams": 4,
    }
    assert {name: told[name] for name in expected} == expected
    assert told['hashrate_hashes_per_second{window="5m"}'] > 0
    assert told["hashrate_missing_hashes_per_second"] == 0
    assert 'sink_last_success_timestamp_seconds{sink="kafka"}' not in told


def test_histograms_are_cumulative() -> None:
    told = full().scrape()
    assert told['reply_seconds_bucket{le="0.00025"}'] == 0
    assert told['reply_seconds_bucket{le="0.0005"}'] == 1
    assert told['reply_seconds_bucket{le="0.0025"}'] == 3
    assert told['reply_seconds_bucket{le="+Inf"}'] == told["reply_seconds_count"] == 3
    assert told["reply_seconds_sum"] == pytest.approx(0.0044)
    assert told['stale_age_seconds_bucket{le="60.0"}'] == 1
    assert told["stale_age_seconds_count"] == 2
    assert told["fan_out_seconds_count"] == 1
    assert told['pool_round_trip_seconds_bucket{le="0.05",pool="eu"}'] == 2


def test_every_metric_is_declared_and_every_declared_one_is_told() -> None:
    text = full().text()
    told = set(re.findall(r"^# TYPE (stratumproxy_\S+) ", text, re.MULTILINE))
    assert told == {family.full_name(name) for name, family in FAMILIES.items()}
    with_samples = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for name in re.findall(r"^(stratumproxy_\w+)", text, re.MULTILINE)
    }
    assert with_samples == told


def test_no_label_but_those_that_are_declared() -> None:
    for family in plain(full().text()):
        ours = family.name.startswith("stratumproxy_")
        name = family.name.removeprefix("stratumproxy_").removesuffix("_info")
        if ours:
            for sample in family.samples:
                assert set(sample.labels) - {"le"} == set(FAMILIES[name].labels)


def test_nothing_of_a_worker_is_told() -> None:
    assert "farm.1" not in full().text()


def test_the_global_registry_is_left_alone() -> None:
    full()
    assert not [family for family in REGISTRY.collect() if family.name.startswith("stratumproxy")]


def test_before_anything_was_told() -> None:
    told = World(Fleet(START)).scrape()
    assert 'hashrate_hashes_per_second{window="1m"}' not in told
    assert told["shares_accepted_total"] == 0
    assert told['hashrate_error_ratio{window="1m"}'] == 1
    assert told["reply_seconds_count"] == 0
    assert "process_start_time_seconds" in told  # of the control process itself


def test_open_metrics_where_it_is_asked_for() -> None:
    metrics = full().metrics
    text, media = metrics.text("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert media.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith(b"# EOF\n")
    names = {family.name for family in openmetrics(text.decode())}
    assert "stratumproxy_shares_accepted" in names
    assert metrics.text("text/plain")[1].startswith("text/plain")
    assert metrics.text("")[1].startswith("text/plain")


def test_counters_do_not_fall_when_a_mining_process_is_replaced() -> None:
    world = World()
    world.tell(snapshot(accepted=100), process=0)
    world.tell(snapshot(accepted=50), process=1, run="b")
    before = world.scrape()
    world.now += 30
    world.fleet.ended("a", world.now)
    world.tell(snapshot(1.0, accepted=3), process=0, run="c")
    after = world.scrape()
    assert after["shares_accepted_total"] == before["shares_accepted_total"] + 3 == 153
    for name, value in before.items():
        if "_total" in name and "process" not in name:
            assert after[name] >= value, name
    assert after["reply_seconds_count"] == 9
    # Of its verdicts that were still to come it is known now that they never will.
    assert after['pool_shares_lost_total{pool="eu"}'] == 3 * 3 + 2
    assert after['process_start_timestamp_seconds{process="0"}'] == START + 29
    assert after['process_start_timestamp_seconds{process="1"}'] == START - 15


def test_counters_begin_anew_with_the_control_process() -> None:
    world = World()
    world.tell(snapshot(3600.0, accepted=1000))  # it has mined for an hour before
    told = world.scrape()
    for name, value in told.items():
        if ("_total" in name or "_bucket" in name or "_sum" in name) and "process" not in name:
            assert value == 0 or 'sink="kafka"' in name, name
    world.now += 15
    more = snapshot(3615.0, accepted=1250, reply=histogram(0.0004, 0.002, 0.002, 0.3))
    world.tell(replace(more, pools=(pool(accepted=17), pool("us"))))
    told = world.scrape()
    assert told["shares_accepted_total"] == 250
    assert told["accepted_difficulty_total"] == 250 * 512.5
    assert told['shares_rejected_total{reason="stale"}'] == 25
    assert told['reply_seconds_bucket{le="0.25"}'] == 0
    assert told['reply_seconds_bucket{le="0.5"}'] == 1
    assert told["reply_seconds_sum"] == pytest.approx(0.3)
    assert told['pool_shares_accepted_total{pool="eu"}'] == 7
    assert told['pool_shares_accepted_total{pool="us"}'] == 10


def test_a_process_that_is_younger_is_counted_from_its_start() -> None:
    world = World()
    world.tell(snapshot(3600.0, accepted=1000))
    world.now += 600
    world.tell(snapshot(2.0, accepted=5), run="b")
    assert world.scrape()["shares_accepted_total"] == 5


def test_what_was_counted_before_is_known_however_late_the_first_scrape_is() -> None:
    """Even of a process that had ended by then."""
    world = World()
    world.tell(snapshot(3600.0, accepted=1000))
    world.now += 15
    world.tell(snapshot(3615.0, accepted=1100))
    world.tell(snapshot(2.0, accepted=5), run="b")
    assert world.scrape()["shares_accepted_total"] == 105


def increase(values: list[float]) -> float:
    """What Prometheus makes of samples: a fall is a start from nothing."""
    return sum(now - before if now >= before else now for before, now in pairwise(values))


@pytest.mark.parametrize("killed", [1.0, 3.0, 7.5, 9.5, 11.0, 25.0, 300.0])
@pytest.mark.parametrize("every", [1.0, 5.0, 15.0])
def test_a_control_process_that_is_killed_soon_makes_no_count_too_high(
    killed: float, every: float
) -> None:
    """Two processes of the data plane, one of them a little older than the control process."""
    starts = {0: START - 0.4, 1: START + 0.7}
    pace = {0: 100.0, 1: 37.0}
    told: list[float] = []
    counted = 0.0
    end = START + killed + 60
    for begin, until in ((START, START + killed), (START + killed + 1.5, end)):
        world = World(Fleet(begin), begin)
        scrape_at = begin + every
        while world.now < until:
            world.now += 0.5
            for worker, start in starts.items():
                up = world.now - start
                if up > 0 and (world.now - begin) % 1 == 0:
                    counts = snapshot(up, accepted=int(up * pace[worker]))
                    world.tell(replace(counts, rejected={"stale": int(up)}), worker, str(worker))
            if world.now >= scrape_at:
                scrape_at += every
                told.append(world.scrape()["shares_accepted_total"])
    counted = sum((end - start) * pace[worker] for worker, start in starts.items())
    grown = increase([0.0, *told])
    assert grown <= counted
    # What nobody saw: the time between the two, until the first look and after the last, and what
    # there was when the counters began anew if they had outgrown it by the next scrape.
    assert grown >= counted - (3.5 + 3 * every) * sum(pace.values())


def test_every_key_that_may_be_counted_is_there_from_nothing_on() -> None:
    """A series that begins above 0 has no increase, and no alert would see the first flood."""
    world = World()
    before = world.scrape()
    world.tell(
        snapshot(
            drops=dict.fromkeys(DROPPED, 5000),
            rejected=dict.fromkeys(REJECTED, 5000),
        )
    )
    world.fleet.lost.update(dict.fromkeys(LOST, 7))
    world.fleet.strangers.dropped = world.lines = 7
    after = world.scrape()
    grew = [
        name
        for name, value in after.items()
        if name.startswith(("connections_dropped", "shares_rejected", "records_lost")) and value
    ]
    assert len(grew) == len(DROPPED) + len(REJECTED) + len(LOST)
    assert all(before[name] == 0 for name in grew)


def test_a_sum_of_fractions_does_not_fall_by_its_last_digit() -> None:
    world = World()
    parts = (0.1, 0.2, 0.3)
    for worker, part in enumerate(parts):
        world.tell(snapshot(work=part), worker, str(worker))
    first = world.scrape()["accepted_difficulty_total"]
    assert (0.1 + 0.2) + 0.3 != (0.2 + 0.3) + 0.1
    for worker in range(len(parts)):
        world.fleet.ended(str(worker), world.now)
        assert world.scrape()["accepted_difficulty_total"] >= first


def test_a_pool_that_is_not_configured_any_more_keeps_its_counts_alone() -> None:
    world = World()
    world.tell(snapshot(pools=(pool(state=""),)))
    told = world.scrape()
    assert told['pool_shares_accepted_total{pool="eu"}'] == 10
    assert 'pool_ready{pool="eu"}' not in told


def test_a_pool_that_waits_is_not_ready() -> None:
    world = World()
    world.tell(snapshot(pools=(pool(state="waiting"),)))
    assert world.scrape()['pool_ready{pool="eu"}'] == 0


def test_names_that_need_escaping() -> None:
    world = World()
    world.tell(snapshot(pools=(pool('a"b\\c\nd'),)))
    for accept in ("", "application/openmetrics-text"):
        text = world.metrics.text(accept)[0].decode()
        families = openmetrics(text) if accept else plain(text)
        labels = [s.labels for f in families for s in f.samples if s.name.endswith("pool_ready")]
        assert labels == [{"pool": 'a"b\\c\nd'}]


def test_promtool_has_nothing_to_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here; on Debian: apt install prometheus")
    checked = subprocess.run(
        [promtool, "check", "metrics"],
        input=full().text().encode(),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def reference() -> list[str]:
    """The table of docs/metrics.md."""
    return [
        f"| `{family.full_name(name)}` | {family.kind} | "
        f"{', '.join(f'`{label}`' for label in family.labels)} | {family.text} |"
        for name, family in FAMILIES.items()
    ]


def test_the_documentation_holds_the_table() -> None:
    table = [line for line in DOCS.read_text().splitlines() if line.startswith("| `stratumproxy_")]
    assert table == reference(), "docs/metrics.md should say:\n" + "\n".join(reference())


async def test_a_scrape_counts_each_tenants_workers(hosted: Web) -> None:
    text = (await hosted.get("/metrics")).text
    assert 'stratumproxy_tenant_workers{target="1",tenant="acme"} 2.0' in text
    assert 'stratumproxy_tenant_miners{target="",tenant="beta"} 1.0' in text
    assert "rig-" not in text


@pytest.fixture
def hosted() -> Web:
    """Two tenants."""
    told = Told()
    acme = {"tenant": "acme", "target": "1"}
    told.miners(
        *(telling.miner(number, f"rig-{number}", **acme) for number in range(2)),
        telling.miner(9, "rig-9", tenant="beta"),
    )
    return Web(told)
