"""A Bitcoin network of two nodes on this machine."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import trio

from tests.interop.core import core
from tests.interop.parts import BTCD
from tests.interop.program import Program, Programs
from tests.ports import KeptPort
from tests.waiting import PATIENCE

ADDRESS = "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8"
"""Of a public key whose hash is all zeros: nobody can spend what is mined here."""


class Chain:
    """Two btcd that know only each other, on a signet of their own.

    On regtest and simnet every second hash is a block, so each share would be one; on a testnet one
    takes four billion hashes. A signet begins with five million. btcd does not ask for the
    signature that makes a signet's block valid elsewhere. It gives no work without a peer.
    """

    def __init__(self, urls: list[str], client: httpx.AsyncClient, port: int) -> None:
        self.port = port
        """Where the first node gives work to pools."""
        self._urls = urls
        self._client = client

    async def call(self, node: int, method: str, *params: object) -> Any:
        """Ask a node, by JSON-RPC; what it answers."""
        request = {"jsonrpc": "1.0", "id": 1, "method": method, "params": params}
        return (await self._client.post(self._urls[node], json=request)).json()["result"]

    async def heights(self) -> list[int]:
        """How many blocks each node has on top of the first."""
        return [await self.call(node, "getblockcount") for node in range(len(self._urls))]

    async def reaches(self, height: int) -> None:
        """Wait until both nodes have so many blocks."""
        with trio.fail_after(PATIENCE):
            while min(await self.heights()) < height:  # noqa: ASYNC110 asked over HTTP
                await trio.sleep(0.1)

    async def blocks(self) -> set[object]:
        """Hashes of all blocks, of the second node when it has what the first one has."""
        height, _ = await self.heights()
        await self.reaches(height)
        return {await self.call(1, "getblockhash", at + 1) for at in range(height)}


@asynccontextmanager
async def chain(programs: Programs, folder: Path) -> AsyncIterator[Chain]:
    """Start both nodes, and wait until they know each other."""
    with ExitStack() as ports:
        peer = [ports.enter_context(KeptPort()).number for _ in range(2)]
        rpc = [ports.enter_context(KeptPort()).number for _ in range(2)]
        port = ports.enter_context(KeptPort()).number
        nodes: list[Program] = []
        for node in range(2):
            options = [
                *("--signet", "--signetchallenge=51", "--nodnsseed", f"--miningaddr={ADDRESS}"),
                *(f"--datadir={folder}/node-{node}", f"--logdir={folder}/node-{node}"),
                *("--configfile=/dev/null", "--utxocachemaxsize=16"),
                *("--notls", "--rpcuser=user", "--rpcpass=pass"),
                *(f"--listen=127.0.0.1:{peer[node]}", f"--rpclisten=127.0.0.1:{rpc[node]}"),
                *([f"--connect=127.0.0.1:{peer[0]}"] if node else []),
            ]
            nodes.append(await programs.start(f"btcd {node}", BTCD.at_hand(), *options))
            await nodes[node].says("RPC server listening")
        await nodes[1].says("New valid peer")
        urls = [f"http://127.0.0.1:{each}/" for each in rpc]
        async with httpx.AsyncClient(auth=("user", "pass"), timeout=PATIENCE) as client:
            with core(urls[0], port):
                yield Chain(urls, client, port)
