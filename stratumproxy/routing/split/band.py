"""The controller: machines are seated as they come, and moved at clean jobs, else when they must.

At a new block every miner gets another job anyway, so moves cost nothing then. In between one is
made only where a debt is beyond a band and is not being paid back, or soon will be far beyond it.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import NamedTuple

from stratumproxy.routing.split.account import Account, Kept
from stratumproxy.routing.split.machine import PRIOR, Machine
from stratumproxy.routing.split.part import Part
from stratumproxy.routing.split.plan import plan, wanted

STAY = 120.0
"""Seconds that a machine stays for a target at least, unless a clean job comes."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of the controller; docs/split.md says where they come from."""

    at_once: float = 0.25
    """Part of the machines that one plan may move; one machine always."""
    most_at_once: int = 1000
    """And so many at most: the moves of one plan are made in one go."""
    stay: float = STAY
    apart: float = 60.0
    """Seconds between two plans that no clean job carries."""
    horizon: float = 600.0
    """Seconds in which debts are to be paid back: until the next block, as a rule."""
    patient: float = 900.0
    """The same where machines are many. Blocks come at random: within 600 s as much would be
    overpaid by the late ones as is paid back. Of few machines none is small enough for that."""
    dim: float = 4.0
    """So many times that at most, where part of the farm is dark: what is left pays with as many of
    its machines as all of it would."""
    band: float = 17.28
    """Seconds of the farm that a debt may come to: 0.02 % of a day …"""
    narrow: float = 4.5
    """… and so many where machines are many, …"""
    alone: float = 1200.0
    """… and in between what the largest machine does in so many seconds. Where each is little, one
    that fails moves a debt little, and a narrow band is crossed seldom."""
    ahead: float = 300.0
    """Seconds that are looked ahead."""
    growth: float = 0.02
    """Part of the farm on the wrong target from which on that is done."""


class Move(NamedTuple):
    """A machine is to mine for another target."""

    number: int
    target: str


class Standing(NamedTuple):
    """How one target stands."""

    target: str
    part: float
    """Of all work, that it is to have; 1 is all."""
    rate: float
    """Work a second that mines for it."""
    wanted: float
    """Work a second that should, by its part and its debt."""
    debt: float
    """Work that it lacks; below 0: that it had too much."""
    seconds: float
    """The same in seconds of the whole farm, as it is of late."""


def reach(largest: float, rate: float, stay: float = STAY) -> float:
    """The debt that so many machines can't keep below: that of the largest, while it has to stay.

    Args:
        largest: rate of the largest machine.
        rate: that of all of them, in the same unit.
        stay: seconds that a machine stays for a target at least.

    Returns:
        Seconds of the whole farm; divided by `DAY`, the part of a day's work.
    """
    return stay * largest / rate if rate > 0 else 0.0


