"""Real pools, and what they counted."""

import json
import signal
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.interop.chain import ADDRESS, Chain
from tests.interop.parts import CKPOOL, FOUNDATION, NODE, Part
from tests.interop.program import Program, Programs
from tests.waiting import until

DIFFICULTY = 1e-4
"""Some 430,000 hashes a share, so that one of twelve is a block."""


class Pool(ABC):
    """A pool on a port of its own. What it counted goes on when it starts again."""

    parts: Sequence[Part]
    """What it needs."""
    started: str
    """What it says when miners may connect."""
    gives_blocks = True
    """Whether its node is given blocks of so easy a network."""
    means_last = False
    """Whether all counts for the name that was authorized last."""

    def __init__(self, programs: Programs, chain: Chain, port: int, folder: Path) -> None:
        """Describe it.

        Args:
            programs: where it runs.
            chain: whose first node gives it work.
            port: where miners connect; kept for it.
            folder: for its files.
        """
        self.port = port
        self._chain = chain
        self._programs = programs
        self._folder = folder
        self._program: Program

    @abstractmethod
    def command(self) -> list[str | Path]:
        """How it is started."""

    @property
    @abstractmethod
    def accepted(self) -> int:
        """Shares that it counted."""

    @property
    @abstractmethod
    def refused(self) -> int:
        """Shares that it refused."""

    @property
    @abstractmethod
    def names(self) -> dict[bytes, str]:
        """The name that it counted each under, by its hash in internal byte order."""

    @property
    def by_name(self) -> dict[str, int]:
        """How many it counted under each name."""
        return Counter(self.names.values())

    def check(self) -> None:
        """It counted no share twice, and has nothing to say against its client."""
        assert self.accepted == len(self.names)

    @property
    @abstractmethod
    def blocks(self) -> int:
        """Blocks that it says its node took."""

    async def start(self) -> None:
        self._program = await self._programs.start(type(self).__name__, *self.command())
        await self._program.says(self.started)

    async def kill(self) -> None:
        """In the middle of things."""
        await self._program.stop(signal.SIGKILL)

    async def again(self) -> None:
        """Start it again. It remembers neither jobs nor extranonces."""
        starts = len(self._program.matches(self.started))
        await self._programs.again(self._program)
        await self._program.says(self.started, starts + 1)

    async def counts(self, more: int) -> None:
        """Wait until it has accepted so many more shares."""
        expected = self.accepted + more
        await until(lambda: self.accepted >= expected)


class Foundation(Pool):
    """foundation-stratum, of the NOMP family. A library, so `foundation.js` runs it."""

    parts = (FOUNDATION, NODE)
    means_last = True
    started = '"started"'

    def command(self) -> list[str | Path]:
        options = {
            "port": self.port,
            "rpc": self._chain.port,
            "address": ADDRESS,
            "difficulty": DIFFICULTY,
            "modules": str(FOUNDATION.at_hand()),
        }
        return [NODE.at_hand(), Path(__file__).with_name("foundation.js"), json.dumps(options)]

    @property
    def accepted(self) -> int:
        return len(self._program.matches('^{"share":"accepted"'))

    @property
    def refused(self) -> int:
        return len(self._program.matches('^{"share":')) - self.accepted

    @property
    def names(self) -> dict[bytes, str]:
        told = [json.loads(found.string) for found in self._program.matches('^{"share":"accepted"')]
        return {bytes.fromhex(each["header"]): each["name"] for each in told}

    @property
    def blocks(self) -> int:
        return len(self._program.matches('^{"block":'))


class Ckpool(Pool):
    """A ckpool that takes difficulties below 1, such as ckpool-lhr.

    It takes a network that is easier than difficulty 1 for one of difficulty 1. And it starts
    miners at `highdiff` on any port above 4000.
    """

    parts = (CKPOOL,)
    started = "stratifier ready"
    gives_blocks = False

    def command(self) -> list[str | Path]:
        logs = self._folder / "ckpool"
        logs.mkdir()
        node = {"url": f"127.0.0.1:{self._chain.port}", "auth": "user", "pass": "pass"}
        config = {
            "btcd": [node],
            "btcaddress": ADDRESS,
            "serverurl": [f"127.0.0.1:{self.port}"],
            "logdir": str(logs),
            **dict.fromkeys(("mindiff", "startdiff", "highdiff", "maxdiff"), DIFFICULTY),
        }
        path = self._folder / "ckpool.json"
        path.write_text(json.dumps(config))
        options = ["--log-shares", "--killold", "--sockdir", str(self._folder / "sockets")]
        return [CKPOOL.at_hand(), "--config", path, *options]

    def _shares(self) -> list[dict[str, Any]]:
        logs = [path.read_text() for path in self._folder.glob("ckpool/*/*.sharelog")]
        return [json.loads(line) for log in logs for line in log.splitlines()]

    @property
    def accepted(self) -> int:
        return sum(share["result"] for share in self._shares())

    @property
    def refused(self) -> int:
        return len(self._shares()) - self.accepted

    @property
    def names(self) -> dict[bytes, str]:
        return {
            bytes.fromhex(share["hash"])[::-1]: share["workername"]
            for share in self._shares()
            if share["result"]
        }

    def check(self) -> None:
        super().check()
        assert not [share for share in self._shares() if "mismatch" in str(share).lower()]

    @property
    def blocks(self) -> int:
        return len(self._program.matches("BLOCK ACCEPTED"))
