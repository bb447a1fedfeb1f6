"""Looks in the ledger for who withholds what pools want, where work is split."""

from collections.abc import Callable

import structlog
import trio

from stratumproxy.control.accused import Accused
from stratumproxy.control.splits import SharedSplits
from stratumproxy.errors import NothingKept, SinkError
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.ledger.withheld import withholding

EVERY = 900.0
"""Seconds from one look to the next: it takes about ten shares that a pool should have had."""

FEW = 3
PART = 0.25
"""If more of a tenant's workers, and more than those few, seem to withhold something at once, it is
not they who do: nobody is accused."""


class Suspects:
    """Tells of them.

    Args:
        splits: whose work is split.
        accused: who is told.
        reader: of the ledger; None for none: then nobody is ever accused.
        unix: the time of day.
        reading: taken by each thread that reads the ledger, for as long as it has it open.
    """

    def __init__(
        self,
        splits: SharedSplits,
        accused: Accused,
        reader: LedgerReader | None,
        unix: Callable[[], float],
        reading: trio.CapacityLimiter,
    ) -> None:
        self._splits = splits
        self._accused = accused
        self._reader = reader
        self._unix = unix
        self._reading = reading

    async def run(self) -> None:
        """Look, until cancelled."""
        while self._reader is not None:
            await trio.sleep(EVERY)
            await self.look(self._reader)

    async def look(self, reader: LedgerReader) -> None:
        """Look once."""
        accused = {}
        for tenant in self._splits.tenants:
            try:
                found, workers = await trio.to_thread.run_sync(
                    withholding,
                    reader,
                    tenant,
                    self._unix(),
                    abandon_on_cancel=True,
                    limiter=self._reading,
                )
            except NothingKept:
                return
            except SinkError as error:
                structlog.get_logger().warning(
                    "who withholds shares is not known: the ledger can't be read",
                    problem=str(error),
                )
                return
            if len(found) <= max(FEW, PART * workers):
                accused[tenant] = [each.worker for each in found]
            else:
                event = "many workers send pools less than chance allows: see `stratumproxy audit`"
                structlog.get_logger().warning(event, tenant=tenant, workers=len(found))
        self._accused.accuse(accused)
