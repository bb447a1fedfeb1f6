"""Accounts of splits by work, between the control process and the ledger."""

from collections.abc import Sequence

import structlog
import trio

from stratumproxy.control.splits import KeptAccount, SharedSplits, Sums
from stratumproxy.errors import SinkError
from stratumproxy.ledger import splits as ledger_splits
from stratumproxy.ledger.owner import Owner
from stratumproxy.ledger.splits import KeptDebt, KeptSplit
from stratumproxy.telemetry.clock import Clock

LOOK_EVERY = 1.0
"""Seconds from one look for news to the next."""

KEEP_EVERY = 60.0
"""Seconds after which what was found since is kept: so much of it a crash of the machine takes."""


class Accounts:
    """Keeps accounts of splits.

    Args:
        splits: them.
        path: the ledger; empty for none, then they live as long as the processes.
        owner: what this process has to be before it writes to it.
        clock: of this process.
    """

    def __init__(self, splits: SharedSplits, path: str, owner: Owner, clock: Clock) -> None:
        self._splits = splits
        self._path = path
        self._owner = owner
        self._clock = clock
        self._is_any_kept = False
        self._limiter = trio.CapacityLimiter(1)

    def recall(self, kept: Sequence[KeptSplit]) -> None:
        """Go on with what a ledger has."""
        self._is_any_kept = bool(kept)
        self._splits.recall(_known(each, self._clock) for each in kept)

    async def run(self) -> None:
        """Keep them, until cancelled."""
        if not self._path:
            return
        keep_at = trio.current_time() + KEEP_EVERY
        while True:
            await trio.sleep(LOOK_EVERY)
            if self._splits.news or trio.current_time() >= keep_at:
                await self.keep()
                keep_at = trio.current_time() + KEEP_EVERY

    async def finish(self) -> None:
        """Keep them as they are in the end."""
        if self._path:
            await self.keep()

    async def keep(self) -> None:
        """Keep them now; if that can't be, it is tried again a minute later."""
        accounts = self._splits.accounts()
        if accounts is None or not (accounts or self._is_any_kept):
            return
        self._splits.news = False
        kept = [_for_ledger(each, self._clock) for each in accounts]

        def keep() -> None:
            self._owner.claim()
            ledger_splits.keep(self._path, kept)

        try:
            await trio.to_thread.run_sync(keep, abandon_on_cancel=True, limiter=self._limiter)
        except SinkError as error:
            event = "accounts of splits can't be kept"
            structlog.get_logger().warning(event, problem=str(error))
            return
        self._is_any_kept = bool(accounts)


def _for_ledger(account: KeptAccount, clock: Clock) -> KeptSplit:
    return KeptSplit(
        account.tenant,
        clock.unix(account.began),
        clock.unix(account.at),
        account.rate,
        account.by,
        [
            KeptDebt(target, run, account.parts[target], account.configured[target], *each)
            for run, sums in account.runs.items()
            for target, each in sums.items()
        ],
    )


def _known(kept: KeptSplit, clock: Clock) -> KeptAccount:
    ahead = clock.unix(0.0)
    runs: dict[str, dict[str, Sums]] = {}
    for debt in kept.debts:
        sums = Sums(debt.debt, debt.delivered, debt.forgiven)
        runs.setdefault(debt.run, {})[debt.target] = sums
    return KeptAccount(
        kept.tenant,
        {debt.target: debt.part for debt in kept.debts},
        kept.began - ahead,
        kept.at - ahead,
        kept.rate,
        {debt.target: debt.configured for debt in kept.debts},
        kept.by,
        runs,
    )
