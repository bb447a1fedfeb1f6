"""Snapshots against records."""

from dataclasses import replace

from stratumproxy.control.reckoning import Reckoning, Untold
from stratumproxy.telemetry.records import Batch, WorkRecord
from tests.control.process import SNAPSHOT


def batch(run: str, seq: int, accepted: int = 0, **rejected: int) -> Batch:
    work = WorkRecord("farm.1", "pool", accepted, 1.0, rejected, 0.0, 1.0)
    return Batch(run, 0, seq, 0.0, work=[work])


def shown(accepted: int, **rejected: int):
    return replace(SNAPSHOT, accepted=accepted, rejected=rejected)


def test_one_that_told_everything() -> None:
    reckoning = Reckoning()
    assert reckoning.told(batch("one", 1, 5, stale=1)) is None
    reckoning.shown("one", shown(5, stale=1))
    assert reckoning.told(batch("two", 1)) is None


def test_one_that_did_not() -> None:
    reckoning = Reckoning()
    reckoning.told(batch("one", 1, 2))
    reckoning.told(batch("one", 2, 3, stale=1))
    reckoning.shown("one", shown(9, stale=2, duplicate=1))
    assert reckoning.told(batch("two", 1)) == Untold("one", 2, 4, 2)
    reckoning.shown("two", shown(0))
    assert reckoning.told(batch("three", 1)) is None


def test_one_that_told_more_than_its_last_snapshot() -> None:
    reckoning = Reckoning()
    reckoning.told(batch("one", 1, 2))
    reckoning.shown("one", shown(2))
    reckoning.told(batch("one", 2, 3))
    assert reckoning.told(batch("two", 1)) is None


def test_of_one_that_began_before_us_nothing_is_known() -> None:
    reckoning = Reckoning()
    reckoning.told(batch("one", 7, 2))
    reckoning.shown("one", shown(900))
    assert reckoning.told(batch("two", 1)) is None


def test_a_snapshot_of_another_run_is_none_of_its_business() -> None:
    reckoning = Reckoning()
    reckoning.told(batch("one", 1, 2))
    reckoning.shown("zero", shown(900))
    assert reckoning.told(batch("two", 1)) is None
