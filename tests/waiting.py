"""Waiting for what another task or process does: for as long as a slow machine may take."""

import os
import signal
from collections.abc import Callable

import trio

PATIENCE = 120
"""Seconds after which a test is taken to hang. None takes a tenth of it."""


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition of any kind, letting every other task run."""
    with trio.fail_after(PATIENCE):
        while not condition():  # noqa: ASYNC110 nobody sets an event for a test
            await trio.sleep(0.005)


def alive(process: int) -> bool:
    """Whether there is such a process, were it a dead one that nobody has asked after."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def stand_still(process: int) -> None:
    """Stop a child with SIGSTOP, and wait until all its threads have heeded it.

    The signal reaches one of them, that tells the others: on a busy machine they go on meanwhile.
    """
    os.kill(process, signal.SIGSTOP)
    look = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
    await until(lambda: os.waitid(os.P_PID, process, look))
