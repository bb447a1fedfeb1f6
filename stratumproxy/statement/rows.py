"""A statement's rows as CSV: exact figures, and no name that a spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Callable

from stratumproxy.statement.statement import Figures, Row, Statement
from stratumproxy.statement.words import plain

FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How what a spreadsheet reckons begins, in both widths: OWASP, "CSV Injection"."""

COLUMNS: dict[str, Callable[[Figures], object]] = {
    "seconds": lambda of: of.seconds,
    "machines": lambda of: of.machines,
    "accepted": lambda of: of.accepted,
    "work": lambda of: of.work,
    "hashrate": lambda of: of.hashrate,
    "error": lambda of: of.error,
    "rejected": lambda of: of.rejected,
    "reasons": lambda of: safe("; ".join(f"{text}: {n}" for text, n in of.reasons.items())),
    "refused_work": lambda of: of.refused_work,
    "expected": lambda of: of.expected,
    "sent": lambda of: of.forwarded,
    "credited": lambda of: of.credited,
    "credited_work": lambda of: of.credited_work,
    "pool_rejected": lambda of: of.pool_rejected,
    "timed_out": lambda of: of.timed_out,
    "lost": lambda of: of.lost,
    "machine_seconds": lambda of: of.machine_seconds,
    "proven_seconds": lambda of: of.proven_seconds,
    "excused_seconds": lambda of: of.excused_seconds,
    "down_seconds": lambda of: of.down_seconds,
    "uptime": lambda of: of.uptime,
}
"""By name; what is not known is empty."""


def as_csv(statement: Statement) -> str:
    """A header, a line for each row, and the total; `since` and `until` are Unix seconds."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([statement.by, "since", "until", *COLUMNS])
    total = Row("Total", statement.since, statement.until, statement.total)
    for row in (*statement.rows, total):
        figures = (column(row.figures) for column in COLUMNS.values())
        # An empty string, as None would be written, is quoted, and no spreadsheet minds.
        writer.writerow(
            [safe(row.name), row.since, row.until, *("" if of is None else of for of in figures)]
        )
    return out.getvalue()


def safe(text: str) -> str:
    """A text that stays one."""
    text = plain(text)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text
