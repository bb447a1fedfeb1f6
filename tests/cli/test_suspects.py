"""A machine that lies, from the ledger to the account of the split."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from stratumproxy.cli.suspects import EVERY, FEW, Suspects
from stratumproxy.control.accused import Accused
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.proxy.orders import Orders
from stratumproxy.proxy.report import Report
from tests.ledger.test_withheld import AT, did, told
from tests.routing.test_splitting import Halls, target

LIAR = "m0"

ONE = trio.CapacityLimiter(1)


class Splits:
    tenants = ("default",)


class World:
    """Ten machines over two pools, one of which the ledger accuses."""

    def __init__(self, path: Path) -> None:
        self.halls = Halls(10, target("a", 70), target("b", 30))
        self.orders = Orders(self.halls.proxy, lambda: self.halls.now)
        self.told: list[dict[str, list[str]]] = []
        self.accused = Accused(self._tell, lambda *_, **__: None)
        self.accused.met(0, "run")
        self.reader = LedgerReader(str(path))
        self.suspects = Suspects(Splits(), self.accused, self.reader, lambda: AT, ONE)  # type: ignore[arg-type]

    def _tell(self, process: int, workers: dict[str, list[str]]) -> bool:
        self.told.append(workers)
        return self.orders({"action": "accused", "workers": workers}) == {"result": {}}

    def look(self) -> None:
        with closing(self.reader):  # which opens the ledger again, if it is asked again
            trio.run(self.suspects.look, self.reader)
        self.accused.look()

    def delivered(self) -> float:
        return sum(
            each.delivered for each in Report(self.halls.proxy).snapshot(self.halls.now).splits
        )

    def of_liar(self) -> float:
        work: float = self.halls.miner(LIAR).session.work
        return work

    def runs(self, seconds: int) -> tuple[float, float, float]:
        """Work that all did meanwhile, that the liar did, and that the account has."""
        mined = sum(self.halls.work().values()), self.of_liar(), self.delivered()
        self.halls.runs(seconds)
        after = sum(self.halls.work().values()), self.of_liar(), self.delivered()
        one, two, three = (now - then for now, then in zip(after, mined, strict=True))
        return one, two, three


def test_its_shares_leave_the_account(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    told(path, did(LIAR, 30, 0), *(did(f"m{each}", 30, 30) for each in range(1, 10)))
    world = World(path)
    everything, of_liar, counted = world.runs(300)
    assert counted == pytest.approx(everything)
    assert of_liar > 0
    world.look()
    assert world.told == [{"default": [LIAR]}]
    world.halls.runs(30)
    everything, of_liar, counted = world.runs(300)
    assert of_liar > 0
    assert counted == pytest.approx(everything - of_liar, abs=of_liar / 10)
    split: Any = world.halls.proxy.router.tenants["default"].split
    assert split.owed
    assert not split.band.machines[world.halls.miner(LIAR).session.number].listed
    world.accused.accuse({})
    world.accused.look()
    world.halls.runs(30)
    everything, of_liar, counted = world.runs(300)
    assert counted == pytest.approx(everything)
    world.halls.miner(LIAR).close("power")


def test_it_has_no_say_when_it_comes_back_either(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    told(path, did(LIAR, 30, 0), *(did(f"m{each}", 30, 30) for each in range(1, 10)))
    world = World(path)
    world.look()
    world.halls.runs(30)
    before, of_liar = world.delivered(), world.of_liar()
    for name in list(world.halls.machines)[1:]:
        world.halls.rates[name] = 0
    world.halls.runs(60)
    found = world.of_liar() - of_liar
    world.halls.miner(LIAR).close("power")
    world.halls.runs(10)
    # What it found since the last look before is taken out as well.
    assert before - found / 3 < world.delivered() <= before


def test_where_many_do_it_is_not_they(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    told(path, *(did(f"m{each}", 30, 0) for each in range(FEW + 1)))
    world = World(path)
    with capture_logs() as logs:
        world.look()
    assert world.told == [{}]
    assert logs[0]["event"].startswith("many workers send pools less")


def test_a_ledger_that_can_not_be_read_accuses_nobody_and_acquits_nobody(tmp_path: Path) -> None:
    world = World(tmp_path / "nothing")
    with capture_logs() as logs:
        world.look()
    assert world.told == []
    assert logs[0]["event"] == "who withholds shares is not known: the ledger can't be read"


@pytest.mark.parametrize("wrong", [None, [], {"default": "m0"}, {"default": [5]}])
def test_who_is_accused_must_be_names(tmp_path: Path, wrong: object) -> None:
    world = World(tmp_path / "nothing")
    assert "error" in world.orders({"action": "accused", "workers": wrong})


async def test_it_is_looked_for_regularly_where_there_is_a_ledger(
    autojump_clock: trio.testing.MockClock,
) -> None:
    looks: list[float] = []

    async def look(reader: object) -> None:
        looks.append(trio.current_time())

    suspects = Suspects(Splits(), None, LedgerReader("ledger"), lambda: AT, ONE)  # type: ignore[arg-type]
    suspects.look = look  # type: ignore[method-assign]
    began = trio.current_time()
    with trio.move_on_after(2.5 * EVERY):
        await suspects.run()
    assert [each - began for each in looks] == [EVERY, 2 * EVERY]
    await Suspects(Splits(), None, None, lambda: AT, ONE).run()  # type: ignore[arg-type]
