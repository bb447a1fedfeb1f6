"""Accounts of splits over all processes, over restarts, and over the end of any of them.

Each process splits its own miners, and tells with its snapshot what its targets lack. What a run
that is over left, and what the ledger knew at the start, is nobody's own: it is given to those who
live. So each of them has its part, by what mines there, of what all lack together, and all pay it
back at one pace. What is given to a process takes the place of what it was given before, and what
all are given adds up to what is nobody's own: nothing is counted twice, whatever comes late or
again, and nothing swings.

A process without a control process goes by its own miners, and what it was given last.

Weights that an operator ordered hold until others are ordered or configured: a process that is
started again is told of them, and they are kept with the account.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, isclose, isfinite
from typing import Any, NamedTuple

import trio

from stratumproxy.telemetry.splits import SplitSnapshot

EVERY = 60.0
"""Seconds from one correction to the next."""

MOST_AT_ONCE = 200
"""Targets in one message, unless one tenant has more; a process takes orders of 64 KiB."""

DAY = 86_400.0
"""Seconds in which a farm that is dark is taken for a third of what it was."""

HIGHEST = 1e21
"""Work that no farm does in an account's time: what is beyond it is a mistake. All that mine
Bitcoin do a hundredth of it in a year."""

OVER = 64
"""Runs that are remembered to be over."""

NOBODYS = ""
"""The run of what is of none that lives."""

UNSOUND = "a split's account begins anew: what the ledger has of it can't be one"

OVER_ORDER = "an operator's order of weights is over: others are configured"

Row = tuple[str, str, float, float, float, float, float, float]
"""What a process is given of a target: tenant, target, part; debt, delivered, forgiven; rate of its
own farm, age of the account."""


class Sums(NamedTuple):
    """What a target is owed, had and was struck off, in work."""

    debt: float = 0.0
    delivered: float = 0.0
    forgiven: float = 0.0


class KeptAccount(NamedTuple):
    """A tenant's account as it is kept for the next start."""

    tenant: str
    parts: dict[str, float]
    """By target; their sum is 1."""
    began: float
    """In even time."""
    at: float
    """When it stood like this."""
    rate: float
    """Work a second of the whole farm, of late."""
    configured: dict[str, float]
    by: str
    """Who ordered other parts than are configured; empty for nobody."""
    runs: dict[str, dict[str, Sums]]
    """By run and target; `NOBODYS` is what was given."""


@dataclass(slots=True)
class _Here:
    """What one run tells of a tenant's split."""

    parts: dict[str, float]
    configured: dict[str, float]
    own: dict[str, Sums]
    given: dict[str, Sums]
    rate: float
    shown: float
    usual: float
    age: float


@dataclass(slots=True)
class _Account:
    """A tenant's account over all processes."""

    parts: dict[str, float]
    configured: dict[str, float]
    by: str
    began: float
    rate: float
    past: dict[str, Sums] = field(default_factory=dict)
    """What is no living run's own."""


