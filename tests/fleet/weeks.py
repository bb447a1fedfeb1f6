"""Weeks of a farm, machine by machine: boards that die, outages, vardiff, and warm afternoons."""

import os
from array import array
from collections.abc import Callable
from math import pi, sin
from random import Random
from statistics import median_low

from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY, Done
from stratumproxy.fleet.usual import LEAST_HOURS, Known, Usual
from stratumproxy.mining.vardiff import Vardiff
from tests.fleet.farm import poisson

LONG = os.environ.get("STRATUMPROXY_SOAK") == "1"
"""Run the long forms: `make soak`."""

HOUR, DAY = 3600.0, 86_400.0
FRIDAY = 18 * DAY + 17 * HOUR
"""Five in the afternoon, in a third week that begins on a Monday."""
MONDAY = 21 * DAY + 8 * HOUR
"""When somebody comes."""

TH = 1e12
LEARNED_EVERY = 6 * HOUR
WEEKS = 14 * 24
"""Hours that are learned from, as `ledger.usual` has them."""


class Rig:
    """One machine, what it is told to have done, and what is learned of it.

    Args:
        dice: of all that is random.
        rate: hashes a second.
        vardiff: what asks it for its difficulty.
        every: seconds from one telling to the next.
        part: what it does at a time, of its rate; 0 while it is off.
    """

    def __init__(
        self,
        dice: Random,
        rate: float,
        vardiff: Vardiff,
        every: float,
        part: Callable[[float], float],
    ) -> None:
        self._dice = dice
        self._rate = rate
        self._vardiff = vardiff
        self._every = every
        self._part = part
        self._difficulty = rate * 60 / vardiff.shares_per_minute / HASHES_PER_DIFFICULTY
        self._counted = 0, 0.0
        self._hours = array("d")
        self._hour = 0.0
        self.usual = Usual()
        self.turns: list[tuple[float, bool]] = []
        """When it was called slow, or mended."""
        self.now = 0.0

    def learn_from(self, hours: int) -> None:
        """So many hours went by, in which nothing was looked at but what they came to."""
        for hour in range(hours):
            work = self._rate * HOUR / HASHES_PER_DIFFICULTY * self._part((hour + 0.5) * HOUR)
            shares = work / self._difficulty
            self._hours.append(poisson(self._dice, shares) * self._difficulty)
        self.now = hours * HOUR
        self._learn()

    def _learn(self) -> None:
        begin = 0 if self.usual.since is None else int(self.usual.since / HOUR) + 1
        first = max(begin, len(self._hours) - WEEKS)
        worked = [work for work in self._hours[first:] if work]
        if len(worked) >= LEAST_HOURS:
            rate = median_low(worked) * HASHES_PER_DIFFICULTY / HOUR
            self.usual.learn(Known(rate, len(worked)))

    def until(self, end: float) -> None:
        """Mine until then."""
        while self.now < end:
            self.now += self._every
            work = self._rate * self._every / HASHES_PER_DIFFICULTY * self._part(self.now)
            found = poisson(self._dice, work / self._difficulty) if work else 0
            d = self._difficulty
            if found:
                self._hour += found * d
                if self.usual.told(self.now, Done(found * d, found * d * d, found, 0)):
                    self.turns.append((self.now, self.usual.slow))
            self._ask(found)
            if self.now % HOUR < self._every:
                self._hours.append(self._hour)
                self._hour = 0.0
                if self.now % LEARNED_EVERY < self._every:
                    self._learn()

    def _ask(self, found: int) -> None:
        shares, seconds = self._counted[0] + found, self._counted[1] + self._every
        better = self._vardiff.retarget(self._difficulty, shares, seconds)
        if better is not None:
            self._difficulty, shares, seconds = better, 0, 0.0
        elif self._vardiff.is_long(seconds):
            shares, seconds = shares // 2, seconds / 2
        self._counted = shares, seconds


def vardiff(shares_per_minute: float = 12.0, enabled: bool = True) -> Vardiff:
    """As it is by default, or not at all."""
    return Vardiff(8192.0, 1.0, 1e12, shares_per_minute, 60.0, enabled)


def weather(dice: Random, swing: float) -> Callable[[float], float]:
    """It is warm in the afternoon, of some days more than of others."""
    days = [swing * dice.random() for _ in range(60)]
    return lambda now: 1 - days[int(now // DAY)] * max(sin((now % DAY / DAY - 0.3) * 2 * pi), 0)


def outages(dice: Random, days: float, a_week: float) -> Callable[[float], float]:
    """It is off now and then, for two minutes or for half a day."""
    times = []
    for _ in range(poisson(dice, days / 7 * a_week)):
        begin = dice.random() * days * DAY
        times.append((begin, begin + dice.choice((120, 300, 900, 2400, 6000, 40_000))))
    return lambda now: 0.0 if any(begin <= now < end for begin, end in times) else 1.0
