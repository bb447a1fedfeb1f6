"""Which of its targets each miner of a tenant mines for, where the tenant has several.

The controller is `split/`; here it is told what miners do, and has them moved. It looks once a
second or so and never while a share or a job is under way: moves that a block carries follow within
two seconds of it, when every target has the block.
"""

from collections.abc import Callable, Mapping, Sequence

from stratumproxy.config.split import Split as Settings
from stratumproxy.config.tenants import TargetTable
from stratumproxy.downstream.miner import Miner
from stratumproxy.routing.group import Group
from stratumproxy.routing.groups import Groups
from stratumproxy.routing.split import Band, Kept, Move, Part, Rules, are_same, parts_of_1
from stratumproxy.routing.target import Target
from stratumproxy.telemetry.notices import Notices
from stratumproxy.telemetry.splits import SplitSnapshot

LOOK = 10.0
"""Seconds from one look at the debts to the next."""

LOOK_AT_EACH = 9.0
"""Seconds from one look at a miner to the next, at least; so it is every second sweep."""

FLOOD = 50.0
"""Shares a second that a session may be sent. A pool that asks for little raises that as shares
come, so nobody else is moved to it before; two machines may always mine for a target."""


class _Seen:
    """What the controller knows of a miner."""

    __slots__ = ("accepted", "at", "miner", "work")

    def __init__(self, miner: Miner, now: float) -> None:
        self.miner = miner
        self.work = miner.work
        self.accepted = miner.accepted
        self.at = now
        """When it was looked at."""


