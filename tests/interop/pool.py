"""A real pool: `pool.js`, and what it counted."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.interop.chain import ADDRESS, Chain
from tests.interop.program import Program, Programs

DIFFICULTY = 1e-4
"""Some 430,000 hashes a share, so that one of twelve is a block."""


class Pool:
    """foundation-stratum, on a port of its own; what it counted goes on when it starts again."""

    def __init__(self, programs: Programs, program: Program, port: int) -> None:
        self.port = port
        self._programs = programs
        self._program = program

    @classmethod
    async def start(
        cls, programs: Programs, node: Path, modules: Path, chain: Chain, port: int
    ) -> "Pool":
        """Start it.

        Args:
            programs: where it runs.
            node: Node.js.
            modules: the folder that it is installed in.
            chain: whose first node gives it work.
            port: where miners connect; kept for it.
        """
        options = {
            "port": port,
            "rpc": chain.rpc_port,
            "address": ADDRESS,
            "difficulty": DIFFICULTY,
            "modules": str(modules / "package.json"),
        }
        script = Path(__file__).with_name("pool.js")
        program = await programs.start("the pool", node, script, json.dumps(options))
        await program.says('"started"')
        return cls(programs, program, port)

    async def stop(self) -> None:
        """Kill it in the middle of things: it has no other end."""
        await self._program.stop(signal.SIGKILL)

    async def again(self) -> None:
        """Start it again. It remembers nothing: neither jobs nor extranonces."""
        starts = len(self._program.matches('"started"'))
        await self._programs.again(self._program)
        await self._program.says('"started"', starts + 1)

    async def counts(self, more: int) -> None:
        """Wait until it has accepted so many more shares."""
        await self._program.says('"share":"accepted"', self.shares["accepted"] + more)

    async def be_still(self) -> None:
        """Ask for so much that no more shares are found."""
        self._program.send(signal.SIGUSR2)
        await self._program.says('"still"')

    @property
    def shares(self) -> Counter[str]:
        """Shares by its verdict: "accepted", or why not."""
        return Counter(said["share"] for said in self._said() if "share" in said)

    @property
    def blocks(self) -> list[str]:
        """Hashes of the blocks that its node took."""
        return [said["block"] for said in self._said() if "block" in said]

    def _said(self) -> Iterator[dict[str, str]]:
        for line in self._program.lines:
            if line.startswith("{"):
                yield json.loads(line)
