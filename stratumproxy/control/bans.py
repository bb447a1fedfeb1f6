"""Bans over all processes: whoever serves miners tells of offences, and is told what follows.

A miner that is dropped comes back to any process. So only here it is known whether one did it
before, and whether another connection is open under its name. A process without a control process
goes by what it knows itself.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from stratumproxy.fleet import Fleet
from stratumproxy.telemetry.bans import ANYBODYS, Ban, Bans

BANNED = "a worker is banned from an address"


class SharedBans:
    """What all processes have to know of bans.

    Args:
        fleet: who is connected where.
        clock: seconds that pass evenly.
        tell: tells a process of bans, by its number; all of them for None.
        give: gives every process an operator's order to ban, and says what they did.
        record: called with a level, a text and values: what should be on record.
    """

    def __init__(
        self,
        fleet: Fleet,
        clock: Callable[[], float],
        *,
        tell: Callable[[Sequence[Ban], int | None], None],
        give: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
        record: Callable[..., None],
    ) -> None:
        self._fleet = fleet
        self._clock = clock
        self._tell = tell
        self._give = give
        self._record = record
        self._bans = Bans()
        self._runs: dict[int, str] = {}

    def offence(
        self, process: int, host: str, name: str, seconds: float, alone: bool, tenant: str
    ) -> None:
        """A process dropped a miner for its conduct.

        Args:
            process: its number.
            host: the miner's address.
            name: its worker.
            seconds: how long it is remembered, or banned.
            alone: no other connection is under that name there.
            tenant: whose worker.
        """
        alone = alone and not self._elsewhere(process, name, tenant)
        now = self._clock()
        ban = self._bans.offence(host, name, seconds, now, alone=alone, tenant=tenant)
        self._tell([ban], None)
        if ban.banned:
            who = {"worker": name, "tenant": tenant}
            self._record("warning", BANNED, peer=host, **who, seconds=seconds)

    def heard(self, bans: Sequence[Ban]) -> None:
        """A process says what it knows: an earlier control process told it, or an operator."""
        if new := self._bans.hear(bans, self._clock()):
            self._tell(new, None)

    def met(self, process: int, run: str) -> None:
        """A process is there; if it was not, it knows nothing."""
        if self._runs.get(process) != run:
            self._runs[process] = run
            self._tell(self._bans.tell(self._clock()), process)

    async def ban(self, arguments: dict[str, Any], by: str) -> dict[str, Any]:
        """Carry out an operator's order.

        Args:
            arguments: has ``worker``, a name, and ``seconds``; perhaps ``tenant``.
            by: who gave it, which is on record elsewhere.

        Returns:
            What the processes did.

        Raises:
            StratumProxyError: none of them has done it.
        """
        done = await self._give(arguments)
        tenant = arguments.get("tenant") or ANYBODYS
        self._bans.order(arguments["worker"], arguments["seconds"], self._clock(), tenant)
        return done

    def _elsewhere(self, process: int, name: str, tenant: str) -> bool:
        """Whether another process has a connection under that name."""
        return any(
            miner.worker == name and miner.tenant == tenant
            for each in self._fleet.processes.running.values()
            if each.number != process
            for miner in each.miners.values()
        )
