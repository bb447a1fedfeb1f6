"""The controller under anything in any order: nobody is lost, or moved too often."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stratumproxy.routing.split import Band, Part, Rules

NAMES = ("a", "b", "c")
RULES = Rules(at_once=0.5, most_at_once=4)
targets = st.sampled_from(NAMES)
machines = st.integers(0, 15)


def parts(weights) -> list[Part]:
    return [Part(name, w) for name, w in zip(NAMES, weights, strict=False)]


class AnyOrder(RuleBasedStateMachine):
    """Two controllers are told the same, and must say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.two = [Band(parts((5, 3, 2)), RULES) for _ in range(2)]
        self.here: dict[int, str] = {}
        self.came: dict[int, float] = {}

    def both(self, what):
        first, second = (what(band) for band in self.two)
        assert first == second
        return first

    def moved(self, moves, resting: bool = False) -> None:
        assert len({number for number, _ in moves}) == len(moves)
        for number, target in moves:
            assert self.here[number] != target
            assert not resting or self.now - self.came[number] >= RULES.stay
            self.here[number], self.came[number] = target, self.now

    @rule(seconds=st.sampled_from([1, 10, 59, 60, 90, 120, 7200]))
    def time_passes(self, seconds) -> None:
        self.now += seconds

    @rule(number=machines, rate=st.none() | st.floats(1, 300))
    def comes(self, number, rate) -> None:
        if number not in self.here:
            self.here[number] = self.both(lambda band: band.seat(number, self.now, expected=rate))
            self.came[number] = self.now

    @rule(number=machines)
    def leaves(self, number) -> None:
        self.both(lambda band: band.leave(number))
        self.here.pop(number, None)

    @rule(number=machines, whose=targets, work=st.floats(1, 1e5))
    def finds_a_share(self, number, whose, work) -> None:
        self.both(lambda band: band.credit(number, whose, work, self.now))

    @rule()
    def all_are_looked_at(self) -> None:
        for number in range(16):
            self.both(lambda band, number=number: band.measure(number, self.now))

    @rule(number=machines, trusted=st.booleans())
    def is_accused(self, number, trusted) -> None:
        self.both(lambda band: band.trust(number, trusted, self.now))

    @rule(whose=targets, ready=st.booleans(), hold=st.booleans())
    def a_pool_comes_or_goes(self, whose, ready, hold) -> None:
        for band in self.two:
            if whose in band.parts:
                band.parts[whose].when_down = "hold" if hold else "others"
                band.set_ready(whose, ready, self.now)

    @rule(whose=targets, most=st.floats(0, 1e4))
    def a_pool_asks_for_another_difficulty(self, whose, most) -> None:
        for band in self.two:
            if whose in band.parts:
                band.set_most(whose, most)

    @rule(weights=st.lists(st.floats(0.1, 9), min_size=1, max_size=3))
    def other_targets(self, weights) -> None:
        for band in self.two:
            band.change(parts(weights))

    @rule()
    def the_account_is_handed_on(self) -> None:
        for band in self.two:
            kept = band.account.export()
            weights = {part.name: part.weight for part in band.parts.values()}
            band.account = type(band.account)(weights, kept)
            assert band.account.resumed

    @rule()
    def a_block(self) -> None:
        moves = self.both(lambda band: band.clean(self.now))
        assert len(moves) <= RULES.most_at_once
        self.moved(moves)

    @rule()
    def the_look(self) -> None:
        moves = self.both(lambda band: band.look(self.now))
        assert len(moves) <= RULES.most_at_once
        self.moved(moves, resting=True)

    @precondition(lambda self: self.here)
    @rule()
    def the_stranded(self) -> None:
        moves = self.both(lambda band: band.stranded(self.now))
        assert len(moves) <= RULES.most_at_once
        self.moved(moves)
        band = self.two[0]
        if not moves and any(part.ready for part in band.parts.values()):
            for target in self.here.values():
                part = band.parts[target]
                assert part.ready or part.when_down == "hold"

    @invariant()
    def everybody_is_where_they_were_sent(self) -> None:
        for band in self.two:
            assert {n: machine.target for n, machine in band.machines.items()} == self.here
            listed = {n: machine for n, machine in band.machines.items() if machine.listed}
            assert len(listed) == sum(len(part.roster) for part in band.parts.values())
            for part in band.parts.values():
                entries = list(part.roster)
                assert part.roster.largest == max(entries, default=(0.0, 0))[0]
                for rate, number in entries:
                    assert listed[number].target == part.name
                    assert listed[number].listed == rate
                    assert listed[number].trusted
                assert part.roster.rate == pytest.approx(sum(rate for rate, _ in entries))

    @invariant()
    def what_one_lacks_others_had(self) -> None:
        debts = self.two[0].account.debts()
        assert sum(debts.values()) == pytest.approx(0, abs=1e-6 * sum(map(abs, debts.values())))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
