"""`stratumproxy run` as a process, stopped while miners mine."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from stratumproxy.stratum.framing import split_lines

PATIENCE = 60


class Process:
    """The proxy as a process, and what it writes."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.output: list[str] = []
        self.address = "127.0.0.1", 0
        self.process: trio.Process
        self.listening = trio.Event()

    async def read(self, stream: trio.abc.ReceiveStream, lines: list[str]) -> None:
        tail = b""
        async with stream:
            async for data in stream:
                new, tail = split_lines(tail, bytes(data), 1 << 20)
                lines += [line.decode() for line in new]
                for line in new:
                    if found := re.search(rb"\bport\W+(\d+)", line):
                        self.address = "127.0.0.1", int(found[1])
                        self.listening.set()
        assert tail == b"", "the last line has no end"

    async def stopped(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        with trio.fail_after(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def running(path, config: str, *options: str) -> AsyncIterator[Process]:
    path.write_text(config)
    proxy = Process()
    command = [sys.executable, "-m", "stratumproxy", "run", "--config", str(path), *options]
    async with trio.open_nursery() as nursery:
        proxy.process = await trio.lowlevel.open_process(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        try:
            nursery.start_soon(proxy.read, proxy.process.stdout, proxy.output)
            nursery.start_soon(proxy.read, proxy.process.stderr, proxy.log)
            with trio.fail_after(PATIENCE):
                await proxy.listening.wait()
            yield proxy
        finally:
            if proxy.process.returncode is None:
                proxy.process.kill()
            with trio.CancelScope(shield=True):
                await proxy.process.wait()


CONFIG = """
workers = {workers}
[[listen]]
address = "127.0.0.1:0"
[[pool]]
url = "stratum+tcp://{host}:{port}"
user = "farm"
[difficulty]
start = 2e-7
min = 2e-7
vardiff = false
"""


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_stop_under_load_is_in_good_order(site, tmp_path, workers):
    pool = await site.pool(clean_every=0)
    host, port = pool.address
    config = CONFIG.format(workers=workers, host=host, port=port)
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, 60)
        await miners.each(accepted=2)
        assert len(pool.pool.connections) == workers
        assert await proxy.stopped() == 0
    await miners.stop()

    log = [json.loads(line) for line in proxy.log]
    assert all({"event", "level", "timestamp"} <= set(entry) for entry in log)
    assert not [entry for entry in log if entry["level"] == "error"]
    [end] = [entry for entry in log if entry["event"] == "stopped"]
    assert end is log[-1]
    assert proxy.output == []

    total = miners.fleet.total()
    assert miners.fleet.violations == []
    assert list(pool.pool.violations) == []
    assert end["rejected"] == {}
    assert end["forwarded"] == pool.pool.total.submitted
    assert end["pool_accepted"] == pool.pool.total.accepted
    assert (end["pool_rejected"], end["pending"], end["lost"]) == (0, 0, 0)
    # What was answered last may have been cut off on its way to the miner.
    assert total.accepted <= end["accepted"] <= total.accepted + total.lost
    site.check_no_false_true(miners, pool)


async def test_the_summary_for_people_is_one_line(site, tmp_path):
    pool = await site.pool(clean_every=0)
    host, port = pool.address
    config = CONFIG.format(workers=1, host=host, port=port)
    async with running(tmp_path / "farm.toml", config, "--log-format", "console") as proxy:
        miners = await site.miners(proxy, 20)
        await miners.each(accepted=1)
        assert await proxy.stopped() == 0
    await miners.stop()
    [summary] = proxy.output
    accepted = pool.pool.total.accepted
    assert f"{accepted} sent to pools ({accepted} accepted, 0 rejected, 0 lost)" in summary
    assert "Traceback" not in "".join(proxy.log)


async def test_workers_end_in_good_order_with_a_supervisor_that_is_killed(site, tmp_path):
    """Its standard input ends with the supervisor; what it still has to say is said to nobody."""
    pool = await site.pool(clean_every=0)
    host, port = pool.address
    config = CONFIG.format(workers=2, host=host, port=port)
    async with running(tmp_path / "farm.toml", config, "--log-format", "json") as proxy:
        miners = await site.miners(proxy, 20)
        await miners.each(accepted=1)
        proxy.process.kill()
        await site.until(lambda: not pool.pool.connections)  # both workers are gone
    await miners.stop()
    assert "Traceback" not in "".join(proxy.log)
