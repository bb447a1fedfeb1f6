"""The course of a worker and of the fleet, and the last day of all workers."""

from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.ledger import LedgerReader, Standing
from stratumproxy.ledger.buckets import Sums
from stratumproxy.ledger.history import SPANS
from stratumproxy.ledger.schema import FIVE_MINUTES, HOURS
from tests.ledger.told import DAY, batch, keep, miner, reckoned, share, work

HOUR = 3600
NOW = DAY + 5 * HOUR + 7.5


@pytest.fixture
def reader(path: Path) -> LedgerReader:
    """Work in every hour of two days, of two workers on two pools, until `NOW`."""
    told = []
    for hour in range(-43, 6):
        at = DAY + hour * HOUR
        told.append(
            batch(
                len(told) + 1,
                at,
                work=[
                    work("a", rejected={"stale": 1}),
                    work("a", pool="backup", rejected={"stale": 1, "lost": 2}),
                    work("b", 3),
                ],
                shares=[share(at, "a")],
                miners=[miner(hour + 50, "a", at)] if hour >= 0 else [],
            )
        )
    keep(path, told)
    return LedgerReader(str(path))


def test_a_worker_on_all_pools(reader: LedgerReader) -> None:
    with closing(reader):
        history = reader.history("a", "24h", NOW)
    assert history
    assert history.step == 300
    assert len(history.points) == 288
    assert history.points[-1].start == DAY + 5 * HOUR
    assert history.points[-1].seconds == 7.5
    assert {point.seconds for point in history.points[:-1]} == {300}
    first = history.points[0].start
    assert [point.start for point in history.points] == [first + 300 * n for n in range(288)]
    mined = {point.start: point.sums for point in history.points if point.sums != Sums()}
    assert [*mined] == list(range(DAY - 18 * HOUR, DAY + 6 * HOUR, HOUR))
    assert mined[DAY] == Sums(
        2, 2048.0, 4, 0.0, 2000.0, 1, 65536.0, 1, 65536.0, connects=1, **reckoned(2)
    )
    connections = [point.connections for point in history.points]
    assert connections[-1] == 6
    assert connections[-2] == 5
    assert connections[0] == 0


def test_the_fleet(reader: LedgerReader) -> None:
    with closing(reader):
        for span in ("1h", "24h", "7d", "60d", "5y"):
            history = reader.history(None, span, NOW)
            assert history
            assert len(history.points) <= SPANS[span].seconds / history.step + 1
            assert history.points[-1].connections == 6
            if span in ("7d", "60d"):
                assert [point.sums.accepted for point in history.points] == [5] * 49
            if span == "5y":
                assert [point.sums.accepted for point in history.points] == [95, 120, 30]
                assert [point.connections for point in history.points] == [0, 0, 6]
                assert history.points[-1].seconds == 5 * HOUR + 7.5


def test_nobody_and_nothing(reader: LedgerReader, tmp_path: Path) -> None:
    with closing(reader):
        assert reader.history("c", "24h", NOW) is None
        assert reader.rejects("c", "24h", NOW) == {}
    keep(tmp_path / "empty", [batch(1)])
    with closing(LedgerReader(str(tmp_path / "empty"))) as empty:
        history = empty.history(None, "5y", NOW)
        assert history
        assert history.points == []


def test_a_name_is_one_tenants(path: Path) -> None:
    keep(path, [batch(1, work=[work("a", 1), work("a", 2, rejected={"stale": 3}, tenant="acme")])])
    with closing(LedgerReader(str(path))) as reader:
        for tenant, accepted, rejects in (("default", 1, {}), ("acme", 2, {DAY: {"stale": 3}})):
            found = reader.history("a", "1h", DAY + 1, tenant)
            assert found is not None
            assert [point.sums.accepted for point in found.points] == [accepted]
            assert reader.rejects("a", "1h", DAY + 1, tenant) == rejects
        assert reader.history("a", "1h", DAY + 1, "zeta") is None


def test_rejects_by_reason(reader: LedgerReader) -> None:
    with closing(reader):
        assert reader.rejects("a", "1h", NOW) == {DAY + 5 * HOUR: {"lost": 2, "stale": 2}}
        assert reader.rejects("b", "24h", NOW) == {}
        days = reader.rejects(None, "5y", NOW)
        assert days[DAY - 86_400] == {"lost": 48, "stale": 48}


def test_all_workers_at_once(reader: LedgerReader, path: Path) -> None:
    reader.close()
    with closing(Standing(str(path))) as standing:
        totals = standing.totals(NOW)
    assert totals.hour_since == DAY + 4 * HOUR + 300
    assert totals.day_since == DAY - 18 * HOUR
    assert {*totals.workers} == {("default", "a"), ("default", "b")}
    a = totals.workers["default", "a"]
    assert (a.accepted, a.work, a.connections) == (48, 48 * 1024.0, 6)
    assert a.rejected == sum(a.reasons.values()) == 24 * 4
    assert (a.reasons, a.best, a.connects) == ({"stale": 48, "lost": 48}, 2000.0, 6)
    assert (a.since, a.last) == (DAY - 43 * HOUR, DAY + 5 * HOUR)
    assert (totals.workers["default", "b"].work, totals.workers["default", "b"].connections) == (
        24 * 3072.0,
        0,
    )


def test_the_buckets_of_all_workers(reader: LedgerReader, path: Path) -> None:
    reader.close()
    with closing(Standing(str(path))) as standing:
        for level in (FIVE_MINUTES, HOURS):
            assert standing.bucket(level, DAY) == [
                ("default", "a", 2048.0, 2 * 1024.0**2, 2, 4),
                ("default", "b", 3072.0, 3 * 1024.0**2, 3, 0),
            ]
        assert standing.bucket(HOURS, DAY + 6 * HOUR) == []


def test_what_a_wrong_clock_put_into_the_future_is_not_of_the_last_day(path: Path) -> None:
    keep(path, [batch(1, work=[work()]), batch(2, DAY + 1e7, work=[work("b")])])
    with closing(Standing(str(path))) as standing:
        assert {*standing.totals(DAY + 60).workers} == {("default", "rig")}


def test_who_was_not_heard_of_for_a_day_is_left_out(reader: LedgerReader, path: Path) -> None:
    reader.close()
    with closing(Standing(str(path))) as standing:
        totals = standing.totals(NOW + 86_400)
    assert {*totals.workers} == {("default", "a")}  # it is still connected
    assert totals.workers["default", "a"].last is None
