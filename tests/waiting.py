"""Waiting for what another task or process does: for as long as a slow machine may take."""

import os
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
