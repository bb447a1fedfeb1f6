"""What the tests of the shell share."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from tests.net.network import World


@pytest.fixture
def descriptors() -> Callable[[], set[str]]:
    """What this process has open: file descriptors, and what they are."""

    def read() -> set[str]:
        found = set()
        for entry in Path("/proc/self/fd").iterdir():
            try:
                found.add(f"{entry.name} {entry.readlink()}")
            except FileNotFoundError:
                continue  # the directory itself, which was open while it was read
        return found

    return read


@pytest.fixture
def world(monkeypatch) -> World:
    random.seed(1)  # of the jitter
    world = World()
    monkeypatch.setattr(trio, "open_tcp_stream", world.dial)
    return world
