"""Real miners, and what they say that they counted."""

import signal
from dataclasses import dataclass
from typing import Any

import pytest

from tests.interop.chain import ADDRESS
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


KINDS = {
    "para": Kind(
        part=PARA,
        options=("miner", "{address}", "--username", ADDRESS + ".rig", "--cpu-cores", "1"),
        environment={"RUST_LOG": "info", "NO_COLOR": "1"},
        accepted=r"Share for job \S+ submitted successfully",
        # By an answer, or because none came for 10 s; not because there is no connection any more.
        rejected=r"Failed to submit share for job \S+: (\d+: |Connection timeout)",
        lost=r"Disconnected|client\.reconnect|attempt failed",
    ),
    "minerd": Kind(
        part=MINERD,
        options=("-a", "sha256d", "-t", "1", "-o", "stratum+tcp://{address}", "-u", "farm.m"),
        environment={},
        accepted=r"accepted: .*\(yay!!!\)",
        rejected=r"accepted: .*\(booooo\)",
        lost=r"interrupted|retry after|connection failed",
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
    async def start(cls, programs: Programs, kind: Kind, address: tuple[str, int]) -> "Miner":
        options = [each.format(address="{}:{}".format(*address)) for each in kind.options]
        program = kind.part.at_hand()
        return cls(
            kind, await programs.start(kind.part.name, program, *options, **kind.environment)
        )

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

    async def has_heard(self, end: dict[str, Any]) -> None:
        """Wait until it has counted what a proxy that has ended did."""
        answers = end["accepted"] + sum(end["rejected"].values())
        await until(lambda: self.accepted + self.rejected >= answers)

    def pause(self) -> None:
        """Halt it in the middle of things. Answers that come now are read when it goes on."""
        self._program.send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._program.send(signal.SIGCONT)
