"""One page's commands, run in a sandbox: started by tests.docs.commands.

`python -m tests.docs.inside PAGE slow|quick [PACKAGE]` prints an outcome a line, as JSON.
"""

import json
import os
import re
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.docs import farm, sandbox
from tests.docs.outcome import Outcome
from tests.docs.pages import Block, blocks
from tests.docs.shell import SHELLS, Shell, commands
from tests.waiting import PATIENCE

NEVER = {
    "systemd-analyze": "there is no systemd in the sandbox",
    "journalctl": "there is no systemd in the sandbox",
    "docker": "no images, and no way to them",
    "podman": "no images, and no way to them",
    "apt": "the sandbox has no way out",
    "apt-get": "the sandbox has no way out",
    "pip": "the sandbox has no way out",
    "pipx": "the sandbox has no way out",
    "sysctl": "the machine's settings are no sandbox's",
    "reboot": "it would be this machine",
}
"""Programs that can't run in the sandbox, and why not."""
IF_THERE = {"caddy", "curl", "jq", "minerd", "nginx", "openssl", "perf", "sqlite3", "visudo"}
"""Programs of others that a machine may lack; then what wants them is not run, and says so."""
BIN = Path("/opt/stand-in")
"""What stands in for programs that can't run there."""
SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SLOW = 1200
"""Seconds that what is marked as slow may take."""
STOOD_IN = {"make": "make -n", "systemctl": "a stand-in"}
AT = r"(?:^|[|;&(]|\bsudo\b|\bexec\b)\s*"


class Page:
    """A page's way through its blocks."""

    def __init__(self, page: str, *, slow: bool, package: Path | None) -> None:
        self.page = page
        self.slow = slow
        root = Path.cwd()
        venv = Path(sys.executable).parent
        self.ours = {
            **os.environ,
            "HOME": "/root",
            "MAKEFLAGS": "n",  # make says what it would do
            "PATH": f"{BIN}:{venv}:{os.environ['PATH']}:/usr/sbin",
            "PYTHONPATH": str(root),
            "COLUMNS": "100",
        }
        environment = self.ours
        stand_in = f"PYTHONPATH={root} exec {sys.executable} -m tests.docs.systemctl"
        _script(BIN / "systemctl", f'{stand_in} "$@"')
        # An answer of 400 or above is a failure, though curl -s takes it as it comes.
        Path("/root/.curlrc").write_text("fail-with-body\n")
        folder = Path("/var/tmp/typed")
        folder.mkdir()
        self.package = package if page in farm.FRESH else None
        if not self.package:
            for name in ("/usr/local/bin/stratumproxy", "/usr/bin/stratumproxy"):
                _script(Path(name), f'exec {venv}/stratumproxy "$@"')
        if page in farm.FRESH:
            fresh = Path("/root/fresh")
            fresh.mkdir(parents=True)
            if self.package:
                shutil.copy(self.package, fresh)
                environment = {**self.ours, "PATH": f"{BIN}:{SYSTEM}"}
                del environment["PYTHONPATH"]
            else:
                farm.package()
            os.chdir(fresh)
        self.shell = Shell(folder, environment)
        self.left: list[tuple[int, str]] = []

    def go(self) -> None:
        farm.pools(self.ours)
        if self.page in farm.FARM:
            farm.farm(self.ours)
        if self.page in farm.MACHINES:
            farm.machines(self.ours)
        every = list(blocks(self.page))
        for block in every:
            for path in Marks(block).all("beforehand"):
                _write(Path(path), "w", block.text)
        for block in every:
            self.take(block)
        for line, command in reversed(self.left):
            begun = time.monotonic()
            status, output = self.shell.interrupt()
            self.tell(line, f"{command}  # Ctrl-C", begun, status in (0, -2, 130), output)
        self.shell.close()

    def take(self, block: Block) -> None:
        marks = Marks(block)
        for name, mode in (("file", "w"), ("append", "a")):
            for path in marks.all(name):
                _write(Path(path), mode, block.text)
        if block.language in SHELLS and not marks.all("file"):
            for line, command in commands(block):
                self.type(line, command, marks)

    def type(self, line: int, command: str, marks: "Marks") -> None:
        begun = time.monotonic()
        if why := self.why_not(command, marks):
            self.tell(line, command, begun, True, "", why)
            return
        until = marks.of("stays", command)
        if until is not None:
            status, output = self.shell.stay(command, until)
            self.left += [(line, command)] * (status == 0)
        else:
            patience = SLOW if marks.of("slow", command) else PATIENCE
            status, output = self.shell.run(command, patience)
            while status and marks.of("again", command) and time.monotonic() < begun + PATIENCE:
                status, output = self.shell.run(command, patience)
        missing = re.search(r"([\w-]+): command not found", output)
        if missing and missing[1] in IF_THERE:
            self.tell(line, command, begun, True, "", f"no {missing[1]} on this machine")
        else:
            well = status == int(marks.of("exit", command) or 0)
            self.tell(line, command, begun, well, f"{output}\nexit status {status}")

    def why_not(self, command: str, marks: "Marks") -> str:
        if why := marks.of("not run", command):
            return why
        slow = marks.of("slow", command)
        if slow and not self.slow:
            return f"slow, for make docs-test: {slow}"
        for program, why in NEVER.items():
            if self.package and program == "apt" and "install ./" in command:
                continue
            if re.search(rf"{AT}{program}\b", command, re.MULTILINE):
                return why
        return ""

    def tell(
        self, line: int, command: str, begun: float, well: bool, output: str, why: str = ""
    ) -> None:
        seconds = round(time.monotonic() - begun, 2)
        shown = "" if well else output
        for program, other in STOOD_IN.items():
            if re.search(rf"{AT}{program}\b", command) and not why:
                command = f"{command}  # with {other}"
        print(json.dumps(asdict(Outcome(self.page, line, command, well, seconds, why, shown))))


class Marks:
    """What stands before a block about its commands: tests.docs.commands has the list."""

    ALL = ("not run", "slow", "again", "stays", "exit", "file", "append", "beforehand")

    def __init__(self, block: Block) -> None:
        self._marks = [mark.partition(": ") for mark in (" ".join(m.split()) for m in block.marks)]
        for name, colon, _ in self._marks:
            known = (colon and name in self.ALL) or block.language not in SHELLS
            assert known, f"{block}: no mark is called {name!r}"

    def all(self, name: str) -> list[str]:
        return [rest for given, _, rest in self._marks if given == name]

    def of(self, name: str, command: str) -> str | None:
        """What it says of a command: of every one of the block, or of those with a part."""
        for rest in self.all(name):
            part, quoted, value = rest.removeprefix("`").partition("`: ")
            if not rest.startswith("`"):
                return rest
            if quoted and part in command:
                return value
        return None


def _script(path: Path, line: str) -> None:
    _write(path, "w", f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def _write(path: Path, mode: str, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode) as file:
        file.write(text)


if __name__ == "__main__":
    sandbox.enter(Path("/mnt"))
    page, pace, *given = sys.argv[1:]
    found = Path(given[0]) if given else None
    Page(page, slow=pace == "slow", package=found).go()
