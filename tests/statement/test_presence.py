"""When machines were there to mine."""

import random

import pytest

from stratumproxy.ledger.served import Block
from stratumproxy.statement.presence import GONE_SECONDS, Presence, Stretch, stretches

DAY, HOUR = 86_400, 3600
OURS, THEIRS = 1, 2


def day(number: int, *whose: int) -> Block:
    return Block(number * DAY, DAY, dict.fromkeys(whose or (OURS,), 100.0))


def test_from_its_first_share_until_it_has_been_silent_for_long() -> None:
    assert stretches([day(3)], OURS, 3.5 * DAY) == [Stretch(3.5 * DAY, 4 * DAY + GONE_SECONDS)]


def test_silence_counts_until_it_comes_back() -> None:
    assert stretches([day(0), day(1), day(9)], OURS, -1e9) == [Stretch(0, 10 * DAY + GONE_SECONDS)]


def test_what_was_gone_is_there_from_the_day_it_is_back() -> None:
    assert stretches([day(0), day(40)], OURS, -1e9) == [
        Stretch(0, DAY + GONE_SECONDS),
        Stretch(40 * DAY, 41 * DAY + GONE_SECONDS),
    ]


def test_silence_is_whose_it_was_before() -> None:
    blocks = [day(0), Block(5 * DAY + 7 * HOUR, HOUR, {THEIRS: 3600.0}), day(8)]
    assert stretches(blocks, OURS, 0.0) == [
        Stretch(0, 5 * DAY + 7 * HOUR),
        Stretch(8 * DAY, 9 * DAY + GONE_SECONDS),
    ]
    assert stretches(blocks, THEIRS, 5 * DAY + 7.5 * HOUR) == [Stretch(5 * DAY + 7 * HOUR, 8 * DAY)]


def test_an_hour_in_which_it_changes_hands_is_shared_as_it_was_proven() -> None:
    blocks = [
        Block(0, HOUR, {OURS: 3600.0}),
        Block(HOUR, HOUR, {OURS: 900.0, THEIRS: 1800.0}),
        Block(3 * HOUR, HOUR, {THEIRS: 10.0}),
    ]
    assert stretches(blocks, OURS, 0.0) == [Stretch(0, HOUR), Stretch(HOUR, 2 * HOUR, 1 / 3)]
    assert stretches(blocks, THEIRS, HOUR)[:2] == [
        Stretch(HOUR, 2 * HOUR, 2 / 3),
        Stretch(2 * HOUR, 4 * HOUR + GONE_SECONDS),
    ]


def test_a_machine_lent_back_and_forth_is_always_somebodys() -> None:
    dice = random.Random(3)
    blocks = []
    for hour in range(0, 24 * 90, 3):
        whose = dice.choice([(OURS,), (THEIRS,), (OURS, THEIRS), (), ()])
        if whose:
            blocks.append(Block(hour * HOUR, HOUR, {one: dice.random() for one in whose}))
    both = [Presence({1: stretches(blocks, whose, 0.0)}, 0, 90 * DAY) for whose in (OURS, THEIRS)]
    first, last = blocks[0].start, blocks[-1].start
    for _ in range(100):
        since, until = sorted((dice.uniform(first, last), dice.uniform(first, last)))
        together = sum(each.total(since, until) for each in both)
        assert together == pytest.approx(until - since, abs=1e-3)


def test_all_together_are_the_sum_of_each() -> None:
    dice = random.Random(4)
    machines = {}
    for number in range(50):
        ends = sorted(dice.uniform(0, 100) for _ in range(6))
        machines[number] = [
            Stretch(ends[0], ends[1]),
            Stretch(ends[2], ends[3], dice.random()),
            Stretch(ends[4], ends[5]),
        ]
    presence = Presence(machines, -5, 105)
    for _ in range(50):
        since, until = sorted((dice.uniform(-5, 105), dice.uniform(-5, 105)))
        each = sum(presence.seconds(number, since, until) for number in machines)
        assert presence.total(since, until) == pytest.approx(each)
    assert Presence({}, 0, 1).total(0, 1) == 0
