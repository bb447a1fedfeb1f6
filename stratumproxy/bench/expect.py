"""Expectations: ``reply.p99 <= 25 ms``, ``cpu.share <= 2.5 floor``, and the like."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from stratumproxy.bench.figures import BY_NAME, Value

Base = Literal["", "floor", "first"]

_FORM = re.compile(
    r"""(?P<figure>[\w.]+) \s* (?P<sign><=|>=|==|<|>) \s*
    (?: (?P<plus>floor|first) \s* \+ \s* )?
    (?P<number>\d[\d_]*(?:\.\d+)?(?:e-?\d+)?) \s* (?P<unit>\S.*)?""",
    re.VERBOSE,
)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
_SIZES = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6}
_BYTES = {"MiB": 1024.0, "KiB": 1.0}


class Medians(Protocol):
    """Where figures come from: a scenario's outcome."""

    def median(self, server: str, figure: str) -> Value:
        """Of a figure over the repeats."""

    def ratio(self, server: str, figure: str, base: str) -> Value:
        """The median of the ratios to another server, each of one round."""

    def named(self, base: Base) -> str:
        """The server that ``floor`` or ``first`` is."""


@dataclass(frozen=True)
class Expectation:
    """What must come out."""

    text: str
    figure: str
    sign: str
    number: float
    """A factor of the base, or in the figure's unit."""
    base: Base = ""
    more: bool = False
    """`number` comes on top of the base's figure, and is no factor."""

    @classmethod
    def parse(cls, text: str) -> "Expectation":
        """Understand it.

        Raises:
            ValueError: it is not of that form; says what is wrong.
        """
        match = _FORM.fullmatch(text.strip())
        if not match:
            raise ValueError(f'{text!r} is no expectation such as "reply.p99 <= 25 ms"')
        name, unit = match["figure"], (match["unit"] or "").strip()
        if name not in BY_NAME:
            raise ValueError(f"{text!r}: there is no figure {name!r}, only {', '.join(BY_NAME)}")
        number = float(match["number"])
        base: Base = ""
        if unit in ("floor", "first") and not match["plus"]:
            base = "floor" if unit == "floor" else "first"
        else:
            number *= _factor(text, unit, BY_NAME[name].unit)
        if plus := match["plus"]:
            base = "floor" if plus == "floor" else "first"
        return cls(text, name, match["sign"], number, base, more=bool(match["plus"]))

    def value(self, server: str, medians: Medians) -> Value:
        """What is compared: the figure, its ratio to the base, or what it has more."""
        if not self.base:
            return medians.median(server, self.figure)
        base = medians.named(self.base)
        if not self.more:
            return medians.ratio(server, self.figure, base)
        mine, its = (medians.median(each, self.figure) for each in (server, base))
        return None if mine is None or its is None else mine - its

    def met(self, value: Value) -> bool:
        """Whether that will do. What was not measured does not."""
        return value is not None and _SIGNS[self.sign](value, self.number)


def _factor(text: str, unit: str, own: str) -> float:
    """From a unit as it was written to the figure's own."""
    if not unit or unit == own or unit == own.partition(" ")[0]:
        return 1.0
    for sizes in (_SIZES, _BYTES):
        if unit in sizes and own in sizes:
            return sizes[unit] / sizes[own]
    raise ValueError(f"{text!r}: the figure is in {own or 'no unit'}, not in {unit!r}")
