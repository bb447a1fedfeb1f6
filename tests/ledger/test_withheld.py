"""Who withholds what pools want, by the ledger."""

from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.ledger.withheld import SPANS, Withholding, withholding
from stratumproxy.telemetry.records import ShareRecord, WorkRecord
from tests.ledger.told import DAY, batch, keep, share, work

AT = DAY + 4 * 3600.0
NOBODY: tuple[list[Withholding], int] = ([], 2)


def did(worker: str, expected: float, sent: int) -> tuple[WorkRecord, list[ShareRecord]]:
    """A worker's four hours."""
    done = work(worker, 1000)._replace(expected=expected)
    return done, [share(AT - 60 - each, worker) for each in range(sent)]


def told(path: Path, *workers: tuple[WorkRecord, list[ShareRecord]], dropped: int = 0) -> None:
    shares = [each for _, sent in workers for each in sent]
    lost = {"shares": dropped} if dropped else {}
    keep(path, [batch(1, AT - 60, work=[done for done, _ in workers], shares=shares, dropped=lost)])


def found(path: Path, at: float = AT, tenant: str = "default") -> tuple[list[Withholding], int]:
    with closing(LedgerReader(str(path))) as reader:
        return withholding(reader, tenant, at)


def test_who_sends_less_than_chance_allows_is_named(path: Path) -> None:
    told(path, did("honest", 30, 27), did("liar", 30, 0))
    assert found(path) == ([Withholding("liar", 30.0, 0)], 2)


def test_nobody_is_named_for_bad_luck(path: Path) -> None:
    """A day like that has one in ten thousand."""
    told(path, did("unlucky", 30, 12), did("slow", 5, 0))
    assert found(path) == NOBODY


def test_nor_for_what_was_lost_on_the_way_to_the_ledger(path: Path) -> None:
    told(path, did("one", 30, 30), did("other", 30, 0), dropped=20)
    assert found(path) == NOBODY


def test_nor_for_what_it_did_the_day_before(path: Path) -> None:
    told(path, did("honest", 30, 30), did("liar", 30, 0))
    assert found(path, AT + max(SPANS) + 3600) == ([], 0)


def test_who_has_only_begun_is_seen_in_some_hours(path: Path) -> None:
    """A day of honest work hides it for long; and a day shows who withholds a third of it."""
    shares = [share(AT - 5 * 3600 - each, worker) for worker in ("a", "b") for each in range(400)]
    done = [work(worker)._replace(expected=400.0) for worker in ("a", "b")]
    keep(path, [batch(1, AT - 5 * 3600, work=done, shares=shares)])
    lately = [share(AT - 60 - each, "a") for each in range(20)]
    keep(path, [batch(2, AT - 60, work=[work("a")._replace(expected=20.0)], shares=lately)])
    keep(path, [batch(3, AT - 60, work=[work("b")._replace(expected=20.0)])])
    assert found(path) == ([Withholding("b", 20.0, 0)], 2)


def test_of_a_tenant_that_the_ledger_does_not_have(path: Path) -> None:
    told(path, did("liar", 30, 0))
    with pytest.raises(SinkError):
        found(path, tenant="acme")
