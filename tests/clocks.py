"""Clocks that tests turn."""

from stratumproxy.telemetry.clock import Clock


class Time:
    """Both clocks of a machine.

    Args:
        now: Unix seconds, as it begins.
    """

    def __init__(self, now: float) -> None:
        self.wall = self._began = now
        self.passed = 0.0
        self.clock = self.clock_of_a_new_process()

    def clock_of_a_new_process(self) -> Clock:
        """What a process that starts now goes by."""
        return Clock(lambda: self.wall, lambda: self.passed)

    def passes(self, seconds: float) -> None:
        """Time, on both."""
        self.wall += seconds
        self.passed += seconds

    def jumps(self, seconds: float) -> None:
        """The wall clock, on its own."""
        self.wall += seconds


def at(now: float) -> Clock:
    """A clock that stands still."""
    return Time(now).clock
