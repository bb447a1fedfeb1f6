"""No room for the ledger: a loud error, mining goes on, and everything arrives once there is room.

The limit is on the size of the control process's files, which needs no disk to be full: what SQLite
meets is a write that fails.
"""

import json
import resource

import pytest

from tests.chaos.books import Books
from tests.chaos.conftest import TELLING, site
from tests.chaos.test_control_killed import (
    KEPT,
    MINERS,
    caught_up,
    check,
    kill,
    processes,
    stopped,
)
from tests.end_to_end.test_run import CONFIG, Process, running

__all__ = ["site"]


def limit(proxy: Process, size: int) -> None:
    """Have no file of the control process grow past a size."""
    [process] = processes(proxy, "control")
    _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))


def logged(proxy: Process, event: str) -> list[dict[str, object]]:
    entries = [json.loads(line) for line in proxy.log]
    return [entry for entry in entries if entry["event"].startswith(event)]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits other processes")
@pytest.mark.parametrize("killed", [False, True])
async def test_everything_arrives_once_there_is_room(site, tmp_path, killed):
    pool = await site.pool(clean_every=5)
    host, port = pool.address
    ledger = tmp_path / "ledger"
    config = CONFIG.format(workers=2, host=host, port=port) + KEPT.format(path=ledger)
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, MINERS, styles=TELLING)
        await miners.each(accepted=1)
        await caught_up(site, ledger, lambda: 1)

        limit(proxy, 4096)
        await site.until(lambda: logged(proxy, "records can't be kept"))
        before = miners.accepted()
        await miners.each(accepted=5, since=before)
        if killed:  # what it held is told again by the workers
            await kill(site, proxy, "control")
        else:
            limit(proxy, resource.RLIM_INFINITY)
            await site.until(lambda: logged(proxy, "records are kept again"))
        await miners.stop()
        assert await proxy.stopped() == 0

    check(Books.read(ledger), stopped(proxy), miners, pool)
    assert miners.fleet.violations == []
    assert miners.fleet.reconnects == 0
    error = logged(proxy, "records can't be kept")[0]
    assert (error["level"], error["sink"]) == ("error", "ledger")
    assert str(ledger) in str(error["problem"])
