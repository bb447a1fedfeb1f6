"""What the ledger has of the pool's and the proxy's doing."""

from typing import Any

from stratumproxy.ledger.receipts import Gap
from stratumproxy.ledger.served import Run
from stratumproxy.statement.faults import CONDITIONS, faults
from stratumproxy.statement.windows import Window
from stratumproxy.telemetry.records import EventRecord

NOW = 10_000.0


def condition(at: float, kind: str = "no-pool", **values: Any) -> EventRecord:
    return EventRecord(at, "info", "in words", {"condition": kind, **values})


def spans(found: list[Window]) -> list[tuple[float, float, str]]:
    return [(each.since, each.until, each.kind) for each in found]


def of_events(
    *events: EventRecord, control: tuple[float, ...] = ()
) -> list[tuple[float, float, str]]:
    return spans(faults(events, [], [], control, NOW))


def test_what_ended_says_how_long_it_lasted() -> None:
    found = of_events(condition(1000), condition(1600, lasted_seconds=605), condition(1700))
    assert found == [(995.0, 1600.0, "pool"), (1700.0, NOW, "pool")]


def test_an_end_whose_beginning_was_not_told_counts() -> None:
    assert of_events(condition(5000, "no-process", lasted_seconds=3000)) == [
        (2000.0, 5000.0, "proxy")
    ]


def test_who_saw_it_begin_and_was_restarted_says_nothing_of_what_came_then() -> None:
    assert of_events(condition(1000), control=(500.0, 3000.0)) == [(1000.0, 3000.0, "pool")]
    both = of_events(
        condition(1000), condition(3010), condition(4000, lasted_seconds=990), control=(3000.0,)
    )
    assert both == [(1000.0, 3000.0, "pool"), (3010.0, 4000.0, "pool")]


def test_each_subject_is_its_own() -> None:
    found = faults(
        [
            condition(1000, "process-silent", subject="process 0"),
            condition(1100, "process-silent", subject="process 1"),
            condition(1500, "process-silent", subject="process 0", lasted_seconds=500),
        ],
        [], [], (), NOW,
    )  # fmt: skip
    assert spans(found) == [(1000.0, 1500.0, "proxy"), (1100.0, NOW, "proxy")]
    assert found[0].why.endswith("(process 0)")


def test_less_than_a_minute_is_nothing() -> None:
    assert of_events(condition(1059, lasted_seconds=59)) == []


def test_from_the_last_process_to_the_next() -> None:
    runs = [
        Run("", 0, 4000, True),
        Run("", 1000, 5000, True),
        Run("", 5030, 6000, True),
        Run("", 7000, 8000, False),
    ]
    assert spans(faults([], runs, [], (), NOW)) == [(6000, 7000, "proxy")]
    ended = [runs[0], Run("", 2000, 3000, True)]
    assert spans(faults([], ended, [], (), NOW)) == [(4000, NOW, "proxy")]


def test_sites_stop_each_by_itself() -> None:
    runs = [Run("a", 0, 2000, True), Run("b", 0, 9000, False), Run("a", 3000, 9000, False)]
    (window,) = faults([], runs, [], (), NOW)
    assert (window.since, window.until, window.why) == (2000, 3000, "no process ran at a")


def test_records_that_are_lost() -> None:
    gaps = [Gap("run", 0, 5, 9, 1000.0, 1500.0), Gap("run", 0, 1, 2, None, 100.0)]
    (window,) = faults([], [], gaps, (), NOW)
    assert window == Window(
        1000.0, 1500.0, "records are lost", "proxy",
        "receipts: batches 5 to 9 of run run never came",
    )  # fmt: skip


def test_conditions_are_those_that_the_proxy_tells_of() -> None:
    from stratumproxy.fleet.conditions import KINDS

    assert KINDS.keys() > CONDITIONS.keys()
