"""The newest jobs and events."""

from stratumproxy.fleet.journal import EVENTS, JOBS, Journal
from tests.fleet.telling import event, job


def test_ids_rise_over_jobs_and_events() -> None:
    journal = Journal(1000)
    journal.job(job(name="a"))
    journal.event(event())
    journal.job(job(name="b"))
    assert [(entry.id, entry.kind) for entry in journal.since(1000)] == [
        (1001, "job"),
        (1002, "event"),
        (1003, "job"),
    ]
    assert [entry.id for entry in journal.since(1002)] == [1003]
    assert journal.since(1003) == []
    assert len(journal.since(5000)) == 3, "of an earlier process whose clock was ahead"
    assert journal.newest == 1003


def test_the_newest_come_first() -> None:
    journal = Journal(0)
    for name in "abc":
        journal.job(job(name=name))
        journal.event(event(text=name))
    assert [entry.record.job for entry in journal.jobs] == ["c", "b", "a"]
    assert [entry.record.event for entry in journal.events] == ["c", "b", "a"]


def test_both_are_bounded_and_neither_pushes_out_the_other() -> None:
    journal = Journal(0)
    journal.job(job(name="kept"))
    for _ in range(EVENTS + 50):
        journal.event(event())
    assert len(journal.events) == EVENTS
    assert len(journal.jobs) == 1
    for _ in range(JOBS + 50):
        journal.job(job())
    assert len(journal.jobs) == JOBS
    assert len(journal.since(0)) == JOBS + EVENTS