class SharedSplits:
    """What all processes together owe each target.

    Args:
        processes: the numbers of all of them.
        clock: seconds that pass evenly.
        give: gives one, by its number and run, rows for some tenants; False if there is no room for
            that now.
        order: gives every process an order of weights, and says what they did.
        order_again: gives one, by its number, a tenant's weights again.
        record: called with a level, a text and values: what should be on record.
    """

    def __init__(
        self,
        processes: Sequence[int],
        clock: Callable[[], float],
        *,
        give: Callable[[int, str, list[Row]], bool],
        order: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
        order_again: Callable[[int, str, dict[str, float]], object],
        record: Callable[..., None],
    ) -> None:
        self._silent = set(processes)
        """Who has told nothing yet. Until all have, less is known here than was told by a control
        process before this one."""
        self._clock = clock
        self._give = give
        self._order = order
        self._ordering = trio.Lock()
        """Who orders waits for whom did before: or who is heard last would hold, not who was given
        last."""
        self._order_again = order_again
        self._record = record
        self._runs: dict[int, str] = {}
        self._here: dict[str, dict[str, _Here]] = {}
        """By run and tenant."""
        self._over: OrderedDict[str, None] = OrderedDict()
        self._accounts: dict[str, _Account] = {}
        self._recalled: dict[str, KeptAccount] | None = {}
        """What was kept, as long as it was not gone on with."""
        self._due: float | None = None
        """When something has to be given; None: at once."""
        self._looked = clock()
        self.news = False
        """Something is to be kept that is not only a minute's work."""

    def recall(self, kept: Iterable[KeptAccount]) -> None:
        """Go on with what was kept. To be called before the first `look`."""
        self._recalled = {}
        for each in kept:
            if _is_sound(each):
                self._recalled[each.tenant] = each
            else:
                self._record("warning", UNSOUND, tenant=each.tenant)

    @property
    def tenants(self) -> list[str]:
        """Whose work is split."""
        return list(self._accounts)

    async def order(self, arguments: dict[str, Any], by: str) -> dict[str, Any]:
        """Carry out an operator's order of weights: each begins a new account.

        Args:
            arguments: has ``weights`` by target, or None for those that are configured; perhaps
                ``tenant``.
            by: who gave it.

        Returns:
            What the processes did.

        Raises:
            StratumProxyError: none of them has done it.
        """
        async with self._ordering:
            return await self._carry_out(arguments, by)

    async def _carry_out(self, arguments: dict[str, Any], by: str) -> dict[str, Any]:
        done = await self._order(arguments)
        tenant, parts = done["tenant"], done["parts"]
        account = self._accounts.get(tenant)
        if account is None or not _are_same(account.parts, parts):
            # Those who have obeyed tell it within a second; until then nobody knows its farm.
            self._accounts[tenant] = account = _Account(
                parts, done["configured"], "", self._clock(), account.rate if account else 0.0
            )
        account.by = "" if _are_same(parts, done["configured"]) else by
        self.news = True
        return done

    # -- what processes tell ---------------------------------------------------------------------

    def shown(self, process: int, run: str, splits: Iterable[SplitSnapshot]) -> None:
        """A process tells how its splits stand.

        Args:
            process: its number.
            run: differs from one start of it to the next.
            splits: a row for each target.
        """
        if run in self._over:
            return
        before = self._runs.get(process)
        if before != run:
            if before is not None:
                self.ended(before)
            self._runs[process] = run
            self._due = None
        self._silent.discard(process)
        known, told = self._here.get(run, {}), _read(splits)
        self._here[run] = told
        for tenant, here in told.items():
            if tenant in known and not _are_same(here.parts, known[tenant].parts):
                self._begin(tenant, here)
                self._due = None

    def ended(self, run: str) -> None:
        """A run is over: what it left is nobody's own."""
        self._over[run] = None
        if len(self._over) > OVER:
            self._over.popitem(last=False)
        for tenant, here in self._here.pop(run, {}).items():
            account = self._accounts.get(tenant)
            if account is not None and _are_same(account.parts, here.parts):
                _add(account.past, here.own)
        self._runs = {process: each for process, each in self._runs.items() if each != run}
        self._due, self.news = None, True

    def _begin(self, tenant: str, here: _Here) -> None:
        """A tenant has other targets or weights: others were promised something else."""
        account = self._accounts.get(tenant)
        if account is not None and _are_same(account.parts, here.parts):
            return
        if (
            account is not None
            and account.by
            and not _are_same(account.configured, here.configured)
        ):
            self._record("info", OVER_ORDER, tenant=tenant)
        self._accounts[tenant] = self._account(here)
        self.news = True

    def _account(self, here: _Here) -> _Account:
        """An account that begins as a run has it."""
        by = "" if _are_same(here.parts, here.configured) else "somebody"
        return _Account(here.parts, here.configured, by, self._clock() - here.age, here.usual)

    # -- what they are given ---------------------------------------------------------------------

    def look(self) -> None:
        """Give whom it concerns what it should have. Meant to be called once a second."""
        if self._silent:
            return
        now = self._clock()
        if self._recalled is not None:
            self._settle(self._recalled, now)
            self._recalled = None
        self._follow(now)
        if self._due is None or now >= self._due:
            self._due = now + EVERY if self._hand_out(now) else None

    def _settle(self, recalled: Mapping[str, KeptAccount], now: float) -> None:
        """All processes have told: it is known which runs live, and what they were given."""
        for tenant, heres in self._by_tenant().items():
            account = self._accounts.setdefault(tenant, self._account(_foremost(heres)))
            kept = recalled.get(tenant)
            if kept is not None and kept.by and not account.by:
                if not _are_same(kept.configured, account.configured):
                    self._record("info", OVER_ORDER, tenant=tenant)
                elif not self._is_left(kept):
                    account.parts, account.by = kept.parts, kept.by
            living = [each for each in heres if _are_same(each.parts, account.parts)]
            account.began = now - max((each.age for each in living), default=0.0)
            account.rate = sum(each.usual for each in living)
            if kept is None:
                for here in living:
                    _add(account.past, here.given)
            elif _are_same(kept.parts, account.parts):
                self._go_on(tenant, account, kept, now)
            else:
                event = "a split's account begins anew: it had other weights in the ledger"
                self._record("info", event, tenant=tenant)
        self.news = True

    def _is_left(self, kept: KeptAccount) -> bool:
        """Whether a run that lives left an account since that was kept, as was not."""
        heres = (self._here[run].get(kept.tenant) for run in kept.runs if run in self._here)
        return any(here is not None and not _are_same(here.parts, kept.parts) for here in heres)

    def _go_on(self, tenant: str, account: _Account, kept: KeptAccount, now: float) -> None:
        """Take up what was kept of an account of the same parts."""
        for run, sums in kept.runs.items():
            if run not in self._here:
                _add(account.past, sums)
        account.began = min(account.began, kept.began)
        account.rate = max(account.rate, kept.rate * exp(min(kept.at - now, 0.0) / DAY))
        debts = {target: round(sums.debt) for target, sums in account.past.items()}
        event = "a split's account goes on as the ledger has it"
        self._record("info", event, tenant=tenant, debts=str(debts))

    def _by_tenant(self) -> dict[str, list[_Here]]:
        """What all runs tell."""
        found: dict[str, list[_Here]] = {}
        for told in self._here.values():
            for tenant, here in told.items():
                found.setdefault(tenant, []).append(here)
        return found

    def _follow(self, now: float) -> None:
        """Have an account for each split that there is, and know how large its farm is."""
        told = self._by_tenant()
        if not told and self._accounts and not self._here:
            return  # all processes are being started again
        keep = exp((self._looked - now) / DAY)
        self._looked = now
        for tenant, heres in told.items():
            account = self._accounts.get(tenant)
            if account is None or not self._holds(account, heres):
                self._begin(tenant, min(heres, key=lambda here: here.age))
            account = self._accounts[tenant]
            account.rate = max(sum(each.shown for each in heres), account.rate * keep)
            if account.by and not any(
                _are_same(each.configured, account.configured) for each in heres
            ):  # what was ordered is configured now
                self._record("info", OVER_ORDER, tenant=tenant)
                account.by, account.configured, self.news = "", heres[0].configured, True
            self._insist(tenant, account)
        for tenant in self._accounts.keys() - told.keys():
            del self._accounts[tenant]

    def _holds(self, account: _Account, heres: Iterable[_Here]) -> bool:
        """Whether anybody goes by an account, or will as soon as it obeys."""
        return any(
            _are_same(each.parts, account.parts)
            or (account.by and _are_same(each.configured, account.configured))
            for each in heres
        )

    def _insist(self, tenant: str, account: _Account) -> None:
        """Order weights again of who was started since, or did not hear of them."""
        for process, run in self._runs.items():
            here = self._here.get(run, {}).get(tenant)
            if (
                here is not None
                and not _are_same(here.parts, account.parts)
                and _are_same(here.configured, account.configured)
            ):
                self._order_again(process, tenant, account.parts)

    def _living(self, tenant: str) -> dict[str, _Here]:
        """By run, what is told of the tenant's account."""
        account = self._accounts[tenant]
        return {
            run: here[tenant]
            for run, here in self._here.items()
            if tenant in here and _are_same(here[tenant].parts, account.parts)
        }

    def _hand_out(self, now: float) -> bool:
        """Give all processes their parts of everything; whether it was."""
        messages: dict[str, list[list[Row]]] = {run: [[]] for run in self._runs.values()}
        for tenant, account in self._accounts.items():
            living = self._living(tenant)
            for run in living:
                mine = self._rows(tenant, account, living, run, now)
                if messages[run][-1] and len(messages[run][-1]) + len(mine) > MOST_AT_ONCE:
                    messages[run].append([])
                messages[run][-1] += mine
        given = [
            self._give(process, run, rows)
            for process, run in self._runs.items()
            for rows in messages[run]
            if rows
        ]
        return all(given)

    def _rows(
        self, tenant: str, account: _Account, living: Mapping[str, _Here], run: str, now: float
    ) -> list[Row]:
        """What a run is to have of a tenant's account."""
        rates = {each: here.rate for each, here in living.items()}
        if not any(rates.values()):
            rates = {each: here.usual for each, here in living.items()}
        if not any(rates.values()):
            rates = dict.fromkeys(living, 1.0)
        share = rates[run] / sum(rates.values())
        rows: list[Row] = []
        *_, last = account.parts
        for target, part in account.parts.items():
            past, own = account.past.get(target, Sums()), living[run].own[target]
            total = past.debt + sum(here.own[target].debt for here in living.values())
            debt = total * share - own.debt
            if target == last:  # they add up, however small they are beside what was rounded
                debt = -sum(row[3] for row in rows)
            sums = debt, past.delivered * share, past.forgiven * share
            rows.append((tenant, target, part, *sums, account.rate * share, now - account.began))
        return rows

    # -- what is kept ----------------------------------------------------------------------------

    def accounts(self) -> list[KeptAccount] | None:
        """All accounts as they stand, to be kept for the next start.

        Returns:
            None as long as it is not known how they stand.
        """
        if self._recalled is not None:
            return None
        return [
            KeptAccount(
                tenant,
                account.parts,
                account.began,
                self._clock(),
                account.rate,
                account.configured,
                account.by,
                {
                    NOBODYS: {each: account.past.get(each, Sums()) for each in account.parts},
                    **{run: here.own for run, here in self._living(tenant).items()},
                },
            )
            for tenant, account in self._accounts.items()
        ]


