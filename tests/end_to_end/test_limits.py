"""A tenant's limit of miners holds over two processes, and lets others in when some have left."""

import trio

from tests.end_to_end.process import configured, running
from tests.end_to_end.test_bans import IN_A_ROW, authorize, says
from tests.waiting import PATIENCE

MOST = 3
TABLES = f"""
[[tenant]]
name = "acme"
workers = ["acme.*"]
max_miners = {MOST}
[[tenant.target]]
pools = [{{{{ pool = "main", user = "acme-account" }}}}]
[ledger]
path = "{{}}"
"""


async def is_full(address: tuple[str, int]) -> bool:
    """Whether no process takes in another miner of acme's."""
    for _ in range(IN_A_ROW):
        if b"acme has 3 miners already" not in await says(address, authorize("acme.more")):
            return False
    return True


async def test_no_process_takes_in_more_than_there_may_be_in_all(site, tmp_path):
    pool = await site.pool()
    config = configured(
        pool,
        processes=2,
        pool='name = "main"',
        tables=TABLES.format(tmp_path / "ledger.sqlite3"),
    )
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, MOST, worker="acme")
        await miners.each(accepted=1)
        with trio.fail_after(PATIENCE):
            while not await is_full(proxy.address):
                pass
        assert b"already" not in await says(proxy.address, authorize("another"))
        await miners.each(accepted=1, since=miners.accepted())
        assert miners.fleet.reconnects == 0
        await miners.stop()
        with trio.fail_after(PATIENCE):
            while await is_full(proxy.address):
                pass
        assert await proxy.stopped() == 0
