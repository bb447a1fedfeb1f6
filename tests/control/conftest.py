"""What the tests of the control plane share."""

from collections.abc import Awaitable, Callable

import pytest

from tests import waiting

MOMENT = 60
"""Seconds after which a test is taken to hang."""


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Wait for any condition, letting every other task run."""
    return waiting.until
