"""/metrics for Prometheus: the fleet as sums, never a series for a machine.

Counters begin when this process does, and not when mining did. What a process of the data plane had
counted before its first snapshot here is taken off again: were it not, a restart of the control
process after one of a mining process would show as a counter that falls by what the gone one had
done, and `rate()`, which takes a fall for a start from nothing, would add all the rest once more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from stratumproxy import __version__
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.census import Census
from stratumproxy.fleet.conditions import KINDS
from stratumproxy.fleet.hashrate import WINDOWS
from stratumproxy.fleet.watch import Watch
from stratumproxy.telemetry.histogram import BOUNDS, Histogram
from stratumproxy.telemetry.keys import DROPPED, LOST, REJECTED
from stratumproxy.telemetry.sink import SinkState
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot
from stratumproxy.web.census import census_of
from stratumproxy.web.families import counter, gauge, histogram, info
from stratumproxy.web.tenant_metrics import splits, tenants

EDGES = [*map(str, BOUNDS), "+Inf"]
"""Values of the label ``le``."""

NOTHING = Snapshot(
    uptime=0.0, connected=0, mining=0, hashrate=0.0, accepted=0, work=0.0, forwarded=0
)


class Metrics(Collector):
    """What Prometheus asks for.

    Args:
        fleet: what there is to tell.
        now: the time, as the fleet is told it.
        unix: the time of day at a moment of that.
        watch: of the proxy's conditions.
        sinks: asked for how they do at each scrape.
        streams: asked for how many event streams are open.
    """

    def __init__(
        self,
        fleet: Fleet,
        now: Callable[[], float],
        *,
        watch: Watch | None = None,
        unix: Callable[[float], float] = lambda at: at,
        sinks: Callable[[], Iterable[SinkState]] = tuple,
        streams: Callable[[], int] = int,
    ) -> None:
        self._fleet = fleet
        self._now = now
        self._unix = unix
        self._watch = watch or Watch(fleet)
        self._sinks = sinks
        self._streams = streams
        self._census = Census()
        self._highest: dict[tuple[str, ...], float] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def respond(self, request: Request) -> Response:
        """Answer a scrape, in the format that it prefers."""
        census = await census_of(self._fleet)
        body, content_type = self.text(request.headers.get("accept", ""), census)
        return Response(body, headers={"Content-Type": content_type})

    def text(self, accept: str = "", census: Census | None = None) -> tuple[bytes, str]:
        """All metrics as text.

        Args:
            accept: the header of that name; OpenMetrics where it asks for that.
            census: how many there are of each tenant's; of nobody, if it is left out.

        Returns:
            The text, and its content type.
        """
        self._census = census or Census()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    @property
    def _before(self) -> Snapshot:
        """What was counted before this process started."""
        return self._fleet.processes.before or NOTHING

    def describe(self) -> Iterable[Metric]:
        """Nothing; a registry without it would collect when this is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric, as it is now."""
        snapshot = self._fleet.processes.snapshot() or NOTHING
        yield info("build", version=__version__)
        yield from self._conditions()
        yield from self._workers()
        yield from self._miners(snapshot)
        yield from self._delays(snapshot)
        yield from self._pools(snapshot.pools)
        yield from tenants(self._fleet.parts, self._census, self._now())
        yield from splits(snapshot.splits)
        yield from self._processes()
        yield from self._kept()

    def _conditions(self) -> Iterator[Metric]:
        condition, since = gauge("condition"), gauge("condition_since_timestamp_seconds")
        found = self._watch.look(self._now())
        for kind, (severity, *_) in KINDS.items():
            condition.add_metric([kind, severity], sum(each.kind == kind for each in found))
        for each in found:
            if each.since is not None:
                since.add_metric([each.kind, each.subject], self._unix(each.since))
        yield from (condition, since)

    def _workers(self) -> Iterator[Metric]:
        rate, error = gauge("hashrate_hashes_per_second"), gauge("hashrate_error_ratio")
        figures = self._fleet.figures(self._now())
        for window, figure in zip(WINDOWS, figures, strict=True):
            if figure.rate is not None:
                rate.add_metric([window.name], figure.rate)
            error.add_metric([window.name], 1.0 if figure.error is None else figure.error)
        usual = gauge("hashrate_usual_hashes_per_second")
        usual.add_metric([], self._fleet.usual)
        missing = gauge("hashrate_missing_hashes_per_second")
        missing.add_metric([], max(self._fleet.missing, 0.0))
        workers, attention = gauge("workers"), gauge("workers_attention")
        workers.add_metric([], len(self._fleet.roll))
        for reason, count in self._fleet.attention.items():
            attention.add_metric([reason], count)
        yield from (rate, error, usual, missing, workers, attention)

    def _miners(self, snapshot: Snapshot) -> Iterator[Metric]:
        for name, value in (
            ("miners_connected", snapshot.connected),
            ("miners_mining", snapshot.mining),
            ("best_share_difficulty", snapshot.best_difficulty),
        ):
            family = gauge(name)
            family.add_metric([], value)
            yield family
        for name, attribute in (
            ("shares_accepted", "accepted"),
            ("accepted_difficulty", "work"),
            ("shares_forwarded", "forwarded"),
            ("blocks_found", "blocks"),
            ("blocks_accepted", "blocks_accepted"),
            ("blocks_refused", "blocks_refused"),
            ("jobs", "jobs"),
            ("new_blocks", "new_blocks"),
        ):
            value = getattr(snapshot, attribute) - getattr(self._before, attribute)
            total = counter(name)
            total.add_metric([], self._rising(value, name))
            yield total
        yield _by_key("shares_rejected", REJECTED, snapshot.rejected, self._before.rejected)
        yield _by_key("connections_dropped", DROPPED, snapshot.drops, self._before.drops)

    def _delays(self, snapshot: Snapshot) -> Iterator[Metric]:
        for name, attribute in (
            ("reply_seconds", "reply"),
            ("fan_out_seconds", "fan_out"),
            ("stale_age_seconds", "stale_age"),
        ):
            family = histogram(name)
            self._measured(
                family, [], getattr(snapshot, attribute), getattr(self._before, attribute)
            )
            yield family

    def _pools(self, pools: Iterable[PoolSnapshot]) -> Iterator[Metric]:
        before = {pool.name: pool for pool in self._before.pools}
        ready, round_trip = gauge("pool_ready"), histogram("pool_round_trip_seconds")
        gauges = {
            "sessions": gauge("pool_sessions"),
            "miners": gauge("pool_miners"),
            "difficulty": gauge("pool_difficulty"),
            "pending": gauge("pool_shares_pending"),
        }
        counters = {
            "accepted": counter("pool_shares_accepted"),
            "rejected": counter("pool_shares_rejected"),
            "lost": counter("pool_shares_lost"),
            "unnamed": counter("pool_shares_unnamed"),
        }
        for pool in pools:
            label = [pool.name]
            earlier = before.get(pool.name)
            if pool.state:  # a pool that is not configured any more has only a past
                ready.add_metric(label, pool.state == "ready")
                for attribute, family in gauges.items():
                    family.add_metric(label, getattr(pool, attribute))
            for attribute, total in counters.items():
                told = getattr(earlier, attribute) if earlier is not None else 0
                total.add_metric(label, getattr(pool, attribute) - told)
            self._measured(
                round_trip, label, pool.round_trip, earlier.round_trip if earlier else None
            )
        yield from (ready, *gauges.values(), *counters.values(), round_trip)

    def _processes(self) -> Iterator[Metric]:
        heard = gauge("process_last_heard_timestamp_seconds")
        start = gauge("process_start_timestamp_seconds")
        batches = counter("process_batches")
        cpu = counter("process_cpu_seconds")
        resident = gauge("process_resident_memory_bytes")
        for name, process in self._fleet.processes.named().items():
            label = [name]
            heard.add_metric(label, self._unix(process.heard))
            batches.add_metric(label, process.seq)
            if process.snapshot is not None and process.started is not None:
                start.add_metric(label, self._unix(process.started))
                cpu.add_metric(label, process.snapshot.cpu_seconds)
                resident.add_metric(label, process.snapshot.resident_bytes)
        yield from (heard, start, batches, cpu, resident)

    def _kept(self) -> Iterator[Metric]:
        yield _by_key("records_lost", LOST, self._watch.dropped(), {})
        ok, kept = gauge("sink_ok"), gauge("sink_last_success_timestamp_seconds")
        failures, lost = counter("sink_failures"), counter("sink_batches_lost")
        waiting, room = gauge("sink_batches_waiting"), gauge("sink_room_ratio")
        handed: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
            "waiting": gauge("sink_messages_waiting"),
            "kept_bytes": gauge("sink_spool_bytes"),
            "limit_bytes": gauge("sink_spool_limit_bytes"),
            "acknowledged": counter("sink_messages_acknowledged"),
            "skipped": counter("sink_messages_skipped"),
            "restarts": counter("sink_restarts"),
        }
        for sink in self._sinks():
            label = [sink.name]
            ok.add_metric(label, sink.ok)
            failures.add_metric(label, sink.failures)
            waiting.add_metric(label, sink.waiting)
            room.add_metric(label, sink.room)
            lost.add_metric(label, sink.lost)
            if sink.kept_at is not None:
                kept.add_metric(label, self._unix(sink.kept_at))
            if sink.delivered is not None:
                for attribute, family in handed.items():
                    family.add_metric(label, getattr(sink.delivered, attribute))
        streams = gauge("event_streams")
        streams.add_metric([], self._streams())
        yield from (ok, kept, failures, waiting, room, lost, *handed.values(), streams)

    def _measured(
        self,
        family: HistogramMetricFamily,
        label: list[str],
        histogram: Histogram,
        before: Histogram | None,
    ) -> None:
        """Add a histogram, without what was in it before."""
        earlier = before if before is not None else Histogram()
        counts = [now - then for now, then in zip(histogram.counts, earlier.counts, strict=True)]
        buckets = list(zip(EDGES, accumulate(counts), strict=True))
        total = self._rising(histogram.sum - earlier.sum, family.name, *label)
        family.add_metric(label, buckets, total)

    def _rising(self, value: float, *key: str) -> float:
        """The value, or what it was if that was more.

        A sum of fractions differs in its last digits with the order that they are added in, and
        that changes when a process ends. A counter must not fall by it.
        """
        self._highest[key] = max(value, self._highest.get(key, 0.0))
        return self._highest[key]


def _by_key(
    name: str, known: Iterable[str], now: Mapping[str, int], before: Mapping[str, int]
) -> CounterMetricFamily:
    """A counter with one label, of which those that are known are there from 0 on."""
    family = counter(name)
    for key, count in {**dict.fromkeys(known, 0), **now}.items():
        family.add_metric([key], count - before.get(key, 0))
    return family
