"""How much downtime windows excuse.

Downtime is the time that machines were there and did not prove to mine. In buckets that lie wholly
within a window all of it is excused. Of a bucket that a window has a part of, each machine's
downtime in it is, but no more than that part is long: it is taken to have been down then.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from stratumproxy.ledger.served import Served
from stratumproxy.statement.presence import Presence
from stratumproxy.statement.windows import Piece


class Excuses:
    """Downtime that is excused, in seconds of machines.

    Args:
        rows: how many rows there are by time.
        windows: how many windows.
    """

    def __init__(self, rows: int, windows: int) -> None:
        self.rows = [0.0] * rows
        self.windows = [0.0] * windows
        self.workers: dict[int, float] = defaultdict(float)
        """Only if it was asked for."""
        self.unknown = False
        """Some of it can't be told, as what machines proved was not counted."""

    def add(self, seconds: float, row: int, window: int) -> None:
        """So much, of a row by time and of a window."""
        self.rows[row] += seconds
        self.windows[window] += seconds


def excuses(
    served: Served,
    presence: Presence,
    edges: Sequence[int],
    pieces: Iterable[Piece],
    windows: int,
    *,
    by_worker: bool,
) -> Excuses:
    """Reckon them.

    Args:
        served: of the tenant.
        presence: of its machines.
        edges: where rows by time begin, and where the last one ends.
        pieces: of windows, disjoint and in order.
        windows: how many windows these are of.
        by_worker: whether it is asked for by worker too.
    """
    found = Excuses(len(edges) - 1, windows)
    kept = served.kept
    whole: list[tuple[int, int]] = []
    # By bucket: which parts of it windows have, and in which row it is.
    parts: dict[tuple[int, int], list[tuple[Piece, int]]] = defaultdict(list)
    for piece, row in _in_rows(pieces, edges):
        begin, end = kept.after(piece.since), kept.before(piece.until)
        if begin > end:  # it is within one bucket
            parts[end, begin].append((piece, row))
            continue
        if begin > piece.since:
            parts[kept.before(piece.since), begin].append((piece._replace(until=begin), row))
        if end < piece.until:
            parts[end, kept.after(piece.until)].append((piece._replace(since=end), row))
        if begin < end:
            proven = served.proven(begin, end)
            found.unknown |= proven is None
            found.add(presence.total(begin, end) - (proven or 0.0), row, piece.window)
            whole.append((begin, end))
    if by_worker:
        _each(found, presence, whole, served.proven_by_worker(whole))
    for (begin, end), those in sorted(parts.items()):
        each = served.proven_by_worker([(begin, end)])
        _part(found, each, presence, (begin, end), those, by_worker=by_worker)
    return found


def _in_rows(pieces: Iterable[Piece], edges: Sequence[int]) -> Iterable[tuple[Piece, int]]:
    """Pieces cut where rows end, each with its row."""
    for piece in pieces:
        for row, (begin, end) in enumerate(pairwise(edges)):
            since, until = max(piece.since, begin), min(piece.until, end)
            if since < until:
                yield piece._replace(since=since, until=until), row


def _each(
    found: Excuses,
    presence: Presence,
    spans: Sequence[tuple[int, int]],
    proven: Mapping[int, float | None],
) -> None:
    """The downtime of each worker in whole buckets."""
    all_of_it = sum(end - begin for begin, end in spans)
    for worker in presence.machines:
        there = (
            all_of_it
            if worker in presence.always
            else sum(presence.seconds(worker, begin, end) for begin, end in spans)
        )
        found.workers[worker] += there - (proven.get(worker, 0.0) or 0.0)


def _part(
    found: Excuses,
    proven: Mapping[int, float | None],
    presence: Presence,
    bucket: tuple[int, int],
    parts: Sequence[tuple[Piece, int]],
    *,
    by_worker: bool,
) -> None:
    """The downtime of each worker in a bucket that windows have parts of."""
    lengths = [piece.until - piece.since for piece, _ in parts]
    sums = [0.0] * len(parts)
    for worker in presence.machines:
        seconds = proven.get(worker, 0.0)
        if seconds is None:
            found.unknown = True
            continue
        if worker in presence.always:
            down, most = bucket[1] - bucket[0] - seconds, lengths
        else:
            down = presence.seconds(worker, *bucket) - seconds
            most = [presence.seconds(worker, piece.since, piece.until) for piece, _ in parts]
        if down <= 0:
            continue
        of_all = 0.0
        for number, longest in enumerate(most):
            excused = min(down - of_all, longest)
            sums[number] += excused
            of_all += excused
        if by_worker:
            found.workers[worker] += of_all
    for (piece, row), excused in zip(parts, sums, strict=True):
        found.add(excused, row, piece.window)
