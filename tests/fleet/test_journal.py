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


def test_what_was_before_is_in_front_and_told_to_those_who_follow() -> None:
    journal = Journal(0)
    journal.job(job(name="c"))
    journal.event(event(text="c"))
    followed = journal.newest
    journal.recall([job(name="b"), job(name="a")], [event(text="b"), event(text="a")])
    assert [entry.record.job for entry in journal.jobs] == ["c", "b", "a"]
    assert [entry.record.event for entry in journal.events] == ["c", "b", "a"]
    told = [
        entry.record[3] if entry.kind == "job" else entry.record[2]
        for entry in journal.since(followed)
    ]
    assert told == ["a", "b", "a", "b"]
    journal.event(event(text="d"))
    assert journal.newest == journal.since(0)[-1].id == followed + 5


def test_what_was_before_pushes_out_nothing() -> None:
    journal = Journal(0)
    journal.event(event(text="now"))
    journal.recall([job()] * 2 * JOBS, [event(text=str(age)) for age in range(2 * EVENTS)])
    assert [entry.record.event for entry in journal.events] == [
        "now",
        *(str(age) for age in range(EVENTS - 1)),
    ]
    assert len(journal.jobs) == JOBS
    journal.recall([job()], [event()])
    assert len(journal.events) == EVENTS


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
