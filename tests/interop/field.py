"""Two nodes, a pool, the proxy and a miner, each of them a process."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.process import Process, running
from tests.interop.chain import Chain, chain
from tests.interop.miners import KINDS, Miner
from tests.interop.pools import Pool
from tests.interop.program import Programs, programs
from tests.ports import KeptPort


class Field:
    """Where they all run."""

    def __init__(self, runs: Programs, blocks: Chain, stack: AsyncExitStack, folder: Path) -> None:
        self.programs = runs
        self.chain = blocks
        self._stack = stack
        self._folder = folder
        self._proxies = 0

    async def pool(self, kind: type[Pool]) -> Pool:
        """A pool of some kind, on the chain's first node."""
        port = self._stack.enter_context(KeptPort()).number
        pool = kind(self.programs, self.chain, port, self._folder)
        await pool.start()
        return pool

    async def proxy(self, port: int, more: str = "") -> Process:
        """`stratumproxy run` on the pool at a port, as it comes but for a shorter backoff.

        Args:
            port: the pool's.
            more: TOML.
        """
        self._proxies += 1
        config = f"""
        [[listen]]
        address = "127.0.0.1:0"
        [[pool]]
        name = "pool"
        url = "stratum+tcp://127.0.0.1:{port}"
        user = "farm"
        backoff_max_seconds = 2
        {more}
        """
        path = self._folder / f"proxy-{self._proxies}.toml"
        return await self._stack.enter_async_context(
            running(path, config, "--log-format", "json", "--require-native")
        )

    async def miner(self, kind: str, address: tuple[str, int]) -> Miner:
        """A miner of some kind."""
        return await Miner.start(self.programs, KINDS[kind], address)


async def ended(proxy: Process) -> dict[str, Any]:
    """Stop a proxy; what it came to."""
    assert await proxy.stopped() == 0
    assert not [entry for entry in log(proxy) if entry["level"] == "error"]
    [end] = [entry for entry in log(proxy) if entry["event"] == "stopped"]
    return end


def blocks_found(proxy: Process) -> set[str]:
    """Hashes of what it said were blocks."""
    return {entry["hash"] for entry in log(proxy) if entry["event"] == "BLOCK found"}


def log(proxy: Process) -> list[dict[str, Any]]:
    return [json.loads(line) for line in proxy.log]


@asynccontextmanager
async def field(folder: Path) -> AsyncIterator[Field]:
    """Nodes that know each other, and room for the rest; all ends with it."""
    async with (
        programs(folder) as runs,
        chain(runs, folder) as blocks,
        AsyncExitStack() as stack,
    ):
        yield Field(runs, blocks, stack, folder)
