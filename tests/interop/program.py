"""Programs as processes, and the lines that they print."""

import re
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from tests.waiting import PATIENCE, until


class Program:
    """One command, that may be stopped and started again; its lines go on."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.lines: list[str] = []
        """Whole lines, of both outputs."""
        self._command = command
        self._environment = environment
        self._process: trio.Process | None = None
        self._ended = trio.Event()
        self._stopping = False

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run it once, until it is stopped; that it ends before is an error."""
        self._ended = trio.Event()
        self._stopping = False
        self._process = process = await trio.lowlevel.open_process(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
        )
        task_status.started()
        try:
            rest = b""
            assert process.stdout is not None
            async for data in process.stdout:
                *lines, rest = (rest + bytes(data)).split(b"\n")
                self.lines += [line.decode(errors="replace") for line in lines]
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
            self._ended.set()
        assert self._stopping, self._last_words()

    def matches(self, pattern: str) -> list[re.Match[str]]:
        """Where a pattern stands in its lines, once a line."""
        return [found for line in self.lines if (found := re.search(pattern, line))]

    async def says(self, pattern: str, times: int = 1) -> None:
        """Wait until so many of its lines have a pattern."""
        try:
            await until(lambda: len(self.matches(pattern)) >= times)
        except trio.TooSlowError:
            raise AssertionError(f"no {pattern!r} ({times}). {self._last_words()}") from None

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, and wait until it has."""
        self._stopping = True
        self.send(number)
        with trio.fail_after(PATIENCE):
            await self._ended.wait()

    def _last_words(self) -> str:
        return f"{self.name} said last:\n" + "\n".join(self.lines[-20:])


class Programs:
    """Where they run; all end with it."""

    def __init__(self, nursery: trio.Nursery, home: Path) -> None:
        self._nursery = nursery
        self._environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home)}

    async def start(self, name: str, *command: str | Path, **environment: str) -> Program:
        """Start a program, with little of this environment and at the lowest priority."""
        niced = ["nice", "-n", "19", *map(str, command)]
        program = Program(name, niced, self._environment | environment)
        await self.again(program)
        return program

    async def again(self, program: Program) -> None:
        """Start one that was stopped."""
        await self._nursery.start(program.run)


@asynccontextmanager
async def programs(home: Path) -> AsyncIterator[Programs]:
    async with trio.open_nursery() as nursery:
        yield Programs(nursery, home)
        nursery.cancel_scope.cancel()
