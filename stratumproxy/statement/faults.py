"""Times in which no pool could be mined on, or the proxy did not serve or record: by the ledger.

What it says is the proof: events of conditions that ended, and say how long they lasted; and what
is missing between the first and the last word of processes. A customer may ask to be shown them.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from stratumproxy.ledger.receipts import Gap
from stratumproxy.ledger.served import Run
from stratumproxy.statement.windows import Kind, Window
from stratumproxy.telemetry.records import EventRecord

LEAST_SECONDS = 60.0
"""What is shorter is nobody's downtime: machines reconnect and go on."""

CONDITIONS: dict[str, tuple[Kind, str]] = {
    "no-pool": ("pool", "no pool was ready"),
    "tenant-no-pool": ("pool", "no pool was ready for this tenant"),
    "no-process": ("proxy", "no process served miners"),
    "process-silent": ("proxy", "a process that serves miners was silent"),
}
"""Whose fault each is, and what it is in words."""


def faults(
    events: Sequence[EventRecord],
    runs: Sequence[Run],
    gaps: Sequence[Gap],
    control_starts: Sequence[float],
    now: float,
) -> list[Window]:
    """All of them, in order of time.

    Args:
        events: that such a condition begins, or ends, the oldest first.
        runs: processes that serve miners, at the sites that matter, by their beginning.
        gaps: batches of records that never came.
        control_starts: when those began who tell of conditions.
        now: up to when there is something to be told of, in Unix seconds.
    """
    found = [
        *_of_conditions(events, control_starts, now),
        *_between_runs(runs, now),
        *(_of_gap(gap) for gap in gaps),
    ]
    return sorted(each for each in found if each.until - each.since >= LEAST_SECONDS)


def _of_conditions(
    events: Iterable[EventRecord], control_starts: Sequence[float], now: float
) -> Iterable[Window]:
    open_since: dict[tuple[str, str], float] = {}
    for event in events:
        key = str(event.values.get("condition")), str(event.values.get("subject", ""))
        lasted = event.values.get("lasted_seconds")
        began = open_since.pop(key, None)
        if lasted is None:
            # It began; if it had before, nobody told of an end: whoever would have was restarted.
            if began is not None:
                yield _condition(key, began, _seen_until(began, event.at, control_starts))
            open_since[key] = event.at
        else:
            yield _condition(key, event.at - float(lasted), event.at)
    for key, began in open_since.items():
        yield _condition(key, began, _seen_until(began, now, control_starts))


def _seen_until(began: float, until: float, control_starts: Sequence[float]) -> float:
    return min([until, *(at for at in control_starts if at > began)])


def _condition(key: tuple[str, str], since: float, until: float) -> Window:
    kind, words = CONDITIONS[key[0]]
    subject = f" ({key[1]})" if key[1] else ""
    return Window(since, until, words + subject, kind, f"events, condition {key[0]}")


def _between_runs(runs: Sequence[Run], now: float) -> Iterable[Window]:
    """From when the last process of a site was heard of to when the next one was."""
    ordered = sorted(runs, key=lambda run: (run.site, run.since))
    for site, those in groupby(ordered, key=lambda run: run.site):
        spans: list[tuple[float, float]] = []
        for run in those:
            until = run.until if run.ended else max(run.until, now)
            if spans and run.since <= spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], until)
            else:
                spans.append((run.since, until))
        where = f" at {site}" if site else ""
        ends = [*spans, (now, now)]
        for (_, stopped), (began, _) in pairwise(ends):
            yield Window(
                stopped, began, f"no process ran{where}", "proxy", "runs and receipts: none told"
            )


def _of_gap(gap: Gap) -> Window:
    since = gap.before if gap.after is None else gap.after
    what = f"batches {gap.first} to {gap.last} of run {gap.run}"
    return Window(since, gap.before, "records are lost", "proxy", f"receipts: {what} never came")
