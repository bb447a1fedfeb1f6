"""The controller: who is seated where, and when somebody moves."""

from itertools import count

import pytest

from stratumproxy.routing.split import Band, Move, Part, Rules, reach


def farm(rates: dict[str, list[float]], now: float = 0.0, **settings) -> Band:
    """Machines that mine for targets already, one after the other; half of the work each.

    How fast they are has long been known.
    """
    band = Band([Part(name, 1.0) for name in rates], Rules(**settings))
    numbers = count()
    for target, each in rates.items():
        for rate in each:
            band.seat(next(numbers), now, expected=rate, seconds=1e9, target=target)
    return band


def stands(band: Band) -> object:
    """The rate of each, as a second of silence more or less may have it."""
    rates = {each.target: each.rate for each in band.standing()}
    return pytest.approx(rates, rel=0.02)


def owes(band: Band, target: str, work: float) -> None:
    """So much more than a target's part was its own."""
    band.account.credit(target, work)


def test_who_comes_mines_for_who_lacks_most() -> None:
    band = farm({"a": [100.0, 100.0], "b": [100.0]})
    assert band.seat(10, 0, expected=100.0) == "b"
    owes(band, "b", 300_000.0)  # half of it is a debt: more than two machines in ten minutes
    assert [band.seat(n, 0, expected=100.0) for n in (11, 12, 13)] == ["a", "a", "a"]


def test_a_number_is_seated_once() -> None:
    band = farm({"a": [100.0], "b": []})
    with pytest.raises(ValueError, match="machine 0 has a seat"):
        band.seat(0, 0)
    band.leave(0)
    band.leave(0)
    band.seat(0, 0)


def test_a_block_carries_any_move_that_helps() -> None:
    band = farm({"a": [100.0, 110.0, 120.0, 130.0], "b": []}, at_once=1.0)
    assert band.clean(1) == [Move(3, "b"), Move(0, "b")]
    assert band.clean(2) == []


def test_only_a_part_moves_at_once() -> None:
    band = farm({"a": [100.0] * 40, "b": []})
    assert [len(band.clean(now)) for now in range(4)] == [10, 10, 0, 0]
    band = farm({"a": [100.0] * 40, "b": []}, at_once=0.01)
    assert [len(band.clean(now)) for now in range(3)] == [1, 1, 1]
    band = farm({"a": [100.0] * 40, "b": []}, most_at_once=3)
    assert len(band.clean(0)) == 3


@pytest.mark.parametrize(("machines", "band"), [(12, 17.28), (101, 11.88), (1001, 4.5)])
def test_within_the_band_it_waits_for_a_block(machines: int, band: float) -> None:
    """The more machines, the narrower: one that fails moves a debt less."""

    def owed(seconds: float) -> Band:
        more = machines // 2 + 1
        of = farm({"a": [100.0] * more, "b": [100.0] * (machines - more)}, apart=0)
        owes(of, "a", 2 * seconds * 100 * machines)
        return of

    within = owed(0.98 * band)
    assert within.look(200) == []
    assert within.clean(201)
    assert owed(1.02 * band).look(200)


