"""Which workers need a person: each rule on both sides of its threshold."""

import pytest

from stratumproxy.fleet import Worker
from stratumproxy.fleet import attention as rules
from stratumproxy.fleet.attention import attention, gone, reconnecting, rejecting, slow, usual
from stratumproxy.fleet.hashrate import DAY, HASHES_PER_DIFFICULTY, HOUR
from tests.fleet.telling import NOW, miner, work


def rig(*, connected: bool = True, shared: float | None = NOW) -> Worker:
    worker = Worker("rig", NOW, NOW, NOW)
    if connected:
        worker.connected(miner())
    if shared is not None:
        worker.count(work(), shared)
    return worker


class TestGone:
    def test_one_that_never_mined_is_not(self) -> None:
        assert not gone(rig(connected=False, shared=None), NOW + 1e6)

    def test_one_without_a_connection_is_at_once(self) -> None:
        worker = rig()
        assert not gone(worker, NOW)
        worker.left()
        assert gone(worker, NOW)

    def test_one_without_a_share_is_after_ten_minutes(self) -> None:
        assert not gone(rig(), NOW + rules.GONE_SECONDS)
        assert gone(rig(), NOW + rules.GONE_SECONDS + 1)

    def test_one_that_finds_few_shares_is_given_the_time_of_twenty(self) -> None:
        worker = rig()
        pace = 100.0  # seconds a share
        worker.rates.warm(DAY, NOW, NOW - 50_000, 1024.0 * 500, 500, 0)
        day = usual(worker, NOW)
        assert day is not None
        assert 1024 * HASHES_PER_DIFFICULTY / day.rate == pytest.approx(pace, rel=0.01)
        assert not gone(worker, NOW + 19 * pace)
        assert gone(worker, NOW + 21 * pace)


class TestSlow:
    @staticmethod
    def rig(part: float, shares: int = 10_000, hours: float = 20.0) -> Worker:
        """One whose last hour had a part of its usual shares."""
        worker = rig(shared=None)
        worker.rates.warm(DAY, NOW, NOW - hours * 3600, shares * 1024.0, shares, 0)
        hour = int(shares / hours * part)
        worker.rates.warm(HOUR, NOW, NOW - 3600, hour * 1024.0, hour, 0)
        return worker

    def test_below_seventy_percent_it_is(self) -> None:
        assert slow(self.rig(0.5), NOW)
        assert slow(self.rig(0.0), NOW)

    def test_above_it_is_not(self) -> None:
        assert not slow(self.rig(0.75), NOW)

    def test_chance_is_no_reason(self) -> None:
        """Half of ten shares an hour is within three standard deviations; half of 1000 is not."""
        assert not slow(self.rig(0.5, shares=200), NOW)
        assert slow(self.rig(0.5, shares=20_000), NOW)

    def test_no_share_where_one_was_to_be_expected_is_chance(self) -> None:
        assert not slow(self.rig(0.0, shares=20), NOW)

    def test_without_two_hours_nothing_is_usual(self) -> None:
        young = self.rig(0.1, hours=1.9)
        assert usual(young, NOW) is None
        assert not slow(young, NOW)
        assert usual(self.rig(0.1, hours=2.1), NOW) is not None


class TestRejecting:
    def test_more_than_five_percent_of_fifty(self) -> None:
        worker = rig(shared=None)
        worker.count(work(accepted=46, stale=3), NOW)
        assert not rejecting(worker, NOW), "of 49 nothing can be said"
        worker.count(work(accepted=1), NOW)
        assert rejecting(worker, NOW)

    def test_five_percent_of_fifty_are_not_more(self) -> None:
        worker = rig(shared=None)
        worker.count(work(accepted=95, stale=5), NOW)
        assert not rejecting(worker, NOW)

    def test_it_ends_with_good_shares(self) -> None:
        worker = rig(shared=None)
        worker.count(work(accepted=25, stale=25), NOW)
        assert rejecting(worker, NOW)
        worker.count(work(accepted=50), NOW)
        assert not rejecting(worker, NOW)


class TestReconnecting:
    def test_the_fifth_time_within_an_hour(self) -> None:
        worker = rig(connected=False)
        for number in range(4):
            worker.connected(miner(number, since=NOW + 600 * number))
        assert not reconnecting(worker, NOW + 2000)
        worker.connected(miner(5, since=NOW + 2000))
        assert reconnecting(worker, NOW + 2000)
        assert not reconnecting(worker, NOW + 3600), "the first is an hour ago"


def test_all_that_hold_are_told() -> None:
    worker = rig()
    for number in range(4):
        worker.connected(miner(number))
    worker.count(work(accepted=40, stale=20), NOW)
    assert attention(worker, NOW) == ("rejecting", "reconnecting")


def test_one_that_is_gone_is_not_slow_as_well() -> None:
    worker = TestSlow.rig(0.0)
    worker.last_share = NOW - 3600
    assert slow(worker, NOW)
    assert attention(worker, NOW) == ("gone",)


def test_every_rule_says_what_it_looks_for() -> None:
    assert list(rules.RULES) == ["gone", "slow", "rejecting", "reconnecting"]
    assert all(rule.__doc__ for rule in rules.RULES.values())
