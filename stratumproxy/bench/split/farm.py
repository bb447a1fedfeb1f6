"""What is simulated: a farm, what goes wrong with it, and what came of it."""

from dataclasses import dataclass, field
from math import inf
from typing import Literal, get_args

from stratumproxy.errors import BenchError
from stratumproxy.routing.split import Rules, WhenDown

Lie = Literal["", "claims", "idles", "withholds"]
What = Literal["restart", "kill", "down", "weights"]


@dataclass(frozen=True, slots=True)
class Event:
    """What happens besides outages."""

    hour: float
    what: What
    """A restart hands the account on, a kill what was exported last; rates are lost in both."""
    target: int = 0
    """Index of the one that has no pool for some minutes."""
    minutes: float = 0.0
    weights: tuple[float, ...] = ()
    """Those from now on."""


@dataclass(frozen=True, slots=True)
class Farm:
    """A farm for some hours."""

    machines: int
    weights: tuple[float, ...]
    seed: int = 1
    hours: float = 24.0
    shares: float = 12.0
    """A minute and machine."""
    block: float = 600.0
    """Seconds from one to the next, on average."""
    down: float = 0.025
    """Part of the time that each machine is down."""
    outage: float = 1800.0
    """Seconds that this lasts on average."""
    hall: bool = True
    """400 machines of 500 and more, else a third, go dark at noon and are back at two."""
    lie: Lie = ""
    """Of the last machine. `claims`: five times its rate. `idles`: finds nothing for the last
    target. `withholds`: sends no share that reaches the pool's difficulty."""
    accused: float = 2.0
    """The hour at which the audit has found out who withholds."""
    when_down: WhenDown = "others"
    events: tuple[Event, ...] = ()
    rules: Rules = field(default_factory=Rules)

    @property
    def split(self) -> str:
        """Its weights, as people write them."""
        return "/".join(f"{weight:g}" for weight in self.weights)


@dataclass(slots=True)
class Outcome:
    """What came of it. Errors are in points, percent of all work, of the target that is off most.

    All of them are of work that counted, as the simulation added it up, not the controller.
    """

    error: float = 0.0
    """Over the whole time, or since the weights were set."""
    hour: float = 0.0
    """Over the worst hour."""
    moves: int = 0
    off: int = 0
    """Moves that no block carried."""
    seated: int = 0
    """Machines that came back for another target than they had mined for."""
    rescued: int = 0
    """Machines that were moved since their target had no pool."""
    debt: float = 0.0
    """The largest, in seconds of the whole farm."""
    reach: float = 0.0
    """What so many machines can't be expected to keep below, in the same unit."""
    pools: float = 0.0
    """The error by what the pools could credit."""
    plan: float = field(default=0.0, compare=False)
    """The most CPU time, in milliseconds, that one look or plan took."""
    trace: list[tuple[float, ...]] = field(default_factory=list)
    """Hour, and each target's debt in seconds of the whole farm; a point a minute."""


def read_weights(text: str) -> tuple[float, ...]:
    """Weights as people write them: 70/30.

    Raises:
        BenchError: they are none.
    """
    try:
        weights = tuple(float(part) for part in text.split("/"))
    except ValueError:
        weights = ()
    if len(weights) < 2 or not all(0 < weight < 1e9 for weight in weights):
        raise BenchError(f"{text!r} is no split: write weights above 0, such as 70/30")
    return weights


def read_event(text: str) -> Event:
    """An event as `--event` has it: `restart@6`, `kill@6`, `down:2:10@6`, `weights:50/50@6`.

    Raises:
        BenchError: it is none.
    """
    said, _, when = text.partition("@")
    what, *details = said.split(":")
    try:
        hour = _within(when, 0.0)
        if what in ("restart", "kill") and not details:
            return Event(hour, "restart" if what == "restart" else "kill")
        if what == "down":
            target, minutes = details
            if int(target) > 0:
                return Event(hour, "down", int(target) - 1, _within(minutes, 1e-3))
        if what == "weights":
            (weights,) = details
            return Event(hour, "weights", weights=read_weights(weights))
    except ValueError:
        pass
    raise BenchError(
        f"{text!r} is no event: {', '.join(get_args(What))} there are; write restart@6 (the hour), "
        "kill@6, down:2:10@6 (the second target, for 10 minutes) or weights:50/50@6"
    )


def _within(text: str, least: float) -> float:
    number = float(text)
    if not least <= number < inf:
        raise ValueError(text)
    return number
