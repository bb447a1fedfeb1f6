"""A line of the log that must not be told as often as what it tells of happens."""

import trio

PAUSE = 60.0
"""Seconds from one such line to the next."""


class Seldom:
    """Says when the line may be told again."""

    def __init__(self) -> None:
        self._told = -float("inf")

    def due(self) -> bool:
        """Whether it may be told now, which is then taken to be done."""
        now = trio.current_time()
        due = now - self._told >= PAUSE
        self._told = now if due else self._told
        return due
