"""A farm whose machines are split by several processes, simulated, with corrections or without.

``python -m tests.control.split_farm`` prints the table of docs/split.md.
"""

import heapq
from collections.abc import Iterator
from random import Random
from statistics import median

from stratumproxy.bench.split.shares import Shares
from stratumproxy.control.splits import Row, SharedSplits
from stratumproxy.routing.split import Band, Kept, Part
from stratumproxy.telemetry.splits import SplitSnapshot

STEP, MINUTE, HOUR = 10.0, 60.0, 3600.0

DOWN, OUTAGE = 0.025, 1800.0
"""Part of the time that a machine is down, and for how long on average."""

BLOCK = 600.0

A_MINUTE = 12.0
"""Shares of each machine."""


class Farm:
    """Machines of 95 to 200 that come to one of some processes, as the kernel has it.

    Args:
        processes: how many.
        machines: how many.
        weights: of the targets.
        seed: of all dice.
        corrected: there is a control process.
    """

    def __init__(
        self, processes: int, machines: int, weights: list[float], seed: int, *, corrected: bool
    ) -> None:
        self.random = random = Random(seed)
        self.shares = Shares(A_MINUTE, random)
        self.weights = {str(number): weight for number, weight in enumerate(weights)}
        self.rates = [random.uniform(95, 200) for _ in range(machines)]
        self.work = dict.fromkeys(self.weights, 0.0)
        self.bands = [
            Band([Part(name, weight) for name, weight in self.weights.items()])
            for _ in range(processes)
        ]
        self.now, self.off, self.debt = 0.0, 0, 0.0
        self.at: dict[int, Band] = {}
        self.coming: list[tuple[float, int]] = []
        for number in range(machines):
            self._turn(number)
        self.splits = SharedSplits(
            range(processes),
            lambda: self.now,
            give=self._give,
            order=None,
            order_again=lambda *_: None,
            record=lambda *_, **__: None,
        )
        self.corrected = corrected

    def _turn(self, number: int) -> None:
        """A machine comes, or fails without a goodbye."""
        mean = OUTAGE * (1 - DOWN) / DOWN
        if self.at.pop(number, None) is None:
            for band in self.bands:
                band.leave(number)
            band = self.at[number] = self.random.choice(self.bands)
            band.seat(number, self.now, expected=150.0)
        else:
            mean = OUTAGE
        heapq.heappush(self.coming, (self.now + self.random.expovariate(1 / mean), number))

    def _give(self, process: int, run: str, rows: list[Row]) -> bool:
        _, targets, parts, debts, delivered, forgiven, rates, _ = zip(*rows, strict=True)
        columns = parts, debts, delivered, forgiven
        sums = [dict(zip(targets, column, strict=True)) for column in columns]
        self.bands[process].account.correct(Kept(sums[0], sums[1], sums[2], sums[3], rates[0]))
        return True

    def _show(self) -> None:
        for process, band in enumerate(self.bands):
            account, given = band.account, band.account.given
            standing = band.standing()
            total = sum(each.rate for each in standing)
            shown = [
                SplitSnapshot(
                    tenant="default",
                    target=each.target,
                    part=each.part,
                    wanted=0.0,
                    delivered=account.delivered[each.target],
                    debt=each.debt,
                    forgiven=account.forgiven[each.target],
                    rate=each.rate,
                    miners=0,
                    ready=True,
                    total_rate=total,
                    usual_rate=account.rate,
                    shown_rate=band.shown,
                    least=0.0,
                    age=self.now,
                    configured=each.part,
                    given_debt=given.debts[each.target],
                    given_delivered=given.delivered[each.target],
                    given_forgiven=given.forgiven[each.target],
                )
                for each in standing
            ]
            self.splits.shown(process, f"run-{process}", shown)
        self.splits.look()

    def runs(self, hours: float) -> "Farm":
        """So long, from the start on."""
        block = self.random.expovariate(1 / BLOCK)
        for _ in range(round(hours * HOUR / STEP)):
            self.now += STEP
            while self.coming[0][0] <= self.now:
                self._turn(heapq.heappop(self.coming)[1])
            for number, band in self.at.items():
                if count := self.shares.found(STEP):
                    work = count * self.rates[number] * MINUTE / A_MINUTE
                    target = band.machines[number].target
                    self.work[target] += work
                    band.credit(number, target, work, self.now, count)
            comes = self.now >= block
            block += self.random.expovariate(1 / BLOCK) if comes else 0.0
            for band in self.bands:
                for number in band.machines:
                    band.measure(number, self.now)
                if comes:
                    band.clean(self.now)
                self.off += len(band.look(self.now))
            if self.corrected and self.now % MINUTE == 0:
                self._show()
            self.debt = max(self.debt, self.seconds)
        return self

    @property
    def seconds(self) -> float:
        """The largest debt of all processes together, in seconds of the farm."""
        return self.error / 100 * sum(self.work.values()) / sum(self.rates)

    @property
    def error(self) -> float:
        """In points, of the target that is off most."""
        done, weights = sum(self.work.values()), sum(self.weights.values())
        pairs = self.weights.items()
        return 100 * max(abs(self.work[name] / done - each / weights) for name, each in pairs)


def table(seeds: int) -> Iterator[str]:
    """Days of farms."""
    yield "| machines | split | processes | day | worst | debt | off |"
    yield "| --: | --- | --- | --: | --: | --: | --: |"
    for machines in (12, 100):
        for weights in ([70.0, 30.0], [50.0, 30.0, 15.0, 5.0]):
            for processes, corrected in ((1, True), (2, True), (2, False), (4, True), (4, False)):
                farms = [
                    Farm(processes, machines, weights, seed, corrected=corrected).runs(24)
                    for seed in range(1, seeds + 1)
                ]
                errors = [farm.error for farm in farms]
                split = "/".join(f"{weight:g}" for weight in weights)
                alone = "" if corrected else ", each by itself"
                debt, off = max(farm.debt for farm in farms), median(farm.off for farm in farms)
                yield (
                    f"| {machines} | {split} | {processes}{alone} | {median(errors):.4f} | "
                    f"{max(errors):.4f} | {debt:.1f} | {off:.0f} |"
                )


if __name__ == "__main__":
    for line in table(5):
        print(line, flush=True)
