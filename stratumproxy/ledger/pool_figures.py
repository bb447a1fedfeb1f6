"""A pool's own figures, from a CSV or JSON file: how much it credited, by time or by worker."""

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from stratumproxy.errors import StratumProxyError
from stratumproxy.ledger.period import as_text, parse_moment

MAX_BYTES = 64 << 20

COLUMNS = ("start", "worker", "shares", "work")


class FiguresError(StratumProxyError):
    """A file has no such figures: which line, what is wrong, what was expected."""


class Figure(NamedTuple):
    """What a pool says of a time or a worker; None for what it does not say."""

    shares: float | None
    work: float | None
    """In shares of difficulty 1: the sum of the difficulties of the credited shares."""

    def plus(self, other: "Figure") -> "Figure":
        """Both together."""
        return Figure(_plus(self.shares, other.shares), _plus(self.work, other.work))


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """The rows of a file, in its order. Rows of one time, or one worker, add up."""

    rows: list[tuple[float | str, Figure]]

    def by_time(self, since: int, until: int, step: int) -> tuple[dict[int, Figure], list[str]]:
        """By start of the step that a row's start is in; and the starts outside, as text."""
        found: dict[int, Figure] = {}
        outside = []
        for start, figure in self.rows:
            assert isinstance(start, float)
            if since <= start < until:
                key = int(start // step) * step
                found[key] = found.get(key, Figure(None, None)).plus(figure)
            else:
                outside.append(as_text(start))
        return found, outside

    def by_worker(self) -> dict[str, Figure]:
        """By worker."""
        found: dict[str, Figure] = {}
        for name, figure in self.rows:
            assert isinstance(name, str)
            found[name] = found.get(name, Figure(None, None)).plus(figure)
        return found


def read_figures(path: Path, by_worker: bool) -> PoolFigures:
    """Read a pool's figures.

    Args:
        path: a JSON file if its first character is ``[``, else CSV with a header line, commas
            between columns. Each row has ``worker``, or ``start`` (a date or time such as
            ``2026-11-01T06:00``, UTC unless it says otherwise, or Unix seconds), and ``shares`` (a
            number), or ``work`` (the sum of their difficulties), or both. Other columns are left
            aside.
        by_worker: whether ``worker`` is wanted, or else ``start``.

    Raises:
        FiguresError: the file can't be read, or is something else.
    """
    key = "worker" if by_worker else "start"
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode("utf-8-sig")
    except OSError as error:
        raise FiguresError(f"{path}: can't be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise FiguresError(f"{path}: not UTF-8; save it as that") from None
    if len(text) > MAX_BYTES:
        raise FiguresError(f"{path}: longer than {MAX_BYTES >> 20} MiB; no pool tells as much")
    rows = _of_json(path, text) if text.lstrip().startswith("[") else _of_csv(path, text, key)
    return PoolFigures([_row(where, row, key) for where, row in rows])


def _of_csv(path: Path, text: str, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if key not in header or not {"shares", "work"} & set(header):
            raise FiguresError(
                f"{path}:1: the header needs {key!r}, and 'shares' or 'work' or both; "
                f"it has {', '.join(map(repr, header)) or 'nothing'}"
            )
        for values in reader:
            where = f"{path}:{reader.line_num}"
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(header):
                raise FiguresError(
                    f"{where}: {len(values)} columns where the header has {len(header)}"
                )
            yield (
                where,
                {
                    name: value.strip()
                    for name, value in zip(header, values, strict=True)
                    if value.strip()
                },
            )
    except csv.Error as error:
        raise FiguresError(f"{path}:{reader.line_num}: not CSV: {error}") from None


def _of_json(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise FiguresError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise FiguresError(f"{path}: no JSON that can be used") from None
    for number, row in enumerate(rows, start=1):
        where = f"{path}: entry {number}"
        if not isinstance(row, dict):
            raise FiguresError(f"{where}: not an object with {', '.join(COLUMNS)}")
        yield where, row


def _row(where: str, row: dict[str, Any], key: str) -> tuple[float | str, Figure]:
    if key not in row:
        raise FiguresError(f"{where}: {key} is missing")
    if "shares" not in row and "work" not in row:
        raise FiguresError(f"{where}: neither shares nor work")
    figure = Figure(*(_number(where, name, row.get(name)) for name in ("shares", "work")))
    if key == "worker":
        return str(row[key]), figure
    try:
        return parse_moment(str(row[key])), figure
    except ValueError as error:
        raise FiguresError(f"{where}: start: {error}") from None


def _number(where: str, name: str, value: object) -> float | None:
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise FiguresError(f"{where}: {name}: expected a number from 0 on, not {value!r}")
    return number


def _plus(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
