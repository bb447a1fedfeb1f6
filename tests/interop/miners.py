"""Real miners, and what they say that they counted."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.parts import MINERD, PARA, Part
from tests.interop.program import Program, Programs
from tests.waiting import until


@dataclass(frozen=True)
class Kind:
    """How one miner is started, and what to look for in its log."""

    part: Part
    options: tuple[str, ...]
    """With `{address}` for the host and port."""
    environment: dict[str, str]
    accepted: str
    rejected: str
    lost: str
    """It lost its connection, or could not get one."""
    asked: str
    """The difficulty that the pool asks for when it is to be still."""


KINDS = {
    "para": Kind(
        part=PARA,
        options=("miner", "{address}", "--username", "farm.para", "--cpu-cores", "1"),
        environment={"RUST_LOG": "info", "NO_COLOR": "1"},
        accepted=r"Share for job \S+ submitted successfully",
        rejected=r"Failed to submit share",
        lost=r"Disconnected|client\.reconnect|attempt failed",
        asked=r"Updated pool difficulty: 5(000|K)\b",
    ),
    "minerd": Kind(
        part=MINERD,
        options=("-a", "sha256d", "-t", "1", "-D", "-o", "stratum+tcp://{address}", "-u", "farm.m"),
        environment={},
        accepted=r"accepted: .*\(yay!!!\)",
        rejected=r"accepted: .*\(booooo\)",
        lost=r"interrupted|retry after|connection failed",
        asked=r"Stratum difficulty set to 5000",
    ),
}

MINERS = [pytest.param(name, marks=pytest.mark.interop(KINDS[name].part)) for name in KINDS]
"""For `parametrize`: a test of each, if it is at hand."""


class Miner:
    """One of them at work."""

    def __init__(self, kind: Kind, program: Program) -> None:
        self._kind = kind
        self._program = program

    @classmethod
    async def start(
        cls, programs: Programs, kind: Kind, program: Path, address: tuple[str, int]
    ) -> "Miner":
        options = [each.format(address="{}:{}".format(*address)) for each in kind.options]
        name = kind.part.name
        return cls(kind, await programs.start(name, program, *options, **kind.environment))

    @property
    def accepted(self) -> int:
        return len(self._program.matches(self._kind.accepted))

    @property
    def rejected(self) -> int:
        return len(self._program.matches(self._kind.rejected))

    @property
    def disconnects(self) -> int:
        """How often it lost its connection."""
        return len(self._program.matches(self._kind.lost))

    async def is_rejected(self, more: int) -> None:
        """Wait until so many more of its shares were rejected."""
        expected = self.rejected + more
        await until(lambda: self.rejected >= expected)

    async def is_still(self) -> None:
        """Wait until it was asked for what it can't find."""
        await self._program.says(self._kind.asked)