def _read(splits: Iterable[SplitSnapshot]) -> dict[str, _Here]:
    told: dict[str, _Here] = {}
    for each in splits:
        here = told.setdefault(
            each.tenant,
            _Here({}, {}, {}, {}, each.total_rate, each.shown_rate, each.usual_rate, each.age),
        )
        given = Sums(each.given_debt, each.given_delivered, each.given_forgiven)
        here.parts[each.target] = each.part
        here.configured[each.target] = each.configured
        here.given[each.target] = given
        here.own[each.target] = Sums(
            each.debt - given.debt,
            each.delivered - given.delivered,
            each.forgiven - given.forgiven,
        )
    return told


def _foremost(heres: Sequence[_Here]) -> _Here:
    """By what all are to go, of those who tell of a split by different weights.

    Who was started since it was ordered knows nothing of it, so an order goes before what is
    configured; where there are several, the one that was given last.
    """
    newest = min(heres, key=lambda here: here.age)
    alike = [each for each in heres if _are_same(each.configured, newest.configured)]
    ordered = [each for each in alike if not _are_same(each.parts, each.configured)]
    return min(ordered or alike, key=lambda here: here.age)


def _are_same(parts: Mapping[str, float], others: Mapping[str, float]) -> bool:
    return parts.keys() == others.keys() and all(
        isclose(others[target], part, abs_tol=1e-12) for target, part in parts.items()
    )


def _add(sums: dict[str, Sums], more: Mapping[str, Sums]) -> None:
    for target, each in more.items():
        before = sums.get(target, Sums())
        sums[target] = Sums(*(one + other for one, other in zip(before, each, strict=True)))


def _is_sound(kept: KeptAccount) -> bool:
    """Whether it can be an account: a ledger may be anybody's."""
    figures = [kept.rate, kept.began, kept.at, *kept.parts.values(), *kept.configured.values()]
    figures += [figure for sums in kept.runs.values() for each in sums.values() for figure in each]
    debts = [each.debt for sums in kept.runs.values() for each in sums.values()]
    return (
        all(isfinite(figure) and abs(figure) <= HIGHEST for figure in figures)
        and all(sums.keys() == kept.parts.keys() for sums in kept.runs.values())
        and isclose(sum(debts), 0.0, abs_tol=1e-6 * (max(map(abs, debts), default=0.0) or 1.0))
    )
