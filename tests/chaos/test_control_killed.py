"""kill -9 of the control process, and of workers, under load: what the ledger has then."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio

from stratumproxy.errors import SinkError
from tests.chaos.books import Books
from tests.chaos.conftest import LONG, TELLING, site
from tests.chaos.test_worker_killed import workers as children
from tests.end_to_end.test_run import CONFIG, Process, running

__all__ = ["site"]

MINERS = 300 if LONG else 60
KILLS = 40 if LONG else 4
PATIENCE = 60

KEPT = """
[ledger]
path = "{path}"
[api]
listen = "127.0.0.1:0"
"""


def command(process: int) -> list[str]:
    """What a process was started as."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def processes(proxy: Process, role: str) -> list[int]:
    """The proxy's processes of that role, ``worker`` or ``control``."""
    return [child for child in children(proxy.process.pid) if role in command(child)]


async def kill(site: Any, proxy: Process, role: str) -> None:
    """Kill one of a role, and wait for the next."""
    before = processes(proxy, role)
    os.kill(before[0], signal.SIGKILL)
    await site.until(lambda: len(set(processes(proxy, role)) - set(before)) == 1)


async def caught_up(site: Any, path: Path, count: Callable[[], int]) -> Books:
    """Wait until the ledger has what was counted when this was asked."""
    wanted = count()

    def has() -> bool:
        try:
            return Books.read(path).accepted >= wanted
        except (sqlite3.OperationalError, SinkError):  # it is being made
            return False

    await site.until(has)
    return Books.read(path)


def stopped(proxy: Process) -> dict[str, Any]:
    """The summary that the proxy ends with."""
    log = [json.loads(line) for line in proxy.log]
    [end] = [entry for entry in log if entry["event"] == "stopped"]
    return end


def check(books: Books, end: dict[str, Any], miners: Any, *pools: Any) -> None:
    """The ledger has what everybody else counted, worker by worker."""
    total = miners.fleet.total()
    assert books.gaps == []
    assert books.dropped == {}
    assert (total.pending, total.lost) == (0, 0)
    assert books.accepted == end["accepted"] == total.accepted
    assert books.rejected == sum(end["rejected"].values()) == total.rejected.total()
    assert books.workers == {
        miner.worker: (miner.counts.accepted, miner.counts.rejected.total()) for miner in miners
    }
    assert books.forwarded == end["forwarded"] == books.verdicts.total()
    assert books.credited == end["pool_accepted"] == books.verdicts["accepted"]
    assert books.pool_rejected == end["pool_rejected"] == books.verdicts["rejected"]
    assert books.lost + books.timed_out == end["lost"]
    assert books.forwarded == sum(pool.pool.total.submitted for pool in pools)
    assert books.credited == sum(pool.pool.total.accepted for pool in pools)


async def test_the_control_process_is_killed_and_the_ledger_has_everything_once(site, tmp_path):
    pool = await site.pool(clean_every=5)
    host, port = pool.address
    ledger = tmp_path / "ledger"
    config = CONFIG.format(workers=2, host=host, port=port) + KEPT.format(path=ledger)
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, MINERS, styles=TELLING)
        await miners.each(accepted=1)
        for turn in range(KILLS):
            await kill(site, proxy, "control")
            if turn % 2:
                await caught_up(site, ledger, lambda: miners.fleet.total().accepted)
        await miners.stop()
        assert await proxy.stopped() == 0
    check(Books.read(ledger), stopped(proxy), miners, pool)
    assert miners.fleet.violations == []
    assert miners.fleet.reconnects == 0, "no miner noticed"


async def test_a_worker_is_killed_and_at_most_its_last_batch_is_lost(site, tmp_path):
    pool = await site.pool(clean_every=0)
    host, port = pool.address
    ledger = tmp_path / "ledger"
    config = CONFIG.format(workers=2, host=host, port=port) + KEPT.format(path=ledger)

    def accepted() -> int:
        return miners.fleet.total().accepted

    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, MINERS, styles=TELLING)
        await miners.each(accepted=1)
        before = accepted()
        await caught_up(site, ledger, lambda: before)
        await kill(site, proxy, "worker")
        killed = accepted()
        await miners.fleet.wait_mining()
        await miners.each(accepted=1, since=miners.accepted())
        await miners.stop()
        assert await proxy.stopped() == 0
    books, total = Books.read(ledger), miners.fleet.total()
    # What the killed one had counted and not told is missing. What it had told and not answered is
    # there, and its miners don't know of it.
    assert total.accepted - books.accepted <= killed - before
    assert books.accepted <= total.accepted + total.lost
    assert books.gaps == []
    assert books.credited <= pool.pool.total.accepted
    # And most of what is missing is named: all that the last snapshot had counted.
    named = sum(
        event.values["accepted"]
        for event in books.events
        if event.event == "a worker ended before it told of its last shares"
    )
    assert 0 <= named <= total.accepted + total.lost - books.accepted


async def test_failover_under_load(site, tmp_path):
    first = await site.pool(clean_every=5)
    second = await site.pool(clean_every=5, reply_delay=0.3)
    ledger = tmp_path / "ledger"
    config = CONFIG.format(workers=2, host=first.address[0], port=first.address[1])
    other = (
        "reply_timeout_seconds = 2\n"
        '[[pool]]\nurl = "stratum+tcp://{}:{}"\nuser = "farm"\n[difficulty]'
    )
    config = config.replace("[difficulty]", other.format(*second.address))
    async with running(
        tmp_path / "farm.toml", config + KEPT.format(path=ledger), "--log-format", "json"
    ) as proxy:
        miners = await site.miners(proxy, MINERS, styles=TELLING)
        await miners.each(accepted=1)
        await first.cut()
        await site.until(lambda: second.pool.total.accepted)
        with trio.fail_after(PATIENCE):
            await kill(site, proxy, "control")
        await miners.each(accepted=1, since=miners.accepted())
        await miners.stop()
        assert await proxy.stopped() == 0
    books, end, total = Books.read(ledger), stopped(proxy), miners.fleet.total()
    assert miners.fleet.violations == []
    assert miners.fleet.reconnects == 0
    assert (books.gaps, books.dropped) == ([], {})
    assert books.accepted == end["accepted"] == total.accepted
    assert books.rejected == sum(end["rejected"].values()) == total.rejected.total()
    assert books.forwarded == end["forwarded"] == books.verdicts.total()
    assert books.credited == end["pool_accepted"]
    assert books.lost + books.timed_out == end["lost"]
    # A pool may have accepted what it could not tell of any more.
    served = first.pool.total.accepted + second.pool.total.accepted
    assert books.credited <= served <= books.credited + books.lost


async def test_the_supervisor_is_killed_and_the_control_process_hears_the_workers_out(
    site, tmp_path
):
    pool = await site.pool(clean_every=0)
    host, port = pool.address
    ledger = tmp_path / "ledger"
    config = CONFIG.format(workers=2, host=host, port=port) + KEPT.format(path=ledger)
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, MINERS, styles=TELLING)
        await miners.each(accepted=1)
        [control] = processes(proxy, "control")
        proxy.process.kill()
        await site.until(lambda: not pool.pool.connections)  # both workers are gone
        await site.until(lambda: not command(control) or command(control) == [""])
    await miners.stop()
    books, total = Books.read(ledger), miners.fleet.total()
    assert books.gaps == []
    assert total.accepted <= books.accepted <= total.accepted + total.lost
    assert books.forwarded == pool.pool.total.submitted
    assert "Traceback" not in "".join(proxy.log)
