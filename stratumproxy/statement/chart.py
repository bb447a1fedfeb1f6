"""Days as an SVG: bars for the hashrate, a line for the uptime."""

from collections.abc import Sequence
from html import escape

from stratumproxy.statement.statement import Row
from stratumproxy.statement.words import percent, rate

WIDTH, HEIGHT = 720, 170
LEFT, TOP, BOTTOM = 62, 12, 20
LABELS = 16
"""Days that are named at most."""

LOWEST = (0.99, 0.95, 0.9, 0.8, 0.5, 0.0)
"""Where the axis of the uptime may begin: 99.5 % and 99.9 % are not the same to anybody."""


def chart(rows: Sequence[Row]) -> str:
    """Of days in order."""
    ups = [row.figures.uptime for row in rows if row.figures.uptime is not None]
    low = next(lowest for lowest in LOWEST if lowest <= min(ups, default=0.0))
    high = max(row.figures.hashrate for row in rows) or 1.0
    slot = (WIDTH - 2 * LEFT) / len(rows)
    floor = HEIGHT - BOTTOM
    full = floor - TOP
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="hashrate and uptime by day, as in the table">'
    ]
    for part in (0.0, 0.5, 1.0):
        y = floor - part * full
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - LEFT}" stroke="#e0e4ec"/>')
        parts.append(_text(LEFT - 5, y + 3, rate(part * high) if part else "0", "end"))
        parts.append(
            _text(WIDTH - LEFT + 5, y + 3, f"{100 * (low + part * (1 - low)):.4g} %", "start")
        )
    points: list[list[str]] = [[]]
    for number, row in enumerate(rows):
        of, x = row.figures, LEFT + (number + 0.5) * slot
        tall = of.hashrate / high * full
        title = escape(f"{row.name}: {rate(of.hashrate)}, {percent(of.uptime)} up")
        parts.append(
            f'<rect x="{x - 0.38 * slot:.1f}" y="{floor - tall:.1f}" width="{0.76 * slot:.1f}" '
            f'height="{tall:.1f}" fill="#8fb3e8"><title>{title}</title></rect>'
        )
        if number % -(-len(rows) // LABELS) == 0:
            parts.append(_text(x, HEIGHT - 5, row.name[5:], "middle"))
        if of.uptime is None:
            points.append([])
        else:
            up = (of.uptime - low) / (1 - low) * full
            points[-1].append(f"{x:.1f},{floor - up:.1f}")
    parts += (
        f'<polyline points="{" ".join(line)}" fill="none" stroke="#b4501e" stroke-width="1.6"/>'
        for line in points
        if line
    )
    parts.append(_text(LEFT, 8, "bars: hashrate, left", "start"))
    parts.append(_text(WIDTH - LEFT, 8, "line: uptime, right", "end"))
    return "".join([*parts, "</svg>"])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="8.5" fill="#566074">'
        f"{escape(text)}</text>"
    )
