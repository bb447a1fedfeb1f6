"""``stratumproxy report``: a customer's statement."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stratumproxy.cli.options import examples
from stratumproxy.config import read
from stratumproxy.errors import ConfigError
from stratumproxy.ledger import LedgerReader
from stratumproxy.statement import BY, Statement, StatementError, parse_zone, tell
from stratumproxy.statement.agreed import agreed, groups
from stratumproxy.statement.make import Asked
from stratumproxy.statement.page import as_html
from stratumproxy.statement.period import parse_period
from stratumproxy.statement.rows import as_csv
from stratumproxy.statement.statement import Figures, Row
from stratumproxy.statement.words import (
    error,
    hours,
    minutes,
    percent,
    plain,
    rate,
    reasons,
    work,
)
from stratumproxy.telemetry.records import TENANT

FORMATS = ("table", "csv", "json", "html")

ROWS = 200
"""Rows a table shows at most; the other formats have all."""

PLAIN_WIDTH = 250


@click.command(
    epilog=examples(
        "stratumproxy report --config farm.toml --tenant acme --from 2026-10-01 --to 2026-11-01",
        "stratumproxy report --config farm.toml --tenant acme --from yesterday --to today "
        "--by worker",
        "stratumproxy report --config farm.toml --tenant acme --from 2026-10-01 --to 2026-11-01 "
        "--time-zone Europe/Oslo --format html --output acme-2026-10.html",
        "stratumproxy report --ledger ledger.sqlite3 --from 7d --to now --format json | jq .total",
    )
)
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration: where the ledger is, what is excused, and which groups there are.",
)
@click.option(
    "--ledger",
    type=click.Path(),
    metavar="FILE",
    help="The ledger itself, such as a copy of it; with it nothing is excused by agreement.",
)
@click.option("--tenant", default=TENANT, show_default=True, metavar="NAME", help="Whose.")
@click.option(
    "--from",
    "since",
    required=True,
    metavar="DATE",
    help="From when on: 2026-10-01 or 2026-10-01T06:00 (both in the time zone), yesterday, 7d ago.",
)
@click.option(
    "--to", "until", required=True, metavar="DATE", help="Until when, alike; not included."
)
@click.option(
    "--by", type=click.Choice(BY), default="day", show_default=True, help="What a row is."
)
@click.option(
    "--time-zone",
    "zone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="Whose days count, such as Europe/Oslo.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="csv has the rows, json everything; html is one file, for paper too.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to; standard output if left out.",
)
def report(
    config: Path | None,
    ledger: str | None,
    tenant: str,
    since: str,
    until: str,
    by: str,
    zone: str,
    form: str,
    output: Path | None,
) -> None:
    """Make a customer's statement: what was mined, credited, and up.

    All figures are sums of the ledger's, whatever a row is, so days, machines and groups come to
    the same total. docs/hosting.md says what each means, how far off it may be, and how a customer
    can check it.
    """
    if (config is None) == (ledger is None):
        raise click.UsageError("give either --config FILE or --ledger FILE")
    settings = None if config is None else read(config).config()
    if settings is not None and not settings.ledger.path:
        raise ConfigError([f"{config}: ledger.path: is empty, so there is nothing to report from"])
    now = time.time()
    asked = Asked(
        parse_period(since, until, parse_zone(zone), now),
        by,
        agreed(settings, tenant),
        groups(settings) if by == "group" else None,
    )
    reader = LedgerReader(ledger or (settings.ledger.path if settings else ""), seconds=None)
    try:
        found = tell(reader, tenant, asked, now)
    finally:
        reader.close()
    _write(found, form, output)


def _write(found: Statement, form: str, output: Path | None) -> None:
    if form == "table":
        _show(found, output)
        return
    if form == "json":
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        text = orjson.dumps(found.to_dict(), option=option).decode()
    else:
        text = as_csv(found) if form == "csv" else as_html(found)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        # A spreadsheet takes CSV for UTF-8 if it begins with a mark.
        output.write_text(text, "utf-8-sig" if form == "csv" else "utf-8", newline="")
    except OSError as problem:
        raise StatementError(f"{output}: can't be written: {problem.strerror}") from None


def _show(found: Statement, output: Path | None) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    if output is not None:
        raise click.UsageError("--output is for csv, json and html")
    text = found.period.text
    total = found.total
    console.print(
        Text(
            f"{plain(found.tenant)}, {text(found.since)} to {text(found.until)} "
            f"{found.period.zone.key}: {found.names:,} machines, {rate(total.hashrate)} "
            f"({error(total)} by chance), {work(total.work)} of work, {percent(total.uptime)} up"
        )
    )
    console.print(_rows(found))
    if len(found.rows) > ROWS:
        console.print(Text(f"... and {len(found.rows) - ROWS} more; csv, json and html have all"))
    if total.reasons:
        console.print(Text(f"Rejected: {reasons(total.reasons)}"))
    if found.targets:
        console.print(_targets(found))
    console.print(_credits(found))
    if found.windows:
        console.print(_windows(found))
    for note in found.notes:
        console.print(Text(f"Note: {plain(note)}"))


ROW_COLUMNS: dict[str, Callable[[Figures], str]] = {
    "Hashrate": lambda of: rate(of.hashrate),
    "Accepted": lambda of: f"{of.accepted:,}",
    "Rejected": lambda of: f"{of.rejected:,}",
    "Sent": lambda of: f"{of.forwarded:,}",
    "Credited": lambda of: f"{of.credited:,}",
    "There": lambda of: hours(of.machine_seconds),
    "Proven": lambda of: hours(of.proven_seconds),
    "Excused": lambda of: hours(of.excused_seconds),
    "Down": lambda of: hours(of.down_seconds),
    "Uptime": lambda of: percent(of.uptime),
}


def _rows(found: Statement) -> Table:
    table = _table([found.by.capitalize()], list(ROW_COLUMNS))
    total = Row("Total", found.since, found.until, found.total)
    for row in (*found.rows[:ROWS], total):
        if row is total:
            table.add_section()
        cells = (column(row.figures) for column in ROW_COLUMNS.values())
        table.add_row(Text(plain(row.name)), *cells, style="bold" if row is total else "")
    return table


def _targets(found: Statement) -> Table:
    table = _table(["Target"], ["Promised", "Had", "Work", "Credited", "Work credited"])
    for each in found.targets:
        table.add_row(
            Text(plain(each.target)),
            percent(each.promised),
            percent(each.part),
            work(each.work),
            percent(each.credited_part),
            work(each.credited_work),
        )
    return table


def _credits(found: Statement) -> Table:
    names = ["Expected", "Allowed", "Sent", "Credited", "Refused", "Work credited"]
    table = _table(["Pool", "Account", "Target"], names)
    table.add_column("Verdict")
    for each in found.credits:
        of = each.audit
        table.add_row(
            *(Text(plain(text)) for text in (each.pool, each.account, each.target)),
            "?" if of.expected is None else f"{of.expected:,.1f}",
            "?" if of.low is None else f"{of.low:,} - {of.high:,}",
            f"{of.forwarded:,}",
            f"{of.credited:,}",
            f"{of.uncredited:,}",
            work(of.credited_work),
            Text(of.verdict, style="" if of.fine else "red"),
        )
    return table


def _windows(found: Statement) -> Table:
    table = _table(["From", "To"], ["Excused"])
    for name in ("Why", "Proof"):
        table.add_column(name)
    for window, seconds in ((each.window, each.machine_seconds) for each in found.windows):
        table.add_row(
            found.period.text(window.since),
            found.period.text(window.until),
            minutes(seconds),
            Text(plain(window.why)),
            Text(plain(window.proof) or "by agreement"),
        )
    return table


def _table(texts: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in texts:
        table.add_column(name)
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    return table
