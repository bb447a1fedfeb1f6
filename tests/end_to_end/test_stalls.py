"""What stalls around the proxy is not at its miners' expense, nor at the stop's."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio

from tests.end_to_end.process import configured
from tests.ports import KeptPort
from tests.waiting import PATIENCE

NEWS = "\x1b" * 200
"""From a pool; ten lines of it are logged, 1,400 bytes each, which is more than is room for."""


class Stalled:
    """The proxy as a process whose log is a pipe that nobody reads."""

    def __init__(self, address: tuple[str, int], process: trio.Process, reading: int) -> None:
        self.address = address
        self.process = process
        self.reading = reading

    async def rest(self) -> str:
        """What comes out of the pipe, read to its end after all."""
        data = b""
        async with trio.lowlevel.FdStream(os.dup(self.reading)) as stream:
            async for piece in stream:
                data += piece
        return data.decode()


@asynccontextmanager
async def stalled(path, config: str, *options: str) -> AsyncIterator[Stalled]:
    """Run it, its standard error and output going into one full pipe."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"\n" * 4096)
    os.set_blocking(writing, True)
    with KeptPort() as port:
        path.write_text(config.replace("127.0.0.1:0", f"127.0.0.1:{port.number}"))
        command = [sys.executable, "-m", "stratumproxy", "run", "--config", str(path), *options]
        process = await trio.lowlevel.open_process(
            command, stdout=writing, stderr=writing, stdin=subprocess.DEVNULL
        )
        os.close(writing)
        try:
            yield Stalled(port.address, process, reading)
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
            os.close(reading)


async def connected(address: tuple[str, int]) -> trio.SocketStream:
    """A connection, once somebody listens there."""
    with trio.fail_after(PATIENCE):
        while True:
            try:
                return await trio.open_tcp_stream(*address)
            except OSError:
                await trio.sleep(0.05)


async def keep(proxy: Stalled, log: list[str]) -> None:
    log.append(await proxy.rest())


@pytest.mark.parametrize("read", [False, True])
async def test_a_log_that_nobody_reads_stops_neither_mining_nor_the_stop(site, tmp_path, read):
    pool = await site.pool(clean_every=0)
    tables = "\n[log]\nbuffer_bytes = 4096\nlevel = 'debug'"
    config = configured(pool, processes=1, tables=tables)
    async with stalled(tmp_path / "farm.toml", config) as proxy:
        await (await connected(proxy.address)).aclose()
        miners = await site.miners(proxy, 10)
        await miners.each(accepted=1)
        for _ in range(10):
            pool.pool.show_message(NEWS)
        await miners.each(accepted=3, since=miners.accepted())
        await miners.stop()
        log: list[str] = []
        async with trio.open_nursery() as nursery:
            if read:
                nursery.start_soon(keep, proxy, log)
            proxy.process.send_signal(signal.SIGTERM)
            with trio.fail_after(PATIENCE):
                assert await proxy.process.wait() == 0
    assert miners.fleet.violations == []
    if read:
        said = [json.loads(line) for line in log[0].splitlines() if line]
        [lost, *_] = [each for each in said if each["event"].startswith("log lines were lost")]
        assert (lost["level"], lost["process"]) == ("error", 0)
        assert lost["lines"] > 0
        assert said[-1]["event"] == "stopped"


async def test_a_closed_standard_error_is_no_reason_not_to_mine(site, tmp_path):
    pool = await site.pool(clean_every=0)
    with KeptPort() as port:
        config = configured(pool, processes=1).replace(":0", f":{port.number}")
        (tmp_path / "farm.toml").write_text(config)
        command = [sys.executable, "-m", "stratumproxy", "run", "--config", tmp_path / "farm.toml"]
        process = await trio.lowlevel.open_process(
            command, stdin=subprocess.DEVNULL, preexec_fn=lambda: os.closerange(1, 3)
        )
        try:
            await (await connected(port.address)).aclose()
            miners = await site.miners(Stalled(port.address, process, -1), 3)
            await miners.each(accepted=1)
            await miners.stop()
            process.send_signal(signal.SIGTERM)
            with trio.fail_after(PATIENCE):
                assert await process.wait() == 0
        finally:
            process.kill()
