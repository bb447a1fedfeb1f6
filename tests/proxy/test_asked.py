"""The difficulty of one miner: what binds from when on, and when it is looked at."""

import pytest

from stratumproxy.proxy.asked import NO_TARGET, OLD_DIFFICULTIES, Asked
from stratumproxy.stratum.difficulty import target_bytes
from stratumproxy.work.vardiff import Vardiff

VARDIFF = Vardiff(start=1.0, min=0.001, max=1e15, shares_per_minute=12, window=60)


def test_nothing_meets_what_was_never_told() -> None:
    asked = Asked(0)
    assert (asked.difficulty, asked.target) == (0, NO_TARGET)
    assert not asked.due(VARDIFF, 1000)


def test_it_binds_from_a_job_on() -> None:
    asked = Asked(0)
    for job, difficulty in ((10, 1), (20, 2), (30, 4)):
        line = asked.bind(difficulty, job, 5)
        assert line == b'{"id":null,"method":"mining.set_difficulty","params":[%d]}\n' % difficulty
    assert (asked.since, asked.difficulty, asked.target) == (30, 4, target_bytes(4))
    assert asked.bound_to(29) == (2, target_bytes(2))
    assert asked.bound_to(10) == (1, target_bytes(1))
    assert asked.bound_to(9) == (4, target_bytes(4)), "a job from before it was told anything"


def test_so_many_are_remembered() -> None:
    asked = Asked(0)
    for job in range(100):
        asked.bind(job + 1, job, 0)
    remembered = [asked.bound_to(job)[0] == job + 1 for job in range(99)]
    assert sum(remembered) == OLD_DIFFICULTIES
    assert all(remembered[-OLD_DIFFICULTIES:])


def test_the_least_it_takes_is_kept_to() -> None:
    asked = Asked(0)
    asked.minimum = 8
    asked.want(5)
    assert asked.wanted == 8
    asked.want(9)
    assert asked.wanted == 9


@pytest.mark.parametrize(
    ("wanted", "urgent"), [(1.0, False), (2.9, False), (0.34, False), (3.0, True), (0.33, True)]
)
def test_what_does_not_wait_for_the_pools_next_job(wanted: float, urgent: bool) -> None:
    asked = Asked(0)
    asked.bind(1.0, 1, 0)
    asked.want(wanted)
    assert asked.urgent is urgent


def test_a_count_is_judged_when_it_is_old_enough() -> None:
    asked = Asked(0)
    asked.bind(1.0, 1, 100)
    assert not asked.due(VARDIFF, 159)
    assert asked.due(VARDIFF, 160)
    asked.pause(5)
    assert not asked.due(VARDIFF, 164)
    assert asked.due(VARDIFF, 165)


def test_too_many_shares_call_for_more() -> None:
    asked = Asked(0)
    asked.bind(1.0, 1, 0)
    asked.shares = 12
    assert asked.better(VARDIFF, 60) is None
    asked.shares = 120
    assert asked.better(VARDIFF, 60) == 10
    asked.bind(10, 2, 60)
    assert asked.shares == 0, "a new difficulty is a new count"


def test_the_older_half_of_a_long_count_is_forgotten() -> None:
    asked = Asked(0)
    asked.bind(1.0, 1, 0)
    asked.shares = 120
    asked.shorten(VARDIFF, 599)
    assert asked.shares == 120
    asked.shorten(VARDIFF, 600)
    assert asked.shares == 60
    assert asked.better(VARDIFF, 600) is None, "60 shares in the 300 seconds that are left"
