"""Processes that split their miners' work, and a control process: what tests of them stand on."""

from collections.abc import Mapping
from typing import Any

from stratumproxy.control.splits import EVERY, KeptAccount, Row, SharedSplits
from stratumproxy.proxy.orders import Orders
from stratumproxy.proxy.report import Report
from stratumproxy.telemetry.splits import SplitSnapshot, merge_splits
from tests.proxy.playbook import Playbook

WEIGHTS = {"a": 70, "b": 30}


def tables(weights: Mapping[str, float]) -> dict[str, Any]:
    targets = [
        {"name": name, "weight": weight, "pools": [{"pool": name, "user": "farm"}]}
        for name, weight in weights.items()
    ]
    return {"target": targets}


class Process:
    """A process that splits its own miners' work, which is done by saying so."""

    def __init__(self, site: "Site", number: int, weights: dict[str, int]) -> None:
        self.number, self.run = number, f"run-{len(site.started)}"
        site.started.append(self.run)
        self.play = Playbook("a", "b", **tables(weights))
        self.orders = Orders(self.play.proxy, lambda: site.now, f"{number}-{self.run}")
        self.report = Report(self.play.proxy)
        self.work: dict[str, float] = {}

    def finds(self, target: str, work: float) -> None:
        (found,) = [each for each in self.play.proxy.router.tenants.targets if each.name == target]
        found.earned.work += work

    @property
    def split(self) -> Any:
        return self.play.proxy.router.tenants["default"].split

    def mines(self, rate: float, now: float) -> None:
        """So much work a second comes of its only machine, as has long been known."""
        band = self.split.band
        band.leave(1)
        band.seat(1, now, expected=rate, seconds=1e9, target="a")
        band.bound(now)

    def shows(self, now: float) -> tuple[SplitSnapshot, ...]:
        return self.report.snapshot(now).splits


class Site:
    """Some processes, and a control process, which a ledger may outlive."""

    def __init__(self, processes: int = 2) -> None:
        self.now = 1000.0
        self.started: list[str] = []
        self.weights = dict(WEIGHTS)
        self.processes = {number: self.starts(number) for number in range(processes)}
        self.deaf: set[int] = set()
        self.deaf_to_orders: set[int] = set()
        self.given: list[tuple[int, list[Row]]] = []
        self.recorded: list[str] = []
        self.insisted: list[dict[str, float]] = []
        """Weights that were ordered again."""
        self.ledger: list[KeptAccount] = []
        self.start_control()

    def starts(self, number: int) -> Process:
        return Process(self, number, self.weights)

    def start_control(self, *, ledger: bool = True) -> None:
        self.splits = SharedSplits(
            range(len(self.processes)),
            lambda: self.now,
            give=self._give,
            order=lambda arguments: self.give_weights(arguments),
            order_again=self._order_again,
            record=lambda level, event, **values: self.recorded.append(event),
        )
        if ledger:
            self.splits.recall(self.ledger)

    def _give(self, number: int, run: str, rows: list[Row]) -> bool:
        if number in self.deaf:
            return False
        self.given.append((number, rows))
        order = {"action": "splits", "process": f"{number}-{run}", "given": list(map(list, rows))}
        assert self.processes[number].orders(order) == {"result": {}}
        return True

    async def give_weights(self, arguments: dict[str, Any]) -> dict[str, Any]:
        results = [
            each.orders({**arguments, "action": "weights"})
            for each in self.processes.values()
            if each.number not in self.deaf_to_orders
        ]
        done: dict[str, Any] = results[0]["result"]
        return done

    def _order_again(self, number: int, tenant: str, weights: dict[str, float]) -> None:
        if number in self.deaf_to_orders:
            return
        self.insisted.append(weights)
        what = {"action": "weights", "tenant": tenant, "weights": weights}
        assert "result" in self.processes[number].orders(what)

    def second(self, *, keep: bool = True) -> None:
        """One passes: all tell how they stand, and are told."""
        self.now += 1.0
        for each in self.processes.values():
            each.play.proxy.tend(self.now)
            self.splits.shown(each.number, each.run, each.shows(self.now))
        self.splits.look()
        accounts = self.splits.accounts()
        if keep and accounts is not None:
            self.ledger = accounts

    def seconds(self, count: float = EVERY + 1) -> None:
        for _ in range(int(count)):
            self.second()

    def kill(self, number: int, *, told: bool = True) -> None:
        """It is started again at once; who started it may say so."""
        before = self.processes[number].run
        self.processes[number] = self.starts(number)
        if told:
            self.splits.ended(before)

    def reload(self, weights: dict[str, int], *numbers: int) -> None:
        self.weights = weights
        for number in numbers or self.processes:
            play = self.processes[number].play
            play.reconfigure("a", "b", **tables(weights))

    def debts(self) -> dict[str, float]:
        """What all of them tell together."""
        return {each.target: each.debt for each in self.together()}

    def together(self) -> tuple[SplitSnapshot, ...]:
        shown = [each.shows(self.now) for each in self.processes.values()]
        return merge_splits(row for rows in shown for row in rows)

    def debt_of(self, number: int) -> float:
        return {each.target: each.debt for each in self.processes[number].shows(self.now)}["a"]

    def parts(self) -> list[dict[str, float]]:
        """The weights that each goes by."""
        shown = [each.shows(self.now) for each in self.processes.values()]
        return [{each.target: each.part for each in rows} for rows in shown]
