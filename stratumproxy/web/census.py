"""The fleet's workers and miners counted in turns, so that nobody waits for all of them."""

from stratumproxy.fleet import Fleet
from stratumproxy.fleet.census import Census
from stratumproxy.web.turns import in_turns


async def census_of(fleet: Fleet, tenant: str | None = None) -> Census:
    """Count everybody.

    Args:
        fleet: who.
        tenant: whose workers and miners; None for all.
    """
    census = Census()
    of = fleet.roll.workers
    await in_turns(census.worker, [each for each in of if tenant in (None, each.tenant)])
    for process in list(fleet.processes.running.values()):
        miners = process.miners.values()
        await in_turns(census.miner, [each for each in miners if tenant in (None, each.tenant)])
    return census
