"""A process of ours that is kept running: told what to do, listened to, and started again.

It is told by lines on its standard input, the newest of which is the first that a new start gets.
The end of that input, or SIGTERM, asks it to stop, so none outlives whoever started it. By lines on
its standard output it says that it is alive; one that is silent for too long is killed.
"""

import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
import trio

from stratumproxy.errors import ProtocolError
from stratumproxy.protocol.v1.framing import split_lines

LINE_LIMIT = 1 << 20
"""Bytes of a line that it says; a snapshot has some 500 a pool."""

RESTART_PAUSE = 0.2
"""Seconds before a process that ended is started again; doubled each time it ends soon."""

LONGEST_PAUSE = 5.0
LIVED = 10.0
"""Seconds after which it counts as having run well."""

RESTART_GRACE = 5.0
"""Seconds that it has to stop in when another is to take its place."""

LOOK_EVERY = 1.0
LOOKS = 30
"""Looks without a line, which comes once a second, after which it is taken to hang. Looks are
counted and not seconds: a supervisor that was itself frozen for a while looks only once."""

LAST_LOOKS = 3
"""The same at the stop for one that finishes, once it has said anything: there has to be time for
another to do what it does not."""

KILL_SECONDS = 2.0
"""Seconds that one that was killed is waited for. It may be in the middle of a system call that
nothing ends, such as on a disk that hangs; then it is left to its fate."""

FINE = "exit status 0"
UNENDED = "killed, and still there: it hangs in a system call"


class Child:
    """One process at a time. `keep` runs it.

    Args:
        what: such as ``a mining process``: what the log calls it.
        command: how it is started.
        descriptors: what it inherits, under the numbers they have here.
        line: what it is told first, without a line feed.
        hear: given each line it says; whether that is a sign of life.
        ended: called when it is gone, however that came.
        starting: called at each start, for what its command has besides.
        finishes: it is told to stop by the end of its input alone, and if it is not there then, it
            is started once more: there is something that it must not leave undone.
        values: what the log says of it beside its name.
    """

    def __init__(
        self,
        what: str,
        command: Sequence[str],
        descriptors: Sequence[int],
        line: bytes,
        *,
        hear: Callable[[bytes], bool],
        ended: Callable[[], None] = lambda: None,
        starting: Callable[[], Sequence[str]] = tuple,
        finishes: bool = False,
        **values: object,
    ) -> None:
        self.process: trio.Process | None = None
        """None while there is none: before the start, and in the pause before the next."""
        self._heard = trio.Event()
        self._what = what
        self._command = command
        self._descriptors = descriptors
        self._line = line
        self._hear = hear
        self._ended = ended
        self._starting = starting
        self._finishes = finishes
        self._values = values
        self._log = structlog.get_logger()
        self._told = trio.Event()
        self._stopping = trio.Event()
        self._restarts = trio.Event()
        self._silent = 0
        self._spoke = False
        """Whether this one has ever said anything."""
        self._hurried = False

    def tell(self, line: bytes) -> None:
        """Tell it something else from now on."""
        self._line = line
        self._told.set()
        self._told = trio.Event()

    def restart(self, line: bytes) -> None:
        """Start another in its place, one that is told this."""
        self._line = line
        self._restarts.set()

    async def up(self) -> None:
        """Wait until the one that runs, or the next, says that it is there; the stop is near."""
        self._hurried = True
        if self._silent > 1:  # a line may come between any two looks
            self._heard = trio.Event()
        await self._heard.wait()

    def stop(self) -> None:
        """Ask it to stop, and start no other; `keep` returns when it is gone."""
        self._stopping.set()
        self._hurried = self._finishes
        self._told.set()
        if self.process is not None and not self._finishes:
            self.process.send_signal(signal.SIGTERM)

    async def keep(self) -> None:
        """Run it, and another when it ends, until `stop`. Cancelled, it is killed."""
        pause = RESTART_PAUSE
        while self._finishes or not self._stopping.is_set():
            started, last = trio.current_time(), self._stopping.is_set()
            self._restarts = trio.Event()
            status = await self._run()
            if last or (self._stopping.is_set() and (status == FINE or not self._finishes)):
                return
            if self._restarts.is_set():
                continue
            pause = RESTART_PAUSE if trio.current_time() - started > LIVED else pause
            self._log.error(
                f"{self._what} ended and is started again",
                status=status,
                again_in_seconds=pause,
                **self._values,
            )
            with trio.move_on_after(pause):
                await self._stopping.wait()
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run(self) -> str:
        """Run one from its start to its end.

        Returns:
            How it ended, in words.
        """
        try:
            process = await trio.lowlevel.open_process(
                [*self._command, *self._starting()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=self._descriptors,
                start_new_session=True,  # Ctrl-C is for the supervisor, who passes it on
            )
        except OSError as error:
            return f"it could not be started: {error.strerror}"
        self.process = process
        if self._stopping.is_set() and not self._finishes:
            process.send_signal(signal.SIGTERM)  # the others were sent it meanwhile
        try:
            await self._attend(process)
        finally:
            process.kill()
            with trio.move_on_after(KILL_SECONDS, shield=True):
                await process.wait()
            self.process = None
            if self._heard.is_set():
                self._heard = trio.Event()
            self._ended()
        return UNENDED if process.returncode is None else _status(process.returncode)

    async def _attend(self, process: trio.Process) -> None:
        """Tell it what to do, and hear it, until it ends or has to be killed."""
        assert process.stdin is not None
        assert process.stdout is not None
        self._silent, self._spoke = 0, False
        async with process.stdin, process.stdout, trio.open_nursery() as nursery:
            nursery.start_soon(self._tell, process.stdin)
            nursery.start_soon(self._watch, process, nursery.cancel_scope)
            nursery.start_soon(self._end_if_asked, process, nursery.cancel_scope)
            await self._listen(process, process.stdout)
            await process.wait()
            nursery.cancel_scope.cancel()

    async def _tell(self, stdin: trio.abc.SendStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # it ends
            async with stdin:
                while True:
                    told = self._told
                    await stdin.send_all(self._line + b"\n")
                    await told.wait()
                    if self._stopping.is_set():
                        break

    async def _listen(self, process: trio.Process, stdout: trio.abc.ReceiveStream) -> None:
        tail = b""
        try:
            async for data in stdout:
                lines, tail = split_lines(tail, bytes(data), LINE_LIMIT)
                for line in lines:
                    if self._hear(line):
                        self._silent, self._spoke = 0, True
                        self._heard.set()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        except ProtocolError:
            process.kill()

    async def _watch(self, process: trio.Process, attending: trio.CancelScope) -> None:
        """Give it up when it hangs, be it stopped (SIGSTOP) or in a system call."""
        while self._silent < (LAST_LOOKS if self._hurried and self._spoke else LOOKS):
            await trio.sleep(LOOK_EVERY)
            self._silent += 1
        attending.cancel()
        self._log.error(
            f"{self._what} hangs and is killed; please report it",
            pid=process.pid,
            silent_for_seconds=self._silent * LOOK_EVERY,
            **self._values,
        )

    async def _end_if_asked(self, process: trio.Process, attending: trio.CancelScope) -> None:
        await self._restarts.wait()
        process.send_signal(signal.SIGTERM)
        await trio.sleep(RESTART_GRACE)
        attending.cancel()


def _status(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
