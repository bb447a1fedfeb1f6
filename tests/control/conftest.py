"""What the tests of the control plane share."""

from collections.abc import Awaitable, Callable

import pytest
import trio

MOMENT = 60
"""Seconds after which a test is taken to hang."""


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Wait for any condition, letting every other task run."""

    async def wait(condition: Callable[[], object]) -> None:
        with trio.fail_after(MOMENT):
            while not condition():  # noqa: ASYNC110 nobody sets an event for a test
                await trio.sleep(0.005)

    return wait
