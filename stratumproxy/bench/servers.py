"""A server that is measured: started here on cores of its own, or running already."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stratumproxy.bench.config import Server
from stratumproxy.bench.place import Cores, settle
from stratumproxy.errors import BenchError
from stratumproxy.freeport import LOOPBACK, free_port

LAST_WORDS = 8
"""Lines of what a program wrote that are shown when it fails."""

STEP = 0.05
"""Seconds between two looks at something that takes a moment."""

_UNPRINTABLE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[^\n\t -~\u00a0-\U0010ffff]")
_PLACE = re.compile(r"\{(port:\w+|[a-z_]+)\}")


class Places:
    """Where a server listens and finds its pool, and what else its command may name.

    Args:
        server: one that is started has addresses where nobody listens yet.
        folder: for its files.
        here: where the document is that describes it.
    """

    def __init__(self, server: Server, folder: Path, here: Path) -> None:
        self.miners = server.connect or f"{LOOPBACK}:{free_port()}"
        self.pool = (server.pool and server.pool.listen) or f"{LOOPBACK}:{free_port()}"
        self.folder = folder
        self._known = {
            "miners": self.miners,
            "pool": self.pool,
            "miners_port": self.miners.rpartition(":")[2],
            "pool_port": self.pool.rpartition(":")[2],
            "folder": str(folder),
            "here": str(here),
            "python": sys.executable,
        }
        for name, text in server.set.items():
            self._known[name] = self.fill(text)

    def fill(self, text: str) -> str:
        """Put them in where their names stand in braces."""
        return _PLACE.sub(self._named, text)

    def _named(self, match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("port:"):
            return self._known.setdefault(name, f"{free_port()}")
        return self._known.get(name, match[0])


class Program:
    """A process, and what it writes.

    Args:
        command: starts it.
        folder: where it runs, and its output is kept.
        cores: where it may run.
    """

    def __init__(self, command: Sequence[str], folder: Path, cores: frozenset[int]) -> None:
        self.name = Path(command[0]).name
        handle, log = tempfile.mkstemp(dir=folder, prefix="log-")
        self._log = Path(log)
        with os.fdopen(handle, "wb") as output:
            try:
                self.process = subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    preexec_fn=settle(cores),
                )
            except OSError as error:
                raise BenchError(f"{command[0]}: {error.strerror}") from None

    def last_words(self) -> str:
        """The end of what it wrote."""
        text = _UNPRINTABLE.sub("", self._log.read_text("utf-8", "replace"))
        return "\n".join(text.splitlines()[-LAST_WORDS:])

    def stop(self) -> int:
        """End it: by SIGTERM, and by SIGKILL when that does not help.

        Returns:
            Its exit status; negative: the signal.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@dataclass
class Running:
    """A server that runs."""

    miners: str
    """Where miners connect."""
    pid: int | None = None
    """The process that is measured, with its children."""
    program: Program | None = None
    faults: list[str] = field(default_factory=list)
    """What went wrong beside it; complete when it has ended."""

    def last_words(self) -> str:
        """What it wrote, for an error; it begins a new line."""
        said = self.program.last_words() if self.program else ""
        return f"; the server says:\n{said}" if said else ""


@contextmanager
def running(server: Server, places: Places, cores: Cores) -> Iterator[Running]:
    """Start a server and what belongs beside it, and stop them in the end.

    Args:
        server: which one.
        places: where.
        cores: whose.

    Raises:
        BenchError: it did not start.
    """
    if not server.command:
        yield Running(places.miners, server.pid)
        return
    for name, text in server.files.items():
        (places.folder / name).write_text(places.fill(text), "utf-8")
    server_runs = Running(places.miners)
    with ExitStack() as stack:
        for command in server.beside:
            words = [places.fill(word) for word in command]
            beside = Program(words, places.folder, cores.generator)
            stack.callback(_stop_beside, beside, server_runs.faults)
        words = [places.fill(word) for word in server.command]
        program = Program(words, places.folder, cores.server)
        stack.callback(program.stop)
        server_runs.program, server_runs.pid = program, program.process.pid
        if server.measure:
            server_runs.pid = _child(server_runs, server.measure, server.start_seconds)
        for word in server.elsewhere:
            pid = _child(server_runs, word, server.start_seconds)
            os.sched_setaffinity(pid, cores.generator)
        yield server_runs


def _stop_beside(program: Program, faults: list[str]) -> None:
    ended = program.process.poll() is not None
    status = program.stop()
    if ended or status > 0:
        faults.append(f"{program.name} beside it ended with {status}: {program.last_words()}")


def _child(server: Running, word: str, seconds: float) -> int:
    """The child that has this word in its command line, soon after the start."""
    assert server.program
    pid = server.program.process.pid
    for _ in range(int(seconds / STEP)):
        for child in _children(pid):
            if word.encode() in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                return child
        if server.program.process.poll() is not None:
            break
        time.sleep(STEP)
    raise BenchError(
        f"no child of the server has {word!r} in its command line{server.last_words()}"
    )


def _children(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in lists for child in each.read_text("ascii").split()]
