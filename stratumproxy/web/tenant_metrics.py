"""What /metrics tells of each tenant's targets: sums, never a series for a machine."""

from collections.abc import Iterable, Iterator

from prometheus_client.metrics_core import Metric

from stratumproxy.fleet.census import Census
from stratumproxy.fleet.hashrate import WINDOWS
from stratumproxy.fleet.part import Parts
from stratumproxy.telemetry.keys import REJECTED
from stratumproxy.telemetry.splits import SplitSnapshot
from stratumproxy.web.families import counter, gauge


def tenants(parts: Parts, census: Census, now: float) -> Iterator[Metric]:
    """Every family that has a tenant.

    Tenants and targets come from the configuration, so there are few.

    Args:
        parts: what each target did since this process began.
        census: how its workers and miners stand.
        now: even time.
    """
    yield from _shares(parts, now)
    yield from _workers(census)


def _shares(parts: Parts, now: float) -> Iterator[Metric]:
    rate, accepted = gauge("tenant_hashrate_hashes_per_second"), counter("tenant_shares_accepted")
    work, rejected = counter("tenant_accepted_difficulty"), counter("tenant_shares_rejected")
    credited = counter("tenant_credited_difficulty")
    for key, part in parts.items():
        for window, figure in zip(WINDOWS, part.rates.figures(now), strict=True):
            if figure.rate is not None:
                rate.add_metric([*key, window.name], figure.rate)
        accepted.add_metric(key, part.accepted)
        work.add_metric(key, part.work)
        credited.add_metric(key, part.credited)
        for reason, count in {**dict.fromkeys(REJECTED, 0), **part.reasons}.items():
            rejected.add_metric([*key, reason], count)
    yield from (rate, accepted, work, rejected, credited)


def splits(found: Iterable[SplitSnapshot]) -> Iterator[Metric]:
    """What each target of a split was promised, what it had and what it lacks.

    Args:
        found: how they stand.
    """
    gauges = {
        "part": gauge("split_part_ratio"),
        "wanted": gauge("split_wanted_difficulty"),
        "delivered": gauge("split_delivered_difficulty"),
        "seconds": gauge("split_debt_seconds"),
    }
    reach = gauge("split_reach_seconds")
    by_tenant = {}
    for each in found:
        by_tenant[each.tenant] = each.reach_seconds
        for attribute, family in gauges.items():
            family.add_metric([each.tenant, each.target], getattr(each, attribute))
    for tenant, seconds in by_tenant.items():
        reach.add_metric([tenant], seconds)
    yield from (*gauges.values(), reach)


def _workers(census: Census) -> Iterator[Metric]:
    usual = gauge("tenant_hashrate_usual_hashes_per_second")
    missing = gauge("tenant_hashrate_missing_hashes_per_second")
    miners, workers = gauge("tenant_miners"), gauge("tenant_workers")
    attention = gauge("tenant_workers_attention")
    for key, place in census.items():
        usual.add_metric(key, place.usual)
        missing.add_metric(key, place.missing)
        miners.add_metric(key, place.miners)
        workers.add_metric(key, place.workers)
        for reason, count in place.attention.items():
            attention.add_metric([*key, reason], count)
    yield from (usual, missing, miners, workers, attention)
