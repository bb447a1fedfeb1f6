"""A shell that a page's commands are typed into, one after the other."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.docs.pages import Block
from tests.waiting import PATIENCE

SHELLS = ("sh", "console")
"""Languages of the blocks that are commands."""


def commands(block: Block) -> Iterator[tuple[int, str]]:
    """Each command of a block, with its line in the page. One may take several lines."""
    prompted = block.language == "console"
    begun, text = 0, ""
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if prompted and not line.startswith(("$ ", "> ")):
            continue
        if not text and (not line.strip() or line.startswith("#")):
            continue
        begun = begun if text else number
        text += (line[2:] if prompted else line) + "\n"
        if _whole(text):
            yield begun, text.rstrip("\n")
            text = ""
    assert not text, f"{block}: this command does not end: {text}"


def _whole(text: str) -> bool:
    if text.endswith("\\\n"):
        return False
    read = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    return read.returncode == 0 and not read.stderr


class Shell:
    """bash, in which functions and variables of one command are there for the next.

    Args:
        folder: for what it needs itself.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._count = 0
        self._stay: list[tuple[subprocess.Popen[bytes], Path]] = []
        self._start()

    def _start(self) -> None:
        """Each has a pipe of its own: what one that was ended said last is no other's answer."""
        self._answers, self._theirs = os.pipe()
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            pass_fds=[self._theirs],
            env=self._environment,
            start_new_session=True,
        )

    def run(self, command: str, patience: float) -> tuple[int, str]:
        """Its exit status, and what it printed.

        The status is -1 if it has no end within so many seconds, or ends the shell: what follows
        it is typed into a new one then.
        """
        script, output = self._next(command)
        line = f"source {script} >{output} 2>&1 </dev/null; echo $? >&{self._theirs}\n"
        assert self._bash.stdin is not None
        self._bash.stdin.write(line.encode())
        self._bash.stdin.flush()
        try:
            status = self._answer(patience)
        except (TimeoutError, EOFError) as error:
            self._end()
            self._start()
            return -1, f"{output.read_text(errors='replace')}\n{error}"
        return status, output.read_text(errors="replace")

    def stay(self, command: str, until: str) -> tuple[int, str]:
        """Leave it running once it has printed something; the status is 0 then."""
        script, output = self._next(command)
        with output.open("wb") as file:
            process = subprocess.Popen(
                ["bash", script],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=self._environment,
                start_new_session=True,
            )
        self._stay.append((process, output))
        end = time.monotonic() + PATIENCE
        while until not in output.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > end:
                self._stay.pop()
                printed = output.read_text(errors="replace")
                return process.returncode or -1, f"{printed}\nnever printed {until!r}"
            time.sleep(0.02)
        return 0, ""

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C for what was left running last: its status, and what it printed."""
        process, output = self._stay.pop()
        os.killpg(process.pid, signal.SIGINT)
        status = process.wait(PATIENCE)
        return status, output.read_text(errors="replace")

    def _next(self, command: str) -> tuple[Path, Path]:
        self._count += 1
        script = self._folder / f"{self._count}.sh"
        script.write_text(command + "\n")
        output = self._folder / f"{self._count}.out"
        output.touch()  # there to be read, were bash too slow to have come to it
        return script, output

    def _answer(self, patience: float) -> int:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            ended = self._bash.poll() is not None
            if select.select([self._answers], [], [], 0 if ended else 0.1)[0]:
                return int(os.read(self._answers, 100))
            if ended:
                raise EOFError("it ended the shell")
        raise TimeoutError(f"no end after {patience} s")

    def close(self) -> None:
        """End everything."""
        while self._stay:
            self.interrupt()
        self._end()

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.wait()
        assert self._bash.stdin is not None
        self._bash.stdin.close()
        os.close(self._answers)
        os.close(self._theirs)
