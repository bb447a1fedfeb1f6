"""Which workers need a person: each rule on both sides of its threshold."""

from math import comb
from random import Random

import pytest

from stratumproxy.fleet import Worker
from stratumproxy.fleet import attention as rules
from stratumproxy.fleet.attention import attention, gone, reconnecting, rejecting
from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY, HOUR, Done, Rates
from stratumproxy.fleet.usual import Known
from tests.fleet.farm import poisson
from tests.fleet.telling import NOW, count, miner, work


def rig(*, connected: bool = True, shared: float | None = NOW) -> Worker:
    worker = Worker(("default", "rig"), NOW, NOW, NOW)
    if connected:
        worker.connected(miner(), NOW)
    if shared is not None:
        count(worker, work(), shared)
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
        worker.usual.learn(Known(1024 * HASHES_PER_DIFFICULTY / pace, 100))
        assert not gone(worker, NOW + 19 * pace)
        assert gone(worker, NOW + 21 * pace)


class TestRejecting:
    def test_more_than_five_percent_beyond_chance(self) -> None:
        worker = rig(shared=None)
        count(worker, work(accepted=225, stale=25), NOW)
        assert not rejecting(worker, NOW), "a tenth of 250 may be chance"
        count(worker, work(accepted=210, stale=39), NOW)
        assert rejecting(worker, NOW)

    def test_five_percent_are_not_more(self) -> None:
        worker = rig(shared=None)
        count(worker, work(accepted=9500, stale=500), NOW)
        assert not rejecting(worker, NOW)

    def test_a_few_are_enough_if_it_is_all_of_them(self) -> None:
        worker = rig(shared=None)
        count(worker, work(accepted=0, stale=3), NOW)
        assert not rejecting(worker, NOW)
        count(worker, work(accepted=0, stale=1), NOW)
        assert rejecting(worker, NOW)

    def test_it_ends_with_good_shares(self) -> None:
        worker = rig(shared=None)
        count(worker, work(accepted=200, stale=60), NOW)
        assert rejecting(worker, NOW)
        count(worker, work(accepted=260), NOW)
        assert not rejecting(worker, NOW)

    @pytest.mark.parametrize("of", [1, 4, 10, 50, 250, 499])
    def test_what_is_surely_more_is_as_rare_as_it_says_or_rarer(self, of: int) -> None:
        """Beside the sums of the probabilities themselves."""
        for chance in (1e-2, 1e-4):
            least = next((k for k in range(of + 1) if rules.more_than(0.05, of, k, chance)), of + 1)
            exactly = sum(comb(of, k) * 0.05**k * 0.95 ** (of - k) for k in range(least, of + 1))
            assert exactly <= chance

    def test_a_farm_that_rejects_as_farms_do_needs_nobody(self) -> None:
        """All of 17,595 machines at one or two percent, which bursts now and then."""
        dice = Random(5)
        for part in (0.01, 0.02):
            found = 0
            for _ in range(17_595):
                rejected = sum(poisson(dice, 20 * part) for _ in range(20))
                accepted = 400 - rejected
                found += rules.more_than(0.05, accepted + rejected, rejected, 1e-4)
            assert found == 0

    def test_one_that_rejects_a_seventh_is_found(self) -> None:
        dice = Random(6)
        found = 0
        for _ in range(60):
            worker = rig(shared=None)
            for _ in range(400):
                bad = dice.random() < 1 / 7
                count(worker, work(accepted=not bad, stale=int(bad)), NOW)
            found += rejecting(worker, NOW)
        assert found > 54


class TestReconnecting:
    def test_the_fifth_time_within_an_hour(self) -> None:
        worker = rig(connected=False)
        for number in range(4):
            worker.connected(miner(number), NOW + 600 * number)
        assert not reconnecting(worker, NOW + 2000)
        worker.connected(miner(5), NOW + 2000)
        assert reconnecting(worker, NOW + 2000)
        assert not reconnecting(worker, NOW + 3600), "the first is an hour ago"


def test_all_that_hold_are_told() -> None:
    worker = rig()
    for number in range(4):
        worker.connected(miner(number), NOW)
    count(worker, work(accepted=40, stale=20), NOW)
    assert attention(worker, NOW) == ("rejecting", "reconnecting")


def test_one_that_is_gone_is_not_slow_as_well() -> None:
    worker = rig()
    worker.usual.recall(Known(1e14, 100, slow=True))
    assert attention(worker, NOW) == ("slow",)
    assert attention(worker, NOW + 3600) == ("gone",)


class TestMissing:
    @staticmethod
    def rig(part: float) -> Worker:
        """One that did a part of what is usual for a day, by its hours."""
        worker = rig()
        worker.usual.recall(Known(1e14, 100))
        past = Rates(NOW, NOW - 90_000)
        found = int(part * 300 * 1e14 / (1024 * HASHES_PER_DIFFICULTY))
        for start in range(int(NOW) - 3600, int(NOW), 300):
            past.put(HOUR, start, Done(found * 1024.0, found * 1024.0**2, found, 0))
        worker.rates.take_in(past, NOW)
        return worker

    def test_a_worker_that_needs_nobody_lacks_nothing(self) -> None:
        worker = self.rig(0.9)
        assert rules.of_usual(worker, NOW) == pytest.approx(0.9, rel=0.05)
        assert rules.missing(worker, NOW) == 0.0

    def test_a_slow_one_lacks_what_it_is_short_of(self) -> None:
        worker = self.rig(0.6)
        worker.usual.slow = True
        worker.attention = attention(worker, NOW)
        part = rules.of_usual(worker, NOW)
        assert part == pytest.approx(0.6, rel=0.05)
        assert rules.missing(worker, NOW) == pytest.approx(1e14 * (1 - part))

    def test_one_that_is_gone_lacks_all_of_it(self) -> None:
        worker = self.rig(1.0)
        worker.left()
        worker.attention = attention(worker, NOW)
        assert (rules.of_usual(worker, NOW), rules.missing(worker, NOW)) == (0.0, 1e14)

    def test_of_one_that_is_not_known_nothing_is_said(self) -> None:
        worker = rig()
        worker.left()
        worker.attention = attention(worker, NOW)
        assert (rules.of_usual(worker, NOW), rules.missing(worker, NOW)) == (None, 0.0)


def test_every_rule_says_what_it_looks_for() -> None:
    assert list(rules.RULES) == ["gone", "slow", "rejecting", "reconnecting"]
    assert all(rule.__doc__ for rule in rules.RULES.values())
