"""Panels with curves and bars as SVG, written by hand: they need no library."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 46, 46
COLUMNS = 3
GREY = "#8a8a8a"
COLOURS = ("#d9480f", "#1971c2", "#2f9e44", "#9c36b5", "#e8a100", "#0c8599", "#c2255c", "#5c4033")

Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """One axis: its name, and the values its lines stand at; logarithmic, or linear from 0."""

    name: str
    ticks: Sequence[float]
    logarithmic: bool = True
    labels: Sequence[str] = ()

    def place(self, value: float) -> float:
        """Where a value lies, from 0 to 1."""
        low, high = self.ticks[0], self.ticks[-1]
        if self.logarithmic:
            value, low, high = math.log(max(value, low)), math.log(low), math.log(high)
        return min(max((value - low) / (high - low), 0.0), 1.0)

    def marks(self) -> list[tuple[float, str]]:
        """The lines: place and label."""
        labels = self.labels or [_short(tick) for tick in self.ticks]
        return [(self.place(t), label) for t, label in zip(self.ticks, labels, strict=True)]


@dataclass(frozen=True)
class Panel:
    """One chart."""

    title: str
    x: Axis
    y: Axis
    curves: dict[str, Curve]
    dots: bool = True
    note: str = ""
    """A second line under the title."""
    names_low: bool = False
    """The names stand at the lower left, where these curves leave room."""

    def svg(self, left: float, top: float) -> str:
        """The chart, so many pixels from the edges."""
        parts = _opened(left, top, self.title, self.note)
        width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        for place, label in self.x.marks():
            x = LEFT + place * width
            parts.append(_line(x, TOP, x, TOP + height))
            parts.append(_text(x, TOP + height + 15, label, anchor="middle"))
        for place, label in self.y.marks():
            y = TOP + (1 - place) * height
            parts.append(_line(LEFT, y, LEFT + width, y))
            parts.append(_text(LEFT - 5, y + 4, label, anchor="end"))
        parts.append(_text(LEFT + width / 2, HEIGHT - 10, self.x.name, anchor="middle"))
        parts.append(
            f'<g transform="translate(14 {TOP + height / 2:g}) rotate(-90)">'
            f"{_text(0, 0, self.y.name, anchor='middle')}</g>"
        )
        for number, (name, curve) in enumerate(self.curves.items()):
            colour = colour_of(name, self.curves)
            parts += self._curve(colour, curve, width, height)
            x, y, anchor = LEFT + width - 8, TOP + 15 + 15 * number, "end"
            if self.names_low:
                x, y, anchor = LEFT + 8, TOP + height - 8 - 15 * number, "start"
            parts.append(_text(x, y, name, anchor=anchor, colour=colour))
        return "\n".join([*parts, "</g>"])

    def _curve(self, colour: str, curve: Curve, width: float, height: float) -> list[str]:
        points = [
            (LEFT + self.x.place(x) * width, TOP + (1 - self.y.place(y)) * height) for x, y in curve
        ]
        # Of many points in one place, one is enough.
        path = " ".join(dict.fromkeys(f"{x:.0f},{y:.0f}" for x, y in points))
        parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
        if self.dots:
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points
            ]
        return parts


@dataclass(frozen=True)
class Bars:
    """One chart of a bar for each name, with what is written on it; none without a value."""

    title: str
    bars: dict[str, tuple[float | None, str]]
    note: str = ""

    def svg(self, left: float, top: float) -> str:
        """The chart, so many pixels from the edges."""
        parts = _opened(left, top, self.title, self.note)
        most = max((value for value, _ in self.bars.values() if value), default=1.0)
        x, room = 150, WIDTH - 150 - 90
        step = min(30.0, (HEIGHT - TOP - BOTTOM) / len(self.bars))
        for number, (name, (value, said)) in enumerate(self.bars.items()):
            y = TOP + 10 + step * number
            length = room * (value or 0) / most
            parts.append(
                f'<rect x="{x}" y="{y:.1f}" width="{length:.1f}" height="{step * 0.6:.1f}" '
                f'fill="{colour_of(name, self.bars)}"/>'
            )
            parts.append(_text(x - 5, y + step * 0.45, name, anchor="end"))
            parts.append(_text(x + length + 5, y + step * 0.45, said))
        return "\n".join([*parts, "</g>"])


def colour_of(name: str, names: Iterable[str]) -> str:
    """The floor is grey; the others have a colour each, by their order."""
    others = [each for each in names if each != "floor"]
    return COLOURS[others.index(name) % len(COLOURS)] if name in others else GREY


def document(panels: Sequence[Panel | Bars], note: str) -> str:
    """Panels, three in a row, with a line of text under them."""
    columns = min(COLUMNS, len(panels))
    width, height = WIDTH * columns, HEIGHT * -(-len(panels) // COLUMNS) + 22
    places = [(WIDTH * (n % COLUMNS), HEIGHT * (n // COLUMNS)) for n in range(len(panels))]
    body = "\n".join(panel.svg(*at) for panel, at in zip(panels, places, strict=True))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11">\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n{body}\n'
        f"{_text(LEFT, height - 8, note, colour='#777777')}\n</svg>\n"
    )


def _opened(left: float, top: float, title: str, note: str) -> list[str]:
    """The beginning of a chart."""
    return [
        f'<g transform="translate({left:g} {top:g})">',
        _text(14, 20, title, bold=True),
        _text(14, 34, note, colour=GREY),
    ]


def _short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#e3e3e3"/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    colour: str = "#333333",
    bold: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>'
        f"{escape(text)}</text>"
    )
