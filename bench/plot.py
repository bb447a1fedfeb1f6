"""Charts as SVG, written by hand: three panels with logarithmic axes need no library."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 40, 46
COLOURS = {"floor": "#8a8a8a", "proxy": "#d9480f"}
OTHER = "#1971c2"

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

    def svg(self, left: float) -> str:
        """The chart, `left` pixels from the edge."""
        parts = [f'<g transform="translate({left:g} 0)">', _text(LEFT, 22, self.title, bold=True)]
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
            parts += self._curve(name, curve, width, height)
            parts.append(
                _text(
                    LEFT + width - 8,
                    TOP + 15 + 15 * number,
                    name,
                    anchor="end",
                    colour=COLOURS.get(name, OTHER),
                )
            )
        return "\n".join([*parts, "</g>"])

    def _curve(self, name: str, curve: Curve, width: float, height: float) -> list[str]:
        colour = COLOURS.get(name, OTHER)
        points = [
            (LEFT + self.x.place(x) * width, TOP + (1 - self.y.place(y)) * height) for x, y in curve
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
        if self.dots:
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points
            ]
        return parts


def document(panels: Sequence[Panel], note: str) -> str:
    """Panels side by side, with a line of text under them."""
    width, height = WIDTH * len(panels), HEIGHT + 22
    body = "\n".join(panel.svg(WIDTH * number) for number, panel in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11">\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n{body}\n'
        f"{_text(LEFT, height - 8, note, colour='#777777')}\n</svg>\n"
    )


def _short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#e3e3e3"/>'


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'


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