class Band:
    """The split of one set of machines.

    Nothing here takes longer with time, and per machine there are a few floats.

    Args:
        parts: the targets; at least one, with names of their own.
        rules: the numbers.
        kept: the account to go on with, if there is one of the same targets and weights.

    Raises:
        ValueError: weights are below 0, or all 0.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        rules: Rules | None = None,
        kept: Kept | None = None,
    ) -> None:
        self.rules = rules or Rules()
        self.parts = {part.name: part for part in parts}
        self.account = Account({part.name: part.weight for part in parts}, kept)
        self.machines: dict[int, Machine] = {}
        self._resting: dict[int, float] = {}
        """When machines came to where they are, for as long as they have to stay."""
        self._rests: deque[tuple[int, float]] = deque()
        """The same in that order, and such as are over or began anew."""
        self.shown = 0.0
        """Work a second of all machines, as far as their shares have shown it by the last look."""
        self._looked: float | None = None
        self._planned = -inf
        self._stranded = False
        """Somebody may mine for a target that has no pool."""

    # -- machines --------------------------------------------------------------------------------

    def seat(
        self,
        number: int,
        now: float,
        *,
        expected: float | None = None,
        seconds: float = PRIOR,
        target: str | None = None,
    ) -> str:
        """A machine comes, or comes back: it mines for who lacks most.

        Args:
            number: its own while it is here.
            now: the time.
            expected: its rate, work a second, until its own shares say more; that of the others'
                mean if it is None. Never what a machine says of itself.
            seconds: how much that weighs, as `Machine.known` told it of one that was here before.
            target: where it has to mine, whatever is best.

        Returns:
            The target.

        Raises:
            ValueError: the number is a machine's that is here already.
        """
        if number in self.machines:
            raise ValueError(f"machine {number} has a seat")
        machine = Machine(number, expected or self._mean() or 1.0, seconds, now)
        rate = machine.measure(now)
        self.machines[number] = machine
        machine.target = self._neediest(rate) if target is None else self.parts[target].name
        self._enter(machine, rate, now)
        if not self.parts[machine.target].ready:
            self._stranded = True
        return machine.target

    def leave(self, number: int) -> None:
        """A machine is gone; no error if it never was here."""
        machine = self.machines.pop(number, None)
        if machine is not None:
            self._list(machine, 0.0)
            self._resting.pop(number, None)

    def credit(self, number: int, target: str, work: float, now: float, shares: int = 1) -> None:
        """A share counted, or several that are alike.

        Args:
            number: the machine that found it.
            target: whose job it was found on, which may be the one that it mined for before.
            work: the difficulty that was asked of it; of several, their sum.
            now: the time.
            shares: how many.
        """
        machine = self.machines.get(number)
        if machine is None or machine.trusted:
            self.account.credit(target, work)
            self.found(number, work, now, shares)

    def found(self, number: int, work: float, now: float, shares: int = 1) -> None:
        """What a machine found says of its rate, where `account` is credited by itself."""
        machine = self.machines.get(number)
        if machine is not None and machine.trusted:
            machine.found(work, shares, now)

    def measure(self, number: int, now: float) -> None:
        """The regular look at one machine; to be called for each once in 10 s or so."""
        machine = self.machines.get(number)
        if machine is None or not machine.trusted:
            return
        rate, listed = machine.measure(now), machine.listed
        if abs(rate - listed) > 0.01 * listed:
            self._list(machine, rate)

    def trust(self, number: int, trusted: bool, now: float) -> None:
        """Whether a machine's shares have a say: not those of one that `audit` accuses."""
        machine = self.machines.get(number)
        if machine is None or machine.trusted == trusted:
            return
        machine.trusted = trusted
        if trusted:
            machine.wake(now)
            self.measure(number, now)
        else:
            self._list(machine, 0.0)

    def _list(self, machine: Machine, rate: float) -> None:
        """It stands in its target's roster with a rate; with 0, it does not."""
        part = self.parts.get(machine.target)
        machine.listed = rate if part is not None else 0.0
        if part is not None and rate:
            part.roster.put(machine.number, rate)
        elif part is not None:
            part.roster.remove(machine.number)

    def _enter(self, machine: Machine, rate: float, now: float) -> None:
        self._list(machine, rate)
        self._resting[machine.number] = now
        self._rests.append((machine.number, now))

    def _move(self, machine: Machine, target: str, rate: float, now: float) -> Move:
        self._list(machine, 0.0)
        machine.target = target
        self._enter(machine, rate, now)
        return Move(machine.number, target)

    # -- targets ---------------------------------------------------------------------------------

    def set_ready(self, target: str, ready: bool, now: float) -> None:
        """A target has a pool to mine on, or has none any more."""
        self.parts[target].ready = ready
        self._stranded = True
        for machine in self.machines.values() if ready else ():
            if machine.target == target:  # it waited, and that was not its fault
                machine.wake(now)
                self.measure(machine.number, now)

    def set_most(self, target: str, most: float) -> None:
        """So much work a second may mine for a target: more would flood it."""
        self.parts[target].most = most

    def change(self, parts: Sequence[Part]) -> None:
        """Go on with other targets or weights, and a new account if they are not the same.

        Machines stay where they are; those of a target that is gone are `stranded`.

        Args:
            parts: as for a new controller; rosters of those that are known are kept.

        Raises:
            ValueError: weights are below 0, or all 0.
        """
        weights = {part.name: part.weight for part in parts}
        if not self.account.is_of(weights):
            self.account = Account(weights)
        before = self.parts
        for machine in self.machines.values():
            if all(part.name != machine.target for part in parts):
                machine.listed = 0.0
        self.parts = {
            part.name: replace(part, roster=before[part.name].roster)
            if part.name in before
            else part
            for part in parts
        }
        self._stranded = True

    def _open(self) -> list[Part]:
        """Targets that can be mined for."""
        return [part for part in self.parts.values() if part.ready]

    def _share(self, parts: Sequence[Part]) -> tuple[list[float], list[float]]:
        """Weights and debts among some targets: what the others lack is nobody's to pay now."""
        weights = [self.account.weights[part.name] for part in parts]
        total = sum(weights)
        weights = [w / total if total else 1 / len(parts) for w in weights]
        debts = self.account.debts()
        owed = [debts[part.name] for part in parts]
        together = sum(owed)
        return weights, [debt - w * together for w, debt in zip(weights, owed, strict=True)]

    def _mean(self) -> float:
        rosters = [part.roster for part in self.parts.values()]
        count = sum(map(len, rosters))
        return sum(roster.rate for roster in rosters) / count if count else 0.0

    def _neediest(self, rate: float) -> str:
        """Who lacks most, once a machine of this rate is there."""
        parts = self._open() or list(self.parts.values())
        weights, debts = self._share(parts)
        total = rate + _rate(parts)
        lacks = [
            w * total + debt / self.rules.horizon - part.roster.rate
            for w, debt, part in zip(weights, debts, parts, strict=True)
        ]
        fits = [k for k, part in enumerate(parts) if part.roster.rate + rate <= part.most]
        return parts[max(fits or range(len(parts)), key=lacks.__getitem__)].name

    # -- moves -----------------------------------------------------------------------------------

    def clean(self, now: float) -> list[Move]:
        """A new block: every miner gets another job, so whoever is moved is moved for nothing.

        Returns:
            The moves; they are as good as made.
        """
        return self._plan(now, ())

    def look(self, now: float) -> list[Move]:
        """The regular look, once in 10 s or so.

        Returns:
            The moves; they are as good as made.
        """
        parts = self._open()
        self.bound(now)
        self._end_rests(now)
        if now - self._planned < self.rules.apart or not self._is_due(parts):
            return []
        moves = self._plan(now, self._resting)
        if moves:
            self._planned = now
        return moves

    def bound(self, now: float) -> None:
        """Strike off of debts what is beyond the cap; `look` does so, too."""
        least = self.rules.horizon * self.largest
        elapsed = 0.0 if self._looked is None else now - self._looked
        self.shown = sum(each.shown for each in self.machines.values() if each.listed)
        self.account.bound(_rate(self.parts.values()), self.shown, least, elapsed)
        self._looked = now

    def stranded(self, now: float) -> list[Move]:
        """Machines of a target that has no pool go to others, a number at a time.

        They mine nothing meanwhile, so they are moved at once; to be called as soon as a target has
        no pool, and again until it says nobody.

        Returns:
            The moves; they are as good as made.
        """
        moves: list[Move] = []
        if not self._stranded or not self._open():
            return moves
        for machine in self.machines.values():
            part = self.parts.get(machine.target)
            if part is None or (not part.ready and part.when_down == "others"):
                if len(moves) >= self.rules.most_at_once:
                    return moves
                rate = machine.measure(now) if machine.trusted else 0.0
                moves.append(self._move(machine, self._neediest(rate), rate, now))
        self._stranded = False
        return moves

    def _end_rests(self, now: float) -> None:
        while self._rests and now - self._rests[0][1] >= self.rules.stay:
            number, since = self._rests.popleft()
            if self._resting.get(number) == since:
                del self._resting[number]

    def _is_due(self, parts: Sequence[Part]) -> bool:
        """Whether this can't wait for the next block."""
        rules, rate, largest = self.rules, _rate(parts), _largest(parts)
        seconds = min(max(self._grain(parts), rules.narrow), rules.band)
        band = max(seconds * rate, rules.stay * largest / 2)
        many = max(rules.growth * rate, largest)
        weights, debts = self._share(parts)
        for part, w, debt in zip(parts, weights, debts, strict=True):
            grows = w * rate - part.roster.rate
            if abs(debt) > band and debt * grows >= 0:
                return True
            if abs(debt + rules.ahead * grows) > 2 * band and abs(grows) > many:
                return True
        return False

    def _usual(self, parts: Sequence[Part]) -> float:
        """Work a second of the farm, as it is if none of it is dark."""
        return max(self.account.rate, _rate(parts))

    def _grain(self, parts: Sequence[Part]) -> float:
        """The work of the largest machine in `alone` seconds, in seconds of the farm."""
        usual = self._usual(parts)
        return self.rules.alone * _largest(parts) / usual if usual else inf

    def _wanted(self, parts: Sequence[Part]) -> list[float]:
        """The rate that each of some targets should have.

        Where one machine makes more than a band while it has to stay, as of ten or fewer, none is
        left where it is until the next block.
        """
        rules, rate = self.rules, _rate(parts)
        horizon = rules.horizon
        if rules.stay * _largest(parts) > rules.band * rate:
            horizon = min(2 * rules.stay, horizon)
        elif rate and self._grain(parts) < rules.band:
            horizon = rules.patient * min(self._usual(parts) / rate, rules.dim)
        weights, debts = self._share(parts)
        return wanted(weights, debts, rate, horizon, [part.most for part in parts])

    def _plan(self, now: float, resting: Collection[int]) -> list[Move]:
        parts = self._open()
        if len(parts) < 2:
            return []
        rosters = [part.roster for part in parts]
        want = self._wanted(parts)
        moves = plan(
            rosters,
            [roster.rate - rate for roster, rate in zip(rosters, want, strict=True)],
            [part.most - part.roster.rate for part in parts],
            resting,
            min(max(1, int(self.rules.at_once * len(self.machines))), self.rules.most_at_once),
        )
        named = [(self.machines[number], parts[k].name) for number, k in moves]
        return [self._move(machine, target, machine.listed, now) for machine, target in named]

    # -- what it looks like ----------------------------------------------------------------------

    def standing(self) -> list[Standing]:
        """How each target stands."""
        parts = self._open()
        want = dict(zip([part.name for part in parts], self._wanted(parts), strict=True))
        debts = self.account.debts()
        rate = self._usual(list(self.parts.values()))
        return [
            Standing(
                part.name,
                self.account.weights[part.name],
                part.roster.rate,
                want.get(part.name, 0.0),
                debts[part.name],
                debts[part.name] / rate if rate else 0.0,
            )
            for part in self.parts.values()
        ]

    @property
    def largest(self) -> float:
        """The rate of the largest machine."""
        return _largest(self.parts.values())

    def reach(self) -> float:
        """The debt that these machines can't keep below, in seconds of the farm: `reach`."""
        return reach(self.largest, _rate(self.parts.values()), self.rules.stay)


def _rate(parts: Iterable[Part]) -> float:
    return sum(part.roster.rate for part in parts)


def _largest(parts: Iterable[Part]) -> float:
    return max((part.roster.largest for part in parts), default=0.0)
