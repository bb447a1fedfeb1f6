"""What else should be known of a statement, in words: what it does not know, and what was cut."""

from collections.abc import Sequence

from stratumproxy.ledger.kept import Kept
from stratumproxy.ledger.served import Served
from stratumproxy.statement.period import Period
from stratumproxy.statement.presence import is_several
from stratumproxy.statement.statement import Figures, Row


def notes(
    served: Served,
    period: Period,
    moments: Sequence[float],
    total: Figures,
    rows: Sequence[Row],
    left: int,
) -> list[str]:
    """Them.

    Args:
        served: of the tenant.
        period: that was asked for.
        moments: where rows should begin and end.
        total: of all.
        rows: by whatever they are.
        left: how many windows were too many.
    """
    found = _cuts(served.kept, period, moments)
    if moments[-1] < period.until:
        found.append(f"it is of the time up to {period.text(moments[-1])}; the rest is to come")
    if period.since < served.kept.begins:
        found.append(f"nothing is kept from before {period.text(served.kept.begins)}")
    found += _of_events(served, period)
    if left:
        found.append(f"{left} more windows, the latest, are left out: there are too many")
    dropped = served.dropped(int(moments[0]), int(moments[-1]))
    if dropped:
        found.append(
            f"up to {dropped} records of shares never reached the ledger: their work is in it, "
            "what became of them at the pool is not"
        )
    if total.proven_seconds is None or total.excused_seconds is None:
        found.append(
            "a version from before told a part of it, and did not count how long machines proved "
            "to mine: so there is no uptime"
        )
    twice = [row.name for row in rows if _twice(row.figures)]
    if twice:
        found.append(
            f"{len(twice)} rows proved more time than passed, such as {twice[0]}: several machines "
            "have one name there, and count as one"
        )
    return found


def _cuts(kept: Kept, period: Period, moments: Sequence[float]) -> list[str]:
    cut = [at for at in moments if kept.cut(at) != at]
    if not cut:
        return []
    most = max(abs(kept.cut(at) - at) for at in cut)
    return [
        f"{len(cut)} of the {len(moments)} moments at which rows begin or end are moved, by "
        f"{most / 60:.0f} minutes at most: what is from before {period.text(kept.five_minutes)} is "
        f"kept by whole hours, and from before {period.text(kept.hours)} by days, in UTC"
    ]


def _of_events(served: Served, period: Period) -> list[str]:
    since = served.events_since()
    if since is not None and since <= period.since:
        return []
    told = "no event is kept" if since is None else f"events are kept from {period.text(since)} on"
    return [
        f"{told}: what was the pool's or the proxy's fault before is excused only where it was "
        "agreed, or where records are missing (see events_days of the ledger)"
    ]


def _twice(figures: Figures) -> bool:
    return is_several(figures.proven_seconds or 0.0, figures.machine_seconds)
