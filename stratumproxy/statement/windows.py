"""Times for which downtime is excused: what was agreed, and what was the pool's or the proxy's."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Kind = Literal["agreed", "pool", "proxy"]
KINDS: dict[Kind, str] = {
    "agreed": "excused by agreement",
    "pool": "no pool could be mined on",
    "proxy": "the proxy did not serve, or did not record",
}
"""Where two windows overlap, time goes to the kind that is first here."""


class Window(NamedTuple):
    """From when to when, and why."""

    since: float
    """Unix seconds."""
    until: float
    why: str
    kind: Kind = "agreed"
    proof: str = ""
    """Where in the ledger it can be looked up; empty for what was agreed."""


class Piece(NamedTuple):
    """A part of a window that no other one has."""

    since: float
    until: float
    window: int
    """Which it is of, by its place."""


def disjoint(windows: Sequence[Window]) -> list[Piece]:
    """Their time, each second once, in order of time."""
    order = {kind: place for place, kind in enumerate(KINDS)}
    ranked = sorted(range(len(windows)), key=lambda n: (order[windows[n].kind], windows[n].since))
    taken: list[Piece] = []
    for number in ranked:
        window = windows[number]
        taken += [
            Piece(since, until, number)
            for since, until in _without(window.since, window.until, taken)
        ]
        taken.sort()
    return taken


def _without(since: float, until: float, taken: Iterable[Piece]) -> list[tuple[float, float]]:
    """What of a stretch is left beside what is taken, which is in order and disjoint."""
    left = []
    for piece in taken:
        if piece.since > since:
            left.append((since, min(until, piece.since)))
        since = max(since, piece.until)
        if since >= until:
            break
    left.append((since, until))
    return [(begin, end) for begin, end in left if begin < end]
