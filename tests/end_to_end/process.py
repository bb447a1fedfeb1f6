"""`stratumproxy run` as a process, on simulated pools."""

import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from stratumproxy.protocol.v1.framing import split_lines
from tests.end_to_end.conftest import MINER_DIFFICULTY, ServedPool
from tests.waiting import PATIENCE


def configured(
    *pools: ServedPool, processes: int, pool: str = "", tables: str = "", drain: int = 60
) -> str:
    """A configuration as TOML, patient with a slow machine at the stop.

    Args:
        pools: in order of preference.
        processes: so many serve miners.
        pool: TOML for each [[pool]], beyond what every test wants.
        tables: TOML for other tables.
        drain: seconds that the stop waits for verdicts.
    """
    return f"""
processes = {processes}
[[listen]]
address = "127.0.0.1:0"
{"".join(_table(each, pool) for each in pools)}
[difficulty]
start = {MINER_DIFFICULTY}
min = {MINER_DIFFICULTY}
vardiff = false
[limits]
drain_seconds = {drain}
{tables}
"""


def _table(pool: ServedPool, more: str) -> str:
    host, port = pool.address
    return f'[[pool]]\nurl = "stratum+tcp://{host}:{port}"\nuser = "farm"\n{more}\n'


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
