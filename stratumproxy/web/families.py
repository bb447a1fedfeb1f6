"""What metrics there are: name, type, labels, and what each means.

Names and units follow https://prometheus.io/docs/practices/naming/. No label takes a value that
miners choose. docs/metrics.md holds this table too; a test compares the two.
"""

from typing import Literal, NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)

PREFIX = "stratumproxy_"


class Family(NamedTuple):
    """One metric; its name goes without the prefix and without ``_total`` or ``_info``."""

    kind: Literal["info", "gauge", "counter", "histogram"]
    text: str
    labels: tuple[str, ...] = ()

    def full_name(self, name: str) -> str:
        """As it is queried; a histogram's without ``_bucket``, ``_sum`` or ``_count``."""
        suffix = {"info": "_info", "counter": "_total"}.get(self.kind, "")
        return f"{PREFIX}{name}{suffix}"


FAMILIES = {
    "build": Family("info", "Version of stratumproxy that serves this page.", ("version",)),
    "condition": Family(
        "gauge",
        "How many conditions of a kind hold, such as no-pool or backup-pool; 0 for none. Severity: "
        "critical if miners are not served, warning, or notice.",
        ("kind", "severity"),
    ),
    "condition_since_timestamp_seconds": Family(
        "gauge",
        "Since when each condition holds, in Unix seconds; the subject is a pool, a process, a "
        "sink or a kind of record.",
        ("kind", "subject"),
    ),
    # The fleet as a whole
    "hashrate_hashes_per_second": Family(
        "gauge",
        "Hashrate by the shares that count, over a window that ends now: 1m, 5m, 1h, 24h; missing "
        "as long as that would cover less than 10 s.",
        ("window",),
    ),
    "hashrate_error_ratio": Family(
        "gauge",
        "One standard deviation of that hashrate as a part of it: the root of the sum of the "
        "squares of its shares' difficulties, over their sum; 1 without any.",
        ("window",),
    ),
    "hashrate_usual_hashes_per_second": Family(
        "gauge",
        "What all workers usually do together, as far as that is known.",
    ),
    "hashrate_missing_hashes_per_second": Family(
        "gauge",
        "What workers that are gone or slow lack of what they usually do, all together.",
    ),
    "workers": Family("gauge", "Names that miners authorized with, and that are remembered."),
    "workers_attention": Family(
        "gauge",
        "Workers that need a person, by reason: gone, slow, rejecting, reconnecting.",
        ("reason",),
    ),
    "miners_connected": Family("gauge", "Open connections of miners."),
    "miners_mining": Family("gauge", "Of these, those that subscribed and authorized."),
    # Shares
    "shares_accepted": Family(
        "counter",
        "Shares that count: they met the miner's difficulty, and no pool rejected them.",
    ),
    "accepted_difficulty": Family(
        "counter",
        "Sum of the difficulties of the shares that count. Its rate times 4295032833, which is "
        "2^48 / 0xffff, is the hashrate.",
    ),
    "shares_rejected": Family(
        "counter",
        "Shares that do not count, by reason: stale, duplicate, low-difficulty and others; pool: "
        "the pool said no, in whatever words.",
        ("reason",),
    ),
    "shares_forwarded": Family("counter", "Shares sent to pools."),
    "blocks_found": Family("counter", "Shares that met the network's target."),
    "blocks_accepted": Family("counter", "Of these, those that the pool accepted."),
    "blocks_refused": Family("counter", "Of these, those that the pool refused."),
    "best_share_difficulty": Family("gauge", "Difficulty of the best share since mining started."),
    "connections_dropped": Family(
        "counter",
        "Miners disconnected or turned away, by key: flood, idle, not-stratum and others.",
        ("key",),
    ),
    # Jobs and delays
    "jobs": Family("counter", "Jobs that pools sent."),
    "new_blocks": Family("counter", "Blocks of the network's that pools had miners build on."),
    "reply_seconds": Family(
        "histogram",
        "Seconds from when miners were seen to have said something until all that was read with it "
        "was answered: no answer took longer. Verdicts that a pool is asked for are not in it.",
    ),
    "fan_out_seconds": Family(
        "histogram",
        "Seconds from a job's arrival, or the decision to switch to it, until the last miner was "
        "sent it.",
    ),
    "stale_age_seconds": Family(
        "histogram", "Seconds from when a job was retired until a share on it came nevertheless."
    ),
    # Pools
    "pool_ready": Family(
        "gauge", "1 if the pool gives work: it took the login, and a job is there.", ("pool",)
    ),
    "pool_sessions": Family("gauge", "Connections to the pool.", ("pool",)),
    "pool_miners": Family("gauge", "Miners that mine on the pool.", ("pool",)),
    "pool_difficulty": Family("gauge", "The pool's difficulty on its newest job.", ("pool",)),
    "pool_shares_pending": Family(
        "gauge", "Shares sent to the pool that have no verdict yet.", ("pool",)
    ),
    "pool_shares_accepted": Family("counter", "Shares that the pool accepted.", ("pool",)),
    "pool_shares_rejected": Family("counter", "Shares that the pool rejected.", ("pool",)),
    "pool_shares_lost": Family(
        "counter",
        "Shares sent to the pool whose verdict never comes: timed out, or cut off.",
        ("pool",),
    ),
    "pool_shares_unnamed": Family(
        "counter",
        "Shares sent to the pool as the account, whose workers have names of their own.",
        ("pool",),
    ),
    "pool_round_trip_seconds": Family(
        "histogram", "Seconds from sending a share to the pool until its verdict.", ("pool",)
    ),
    # Tenants: what each of a tenant's targets does
    "tenant_hashrate_hashes_per_second": Family(
        "gauge",
        "Hashrate of a tenant's target by the shares that count, over a window that ends now.",
        ("tenant", "target", "window"),
    ),
    "tenant_hashrate_usual_hashes_per_second": Family(
        "gauge",
        "What the workers that mine for it usually do together, as far as that is known.",
        ("tenant", "target"),
    ),
    "tenant_hashrate_missing_hashes_per_second": Family(
        "gauge",
        "What those of them that are gone or slow lack of what they usually do.",
        ("tenant", "target"),
    ),
    "tenant_miners": Family(
        "gauge", "Open connections of miners that authorized for it.", ("tenant", "target")
    ),
    "tenant_workers": Family(
        "gauge", "Workers that mine for it, or did last.", ("tenant", "target")
    ),
    "tenant_workers_attention": Family(
        "gauge", "Of these, those that need a person, by reason.", ("tenant", "target", "reason")
    ),
    "tenant_shares_accepted": Family("counter", "Its shares that count.", ("tenant", "target")),
    "tenant_accepted_difficulty": Family(
        "counter",
        "Sum of the difficulties of its shares that count.",
        ("tenant", "target"),
    ),
    "tenant_shares_rejected": Family(
        "counter", "Its shares that do not count, by reason.", ("tenant", "target", "reason")
    ),
    "tenant_credited_difficulty": Family(
        "counter",
        "What pools credited for it: their difficulty, for each of its shares that they accepted.",
        ("tenant", "target"),
    ),
    # Splits: targets of tenants that have several
    "split_part_ratio": Family(
        "gauge",
        "Of all work that counts, what a target is to have, where its tenant has several.",
        ("tenant", "target"),
    ),
    "split_wanted_difficulty": Family(
        "gauge",
        "The same of the work since its account began: since it has that part.",
        ("tenant", "target"),
    ),
    "split_delivered_difficulty": Family(
        "gauge", "The work that it had since then.", ("tenant", "target")
    ),
    "split_debt_seconds": Family(
        "gauge",
        "What it lacks, in seconds of the tenant's whole farm; below 0, that it had too much.",
        ("tenant", "target"),
    ),
    "split_reach_seconds": Family(
        "gauge",
        "What the tenant's machines can't keep a debt below, in the same unit.",
        ("tenant",),
    ),
    # Processes of the data plane
    "process_last_heard_timestamp_seconds": Family(
        "gauge", "When a mining process told anything last, in Unix seconds.", ("process",)
    ),
    "process_start_timestamp_seconds": Family(
        "gauge", "When a mining process started, in Unix seconds.", ("process",)
    ),
    "process_batches": Family(
        "counter", "Batches of records that a mining process told since its start.", ("process",)
    ),
    "process_cpu_seconds": Family(
        "counter", "CPU seconds, user and system, of a mining process.", ("process",)
    ),
    "process_resident_memory_bytes": Family(
        "gauge", "Resident memory of a mining process, in bytes.", ("process",)
    ),
    # What is kept
    "records_lost": Family(
        "counter",
        "What there was no room for, by key: records that mining processes had to drop, workers "
        "past the number that is remembered, names, lines of the log.",
        ("key",),
    ),
    "sink_ok": Family("gauge", "1 if the sink kept what it was told last.", ("sink",)),
    "sink_last_success_timestamp_seconds": Family(
        "gauge",
        "When the sink kept anything last, in Unix seconds; missing before the first time.",
        ("sink",),
    ),
    "sink_failures": Family(
        "counter", "Times that the sink could not keep what it was told.", ("sink",)
    ),
    "sink_batches_waiting": Family(
        "gauge", "Batches of records that wait for the sink.", ("sink",)
    ),
    "sink_room_ratio": Family(
        "gauge", "The part of the room for batches that wait which they take.", ("sink",)
    ),
    "sink_batches_lost": Family(
        "counter", "Batches of records that the sink will never have.", ("sink",)
    ),
    "sink_messages_waiting": Family(
        "gauge",
        "Messages that the sink keeps and Kafka's brokers have not acknowledged.",
        ("sink",),
    ),
    "sink_spool_bytes": Family("gauge", "Bytes that the sink keeps on disk for them.", ("sink",)),
    "sink_spool_limit_bytes": Family("gauge", "Bytes that it may keep.", ("sink",)),
    "sink_messages_acknowledged": Family(
        "counter", "Messages that brokers acknowledged, those sent again included.", ("sink",)
    ),
    "sink_messages_skipped": Family(
        "counter", "Messages that can never be delivered: 0, or something is broken.", ("sink",)
    ),
    "sink_restarts": Family(
        "counter", "Connections to brokers that failed for good, and were replaced.", ("sink",)
    ),
    "event_streams": Family("gauge", "Open event streams; each open dashboard has one."),
}


def gauge(name: str) -> GaugeMetricFamily:
    """An empty family of that name."""
    family = FAMILIES[name]
    return GaugeMetricFamily(PREFIX + name, family.text, labels=family.labels)


def counter(name: str) -> CounterMetricFamily:
    """An empty family of that name."""
    family = FAMILIES[name]
    return CounterMetricFamily(PREFIX + name, family.text, labels=family.labels)


def histogram(name: str) -> HistogramMetricFamily:
    """An empty family of that name."""
    family = FAMILIES[name]
    return HistogramMetricFamily(PREFIX + name, family.text, labels=family.labels)


def info(name: str, **values: str) -> InfoMetricFamily:
    """A family of that name with its one sample."""
    return InfoMetricFamily(PREFIX + name, FAMILIES[name].text, value=values)