def test_what_is_left_of_a_farm_pays_with_as_many_of_its_machines_as_all_of_it_would() -> None:
    def paying(dark: int) -> float:
        """The part of the machines that makes good for a debt of ten seconds of the whole farm."""
        band = farm({"a": [100.0] * 300, "b": [100.0] * 300})
        band.look(1)
        owes(band, "a", 2 * 10 * 60_000)
        for number in range(dark // 2):
            band.leave(number)
            band.leave(300 + number)
        a, b = band.standing()
        return (b.wanted - a.wanted) / 2 / (a.rate + b.rate)

    assert paying(0) == pytest.approx(10 / 900) == paying(300)
    assert paying(540) == pytest.approx(10 * 10 / 3600)  # of a tenth, and no slower


def test_beyond_the_band_it_waits_if_the_debt_is_being_paid_back() -> None:
    band = farm({"a": [100.0] * 50, "b": [100.0] * 51}, apart=0)
    owes(band, "a", 2 * 20 * 10_100)
    assert band.look(200) == []


def test_many_on_the_wrong_target_are_not_waited_for() -> None:
    """A hall went dark: there is no debt yet, but there will be."""
    band = farm({"a": [100.0] * 35, "b": [100.0] * 65}, apart=0)
    assert len(band.look(200)) == 15
    # 3 % of the farm: 9 s of it in five minutes
    band = farm({"a": [100.0] * 97, "b": [100.0] * 103}, apart=0)
    assert band.look(200) == []


def test_between_blocks_nobody_moves_twice_in_two_minutes_and_plans_are_a_minute_apart() -> None:
    band = farm({"a": [100.0, 100.0], "b": []})
    owes(band, "a", 20_000.0)
    assert band.look(110) == []  # they only came
    assert len(band.look(120)) == 1
    owes(band, "b", 100_000.0)
    assert band.look(130) == []
    assert band.look(180) == []  # the one that could go rests
    assert len(band.look(240)) == 1
    owes(band, "a", 300_000.0)
    assert len(band.clean(241)) == 1  # a block does not mind


def test_one_machine_alone_is_shared_by_time() -> None:
    band = Band([Part("a", 3.0), Part("b", 1.0)])
    band.seat(0, 0, expected=100.0)
    mined = {"a": 0, "b": 0}
    target, moves = "a", 0
    for now in range(10, 86_400, 10):
        mined[target] += 10
        band.credit(0, target, 1000.0, now)
        band.measure(0, now)
        for move in band.look(now):
            target, moves = move.target, moves + 1
    assert mined["b"] / 86_390 == pytest.approx(0.25, abs=2 * reach(100, 100) / 86_400)
    assert moves < 86_400 / 240


def test_who_is_silent_or_accused_has_no_say() -> None:
    band = farm({"a": [100.0, 100.0], "b": [100.0, 100.0]})
    for now in range(10, 201, 10):
        for number in range(3):
            band.credit(number, "ab"[number // 2], 1000.0, now)
        for number in range(4):
            band.measure(number, now)
    assert stands(band) == {"a": 200, "b": 100}
    band.trust(0, False, 200)
    assert stands(band) == {"a": 100, "b": 100}
    before = band.account.debts()
    band.credit(0, "a", 1e6, 201)
    assert band.account.debts() == before
    assert band.clean(202) == []
    band.trust(0, True, 203)
    assert stands(band) == {"a": 200, "b": 100}


def test_a_share_of_the_old_job_counts_for_the_old_target() -> None:
    band = farm({"a": [100.0, 100.0], "b": []})
    (move,) = band.clean(1)
    band.credit(move.number, "a", 50.0, 2)
    assert band.account.debts() == {"a": -25.0, "b": 25.0}


def test_machines_of_a_target_without_a_pool_go_to_others_and_its_debt_stays() -> None:
    band = farm({"a": [100.0] * 4, "b": [100.0] * 2, "c": [100.0] * 2}, most_at_once=3)
    assert band.stranded(0) == []
    band.set_ready("a", False, 0)
    first, second, third = (band.stranded(now) for now in range(3))
    assert [len(first), len(second), third] == [3, 1, []]
    assert stands(band) == {"a": 0, "b": 400, "c": 400}
    assert band.seat(20, 3) in ("b", "c")
    band.leave(20)
    for target in "bc":
        band.account.credit(target, 400 * 600)
    assert band.clean(600) == []
    band.set_ready("a", True, 600)
    want = {each.target: each.wanted for each in band.standing()}
    assert want["a"] > 500  # a third, and what it lacks
    assert {move.target for move in band.clean(601)} == {"a"}


def test_or_they_wait() -> None:
    band = farm({"a": [100.0] * 2, "b": [100.0] * 2})
    band.parts["a"].when_down = "hold"
    band.set_ready("a", False, 0)
    assert band.stranded(0) == []
    assert band.seat(20, 3, expected=100.0) == "b"
    for now in range(10, 601, 10):
        for number in (2, 3, 20):
            band.credit(number, "b", 1000.0, now)
        for number in (0, 1, 2, 3, 20):
            band.measure(number, now)
        assert band.look(now) == []
    assert band.clean(601) == []
    band.set_ready("a", True, 602)
    rates = {each.target: each.rate for each in band.standing()}
    assert rates == pytest.approx(
        {"a": 200, "b": 300}, rel=0.01
    )  # at once, though they were silent


def test_while_no_target_has_a_pool_nobody_moves() -> None:
    band = farm({"a": [100.0] * 2, "b": []})
    for target in "ab":
        band.set_ready(target, False, 0)
    assert band.stranded(0) == band.clean(1) == band.look(200) == []
    assert band.seat(9, 2) == "b"
    band.set_ready("b", True, 3)
    assert len(band.stranded(3)) == 2


def test_nobody_is_moved_where_it_would_flood() -> None:
    band = farm({"a": [100.0] * 8, "b": []})
    band.set_most("b", 250.0)
    assert len(band.clean(0)) == 2
    assert band.clean(1) == []
    assert band.seat(20, 2, expected=100.0) == "a"
    band.set_most("b", 1000.0)
    assert len(band.clean(3)) == 2


def test_other_targets_are_another_account_and_nobody_is_left_behind() -> None:
    band = farm({"a": [100.0] * 4, "b": [100.0] * 4})
    owes(band, "a", 1000.0)
    band.change([Part("a", 1.0), Part("b", 1.0)])
    assert band.account.debts()["b"] == 500
    band.change([Part("b", 3.0), Part("c", 1.0)])
    assert set(band.account.debts().values()) == {0.0}
    moves = band.stranded(1)
    assert len(moves) == 4
    assert stands(band) == {"b": 600, "c": 200}
    with pytest.raises(ValueError, match="weights"):
        band.change([Part("b", 0.0)])


def test_the_account_is_gone_on_with() -> None:
    band = farm({"a": [100.0], "b": [100.0]})
    owes(band, "a", 1000.0)
    kept = band.account.export()
    again = Band([Part("a", 1.0), Part("b", 1.0)], kept=kept)
    assert again.account.debts() == {"a": -500, "b": 500}
    assert again.seat(0, 5000) == "b"


def test_what_so_many_machines_can_reach() -> None:
    assert reach(100, 100) == 120
    assert reach(200, 75_000) == pytest.approx(0.32)
    assert reach(0, 0) == 0
    assert farm({"a": [100.0], "b": [300.0]}).reach() == 90


def test_what_is_only_expected_of_machines_is_no_rate_of_the_farm() -> None:
    """Some come with a start that is ten times what they do, others never find anything."""
    band = Band([Part("a", 70), Part("b", 30)])
    for number in range(20):
        band.seat(number, 0.0, expected=10.0)
    for now in range(10, 3610, 10):
        for number in range(10):
            band.credit(number, band.machines[number].target, 10.0, now, shares=2)
        for number in range(20):
            band.measure(number, now)
        band.look(now)
    assert band.account.rate == pytest.approx(10, rel=0.02)
    assert sum(each.rate for each in band.standing()) == pytest.approx(10, rel=0.2)
    a, _ = band.standing()
    assert abs(a.seconds) == pytest.approx(abs(a.debt) / 10, rel=0.2, abs=0.1)


def test_what_was_known_of_a_machine_is_shown_by_its_shares() -> None:
    band = Band([Part("a", 1), Part("b", 1)])
    band.seat(1, 0.0, expected=10.0, seconds=600.0)
    band.bound(0.0)
    assert band.account.rate == pytest.approx(9.0)


def test_a_farm_whose_shares_are_only_coming_again_keeps_its_account() -> None:
    """It stood still for so long that nobody knows how fast it was."""
    band = Band([Part("a", 1), Part("b", 1)])
    owes(band, "a", 10_000)
    for number in range(10):
        band.seat(number, 0.0, expected=1.0)
    band.credit(0, "b", 2.0, 10.0)
    for number in range(10):
        band.measure(number, 10.0)
    band.look(10)
    assert band.account.debts()["b"] == pytest.approx(5000, abs=2)
    assert band.account.rate < 0.1