class Split:
    """A tenant's miners over its targets.

    Args:
        tenant: its name.
        tables: its targets, as configured.
        targets: the same.
        settings: how many miners may be moved at once.
    """

    def __init__(
        self,
        tenant: str,
        tables: Sequence[TargetTable],
        targets: Sequence[Target],
        settings: Settings,
    ) -> None:
        self._tenant = tenant
        self._targets = {target.name: target for target in targets}
        self._tables = tables
        self._ordered: dict[str, float] | None = None
        """Weights that an operator ordered."""
        self.band = Band(_parts(tables), _rules(settings))
        self._credited = {target.name: target.earned.work for target in targets}
        """Of each target's work, how much the account has."""
        self._miners: dict[int, _Seen] = {}
        """By number: who has a seat, and what work and shares of its the controller knows."""
        self.accused: frozenset[str] = frozenset()
        """Workers whose shares have no say: they send pools less than chance allows."""
        self._tips: dict[str, bytes] = {}
        """The block that each target mines on."""
        self._news = self._waits = False
        """A target has another block; it had by the last look, and others may follow."""
        self._looked: float | None = None
        self._began: float | None = None
        """When the account did; None before the first look."""
        self._goes_on = False
        """It was given something of what was before, or elsewhere."""

    def change(
        self, tables: Sequence[TargetTable], targets: Sequence[Target], settings: Settings
    ) -> None:
        """Go on with other targets or weights: with a new account, if they are not the same.

        Weights that were ordered hold until others are configured.
        """
        self._credit()
        self._targets = {target.name: target for target in targets}
        self._credited = {target.name: target.earned.work for target in targets}
        self.band.rules = _rules(settings)
        before, self._tables = self.configured, tables
        if not are_same(self.configured, before):
            self._ordered = None
        self._begin()

    def order(self, weights: dict[str, float] | None) -> None:
        """Go on with weights that an operator orders, until others are configured.

        Args:
            weights: of every target; None for those that are configured.

        Raises:
            ValueError: they are of other targets, one is below 0, or all are 0.
        """
        if weights is not None and weights.keys() != self._targets.keys():
            raise ValueError(f"there have to be weights of {', '.join(self._targets)}")
        self._credit()
        before, self._ordered = self._ordered, weights
        try:
            self._begin()
        except ValueError:
            self._ordered = before
            raise

    def _begin(self) -> None:
        """Go by the weights that hold now, with a new account if they are others."""
        ready = {name: part.ready for name, part in self.band.parts.items()}
        parts = _parts(self._tables, self._ordered)
        for part in parts:
            part.ready = ready.get(part.name, True)
        before = self.band.account
        self.band.change(parts)
        if self.band.account is not before:
            self._began, self._goes_on = None, False

    @property
    def configured(self) -> dict[str, float]:
        """The parts of 1 that are configured, by target."""
        return parts_of_1({table.name: float(table.weight) for table in self._tables})

    def correct(self, given: Kept, age: float, now: float) -> bool:
        """Take something else for what of the account is not this process's own.

        Args:
            given: as `Account.correct`.
            age: seconds since the account began, anywhere.
            now: the time.

        Returns:
            Whether that is the first of it that is anything.

        Raises:
            ValueError: as `Account.correct`.
        """
        self.band.account.correct(given)
        self._began = min(now if self._began is None else self._began, now - age)
        first = not self._goes_on and any(map(any, (sums.values() for sums in given[1:4])))
        self._goes_on |= first
        return first

    # -- miners ----------------------------------------------------------------------------------

    def choose(self, miner: Miner, expected: float, now: float) -> Target:
        """For what a miner is to mine that comes, or can't go on where it is.

        Args:
            miner: it has a seat from now on.
            expected: its work a second, as far as that can be guessed.
            now: the time.
        """
        machine = self.band.machines.get(miner.number)
        if machine is not None:
            part = self.band.parts.get(machine.target)
            if part is not None and part.ready:
                return self._targets[part.name]
            self.leave(miner)
        name = self.band.seat(miner.number, now, expected=expected)
        self._miners[miner.number] = _Seen(miner, now)
        return self._targets[name]

    def follow(self, miner: Miner, group: Group, now: float) -> None:
        """The regular look at a miner: how fast it is, by its shares since the last one."""
        number, band = miner.number, self.band
        seen = self._miners.get(number)
        if seen is not None and now - seen.at < LOOK_AT_EACH:
            return
        machine = band.machines.get(number)
        if machine is None or machine.target != group.target.name:
            if group.target.name not in self._targets:
                return  # it is about to be moved
            # it was here before there was a split, or it could not be moved
            expected, seconds = machine.known() if machine is not None else (miner.hashrate, 60.0)
            self.leave(miner)
            band.seat(
                number, now, expected=expected or None, seconds=seconds, target=group.target.name
            )
            seen = None
        if seen is None:
            seen = self._miners[number] = _Seen(miner, now)
        if self.accused or not band.machines[number].trusted:
            accused = miner.worker is not None and miner.worker.name in self.accused
            band.trust(number, not accused, now)
        seen.at = now
        self._hear(seen, now)
        band.measure(number, now)

    def _hear(self, seen: _Seen, now: float | None) -> None:
        """What a miner found since it was looked at last says how fast it is.

        Of one that is accused it is taken out of the account instead, which has all of a target's.
        """
        miner = seen.miner
        machine = self.band.machines.get(miner.number)
        shares = miner.accepted - seen.accepted
        if machine is None or not shares:
            return
        work = miner.work - seen.work
        seen.work, seen.accepted = miner.work, miner.accepted
        if not machine.trusted:
            self.band.account.credit(machine.target, -work)
        elif now is not None:
            machine.found(work, shares, now)

    def leave(self, miner: Miner) -> None:
        """A miner is gone, or somebody else's."""
        if (seen := self._miners.pop(miner.number, None)) is not None:
            self._hear(seen, None)
        self.band.leave(miner.number)

    # -- what comes of the targets ---------------------------------------------------------------

    def has_block(self, target: Target, prevhash: bytes) -> None:
        """A target mines on top of a block."""
        if self._tips.get(target.name) != prevhash:
            self._tips[target.name] = prevhash
            self._news = True

    def _credit(self) -> None:
        """Bring the account up to date."""
        for name, target in self._targets.items():
            work = target.earned.work
            self.band.account.credit(name, work - self._credited[name])
            self._credited[name] = work

    def _see(self, groups: Groups, now: float) -> None:
        """What can be mined for, and how much of it."""
        for name, target in self._targets.items():
            jobs = [group.job for group in groups.of(target) if group.job is not None]
            part = self.band.parts[name]
            if part.ready != bool(jobs):
                self.band.set_ready(name, bool(jobs), now)
            if jobs:
                room = FLOOD * sum(float(job.difficulty) for job in jobs)
                self.band.set_most(name, max(room, 2 * self.band.largest))

    def tend(
        self,
        groups: Groups,
        move: Callable[[Miner, Target, float], bool],
        notices: Notices,
        now: float,
    ) -> None:
        """Called every second or so: move whoever has to.

        Args:
            groups: all there are.
            move: has a miner mine for another target.
            notices: where it is told.
            now: the time.
        """
        self._credit()
        self._see(groups, now)
        if self._began is None:
            self._began = now
            # What was before is told when the control process knows it.
            parts = self.band.account.weights.items()
            said = ", ".join(f"{name} {100 * part:.3g} %" for name, part in parts)
            notices.info("a split's account begins at nothing", tenant=self._tenant, parts=said)
        if not all(target.shared for target in self._targets.values()):
            self.band.bound(now)
            return  # a move would cost a reconnect
        why, moves = "its target has no pool", self.band.stranded(now)
        if not moves and self._waits and not self._news:
            why, moves = "a block came", self.band.clean(now)
        self._waits, self._news = self._news, False
        if self._looked is None or now - self._looked >= LOOK:
            self._looked = now
            if off := self.band.look(now):
                self._carry_out(off, "a debt grew", move, notices, now)
        if moves:
            self._carry_out(moves, why, move, notices, now)

    @property
    def owed(self) -> str:
        """The debts in seconds of the farm, in words."""
        return str({each.target: round(each.seconds, 1) for each in self.band.standing()})

    def shown(self, groups: Groups, now: float) -> list[SplitSnapshot]:
        """How each target stands."""
        self._credit()
        account, least = self.band.account, self.band.rules.stay * self.band.largest
        standing = self.band.standing()
        total, configured = sum(each.rate for each in standing), self.configured
        delivered = sum(account.delivered.values())
        return [
            SplitSnapshot(
                tenant=self._tenant,
                target=each.target,
                part=each.part,
                wanted=each.part * delivered,
                delivered=account.delivered[each.target],
                debt=each.debt,
                forgiven=account.forgiven[each.target],
                rate=each.rate,
                miners=sum(len(group.miners) for group in groups.of(self._targets[each.target])),
                ready=self.band.parts[each.target].ready,
                total_rate=total,
                usual_rate=account.rate,
                shown_rate=self.band.shown,
                least=least,
                age=0.0 if self._began is None else now - self._began,
                configured=configured[each.target],
                given_debt=account.given.debts[each.target],
                given_delivered=account.given.delivered[each.target],
                given_forgiven=account.given.forgiven[each.target],
            )
            for each in standing
        ]

    def _carry_out(
        self,
        moves: Sequence[Move],
        why: str,
        move: Callable[[Miner, Target, float], bool],
        notices: Notices,
        now: float,
    ) -> None:
        for number, target in moves:
            miner = self._miners[number].miner
            if miner.prefix is not None:  # or it comes there once it has its bytes
                move(miner, self._targets[target], now)
        notices.info(
            "miners are moved for the split",
            tenant=self._tenant,
            miners=len(moves),
            why=why,
            debts=self.owed,
        )


def _parts(tables: Sequence[TargetTable], ordered: Mapping[str, float] | None = None) -> list[Part]:
    weights = ordered or {table.name: float(table.weight) for table in tables}
    return [Part(table.name, weights[table.name], table.when_down) for table in tables]


def _rules(settings: Settings) -> Rules:
    return Rules(at_once=settings.at_once_percent / 100, most_at_once=settings.at_once_miners)
