"""Many machines that turn at once are one event, whoever else turns; and chance is none."""

from random import Random

import pytest

from stratumproxy.fleet.outages import LONGEST, MANY, WINDOW, Outages, Together, common_part
from tests.fleet.farm import poisson
from tests.fleet.telling import NOW, Told, miner, work

FARM = [
    f"farm.h{hall}-r{rack:02}-u{unit:02}"
    for hall in (1, 2)
    for rack in range(20)
    for unit in range(15)
]

KNOWN = 600
"""Seconds until it is known what is usual."""


class Watch:
    """Outages, second by second."""

    def __init__(self) -> None:
        self.now = NOW
        self.outages = Outages(NOW)
        self.told: list[Together] = []

    def second(self, *names: str, turn: str = "lost") -> None:
        for name in names:
            self.outages.turned(turn, name, self.now)  # type: ignore[arg-type]
        self.now += 1
        self.told += self.outages.tend(self.now)

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.second()

    @property
    def events(self) -> list[Together]:
        return [told for told in self.told if told.machines > 1]


@pytest.fixture
def watch() -> Watch:
    return Watch()


class TestHowMany:
    @pytest.mark.parametrize("count", range(1, MANY))
    def test_a_few_are_told_one_by_one(self, watch: Watch, count: int) -> None:
        watch.second(*FARM[:count])
        watch.passes(WINDOW)
        assert watch.told == [Together("lost", 1, name, 1, NOW, NOW) for name in FARM[:count]]

    @pytest.mark.parametrize("turn", ["lost", "back"])
    def test_a_rack_is_one_event_with_its_name_and_time(self, watch: Watch, turn: str) -> None:
        watch.passes(5)
        watch.second(*FARM[30:45], turn=turn)
        watch.passes(WINDOW)
        at = NOW + 5
        assert watch.told == [Together(turn, 15, "farm.h1-r02-u", 15, at, at)]  # type: ignore[arg-type]

    def test_one_that_turns_twice_is_one(self, watch: Watch) -> None:
        for _ in range(5):
            watch.second(*FARM[:15])
        watch.passes(WINDOW)
        assert [told.machines for told in watch.told] == [15]

    def test_those_that_go_one_after_the_other_are_one_event(self, watch: Watch) -> None:
        """A switch whose miners notice one by one, over some minutes."""
        for name in FARM[:240]:
            watch.second(name)
        watch.passes(WINDOW)
        assert [(told.machines, told.last - told.first) for told in watch.told] == [(240, 239)]

    def test_the_last_ones_belong_to_it(self, watch: Watch) -> None:
        watch.second(*FARM[:300])
        for name in FARM[300:305]:
            watch.passes(WINDOW - 2)
            watch.second(name)
        watch.passes(WINDOW)
        assert [told.machines for told in watch.told] == [305]

    def test_two_outages_are_two(self, watch: Watch) -> None:
        watch.second(*FARM[:15])
        watch.passes(2 * WINDOW)
        watch.second(*FARM[15:30])
        watch.passes(WINDOW)
        assert [told.common for told in watch.told] == ["farm.h1-r00-u", "farm.h1-r01-u"]

    def test_what_goes_on_for_long_is_told_meanwhile_and_is_usual_in_the_end(
        self, watch: Watch
    ) -> None:
        for number in range(3600):
            watch.second(f"rig-{number}")
        assert watch.events[0].machines == LONGEST
        assert len(watch.events) < 4


class TestChance:
    """A large fleet always has machines that are lost; nothing is made of them."""

    @pytest.mark.parametrize(("in_a_window", "hours"), [(0.5, 24), (2.0, 24), (50.0, 4)])
    def test_hours_of_single_losses_are_no_event(
        self, watch: Watch, in_a_window: float, hours: int
    ) -> None:
        dice = Random(7)
        for _ in range(hours * 3600):
            count = poisson(dice, in_a_window / WINDOW)
            watch.second(*(f"rig-{dice.randrange(17_595)}" for _ in range(count)))
        assert [told for told in watch.events if told.first > NOW + KNOWN] == []

    @pytest.mark.parametrize(("in_a_window", "count"), [(0.0, 5), (0.5, 15), (2.0, 20), (10.0, 40)])
    def test_an_outage_shows_among_them(self, in_a_window: float, count: int) -> None:
        for seed in range(20):
            watch, dice = Watch(), Random(seed)
            for second in range(3600):
                names = [
                    f"x.{dice.randrange(9999)}" for _ in range(poisson(dice, in_a_window / 10))
                ]
                watch.second(*names, *(FARM[:count] if second == 3500 else ()))
            (event,) = [told for told in watch.events if told.first > NOW + KNOWN]
            assert event.machines >= count
            assert event.first <= NOW + 3500 <= event.last

    def test_an_outage_is_not_learnt(self, watch: Watch) -> None:
        for _ in range(5):
            watch.second(*(f"rig-{number}" for number in range(17_595)))
            watch.passes(600)
            watch.second(*FARM[:MANY])
            watch.passes(600)
        assert [told.machines for told in watch.events] == [17_595, MANY] * 5


class TestNames:
    @pytest.mark.parametrize(
        ("names", "common"),
        [
            (["farm.r7u1", "farm.r7u2"], "farm.r7u"),
            (["farm.r71", "farm.r72"], "farm.r"),
            (["rack7", "rack7"], "rack7"),
            (["rack7a", "rack7b"], "rack7"),
            (["a", "b"], ""),
            (["a", ""], ""),
            (["10.0.0.11", "10.0.0.19"], "10.0.0."),
            (FARM, "farm.h"),
            ([*FARM[:18], "other.1", "x"], "farm.h1-r"),
            ([*FARM[:8], "other.1", "x"], ""),
            (["rig9", "rig10"], "rig"),
            (["é1", "é2"], "é"),
        ],
    )
    def test_what_most_have_in_common(self, names: list[str], common: str) -> None:
        assert common_part(names) == common

    def test_another_machine_that_is_lost_at_that_time_does_not_hide_it(self, watch: Watch) -> None:
        watch.second(*FARM[30:45], "farm.h2-r19-u03")
        watch.passes(WINDOW)
        assert watch.told == [Together("lost", 16, "farm.h1-r02-u", 15, NOW, NOW)]


class TestFleet:
    """What a fleet calls lost, and back."""

    @staticmethod
    def fleet(*names: str) -> Told:
        told = Told()
        told.miners(*(miner(id, name) for id, name in enumerate(names)))
        told.works(*(work(name) for name in names), after=1)
        return told

    def test_a_connection_that_ends_is_a_loss_and_one_that_comes_is_the_return(self) -> None:
        told = self.fleet("a", "b")
        told.miners(miner(0, "a", open=False), after=5)
        told.passes(WINDOW)
        told.miners(miner(7, "a"), after=20)
        turns = told.fleet.outages.tend(told.now + WINDOW)
        assert [(each.turn, each.common) for each in turns] == [("lost", "a"), ("back", "a")]

    def test_silence_is_a_loss_too(self) -> None:
        """A power cut sends no goodbye."""
        told = self.fleet("a", "b")
        for _ in range(70):
            told.works(work("b"), after=10)
        (turn,) = told.fleet.outages.tend(told.now + WINDOW)
        assert (turn.turn, turn.common) == ("lost", "a")

    def test_one_that_never_mined_is_not_lost(self) -> None:
        told = Told()
        told.miners(miner())
        told.miners(miner(open=False), after=5)
        assert told.fleet.outages.tend(told.now + WINDOW) == []
