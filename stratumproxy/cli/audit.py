"""``stratumproxy audit``: did the pool credit what it should have?"""

import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path

import click
import orjson
from click.shell_completion import CompletionItem
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stratumproxy.cli.options import examples
from stratumproxy.config import read
from stratumproxy.errors import ConfigError, SinkError, StratumProxyError
from stratumproxy.ledger import LedgerReader
from stratumproxy.ledger.accounts import Which
from stratumproxy.ledger.audit import BY, CONFIDENCE, FINE, TIMES, TOLERATED, Audit, Row
from stratumproxy.ledger.audit import audit as audit_pool
from stratumproxy.ledger.period import as_text, parse_time
from stratumproxy.ledger.pool_figures import FiguresError, read_figures
from stratumproxy.telemetry.records import TENANT

ROWS = 50
"""Workers a table shows at most, those first that need a look."""

PLAIN_WIDTH = 250
"""Columns where the output is no terminal, so that nothing is folded."""

WIDE = 125
"""Columns from which on the table has all of its own."""


class Unreadable(click.ClickException):
    """There is nothing to audit by; as opposed to exit status 1, a discrepancy."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Print it as other commands do."""
        click.echo(f"stratumproxy: {self.message}", err=True)


def _moment(ctx: click.Context, param: click.Parameter, value: str) -> float:
    try:
        return parse_time(value, time.time())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _pools(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The pools that the configuration names, and those that the ledger has besides."""
    config, path = ctx.params.get("config"), ctx.params.get("ledger")
    names: list[str] = []
    with suppress(StratumProxyError):
        if config is not None:
            document = read(config)
            names += document.pools()
            path = path or document.value("ledger", "path")
    with suppress(StratumProxyError):
        if path:
            with closing(LedgerReader(path, seconds=1.0)) as reader:
                names += reader.pools()
    found = dict.fromkeys(name for name in names if name.startswith(incomplete))
    return [CompletionItem(name) for name in found]


@click.command(
    epilog=examples(
        "stratumproxy audit --config farm.toml --pool eu.pool.example:3333 --since 24h",
        "stratumproxy audit --config farm.toml --pool main --since 2026-11-01 --until 2026-12-01 "
        "--by day",
        "stratumproxy audit --config farm.toml --pool main --since yesterday --until today",
        "stratumproxy audit --ledger ledger.sqlite3 --pool main --since 7d --by worker",
        "stratumproxy audit --config farm.toml --tenant acme --since 7d --by account",
        "stratumproxy audit --config farm.toml --pool main --since 24h --pool-figures theirs.csv",
        "stratumproxy audit --config farm.toml --pool main --since 24h --json | jq .total",
    )
)
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration; its [ledger] says where the ledger is.",
)
@click.option("--ledger", type=click.Path(), metavar="FILE", help="The ledger itself.")
@click.option(
    "--pool",
    metavar="NAME",
    shell_complete=_pools,
    help="The pool, as it is called in the configuration; all of them if left out.",
)
@click.option("--account", metavar="USER", help="Only this account: the user at the pool.")
@click.option("--tenant", metavar="NAME", help="Only what was mined for this tenant.")
@click.option("--target", metavar="NAME", help="Only what was mined for this target of a tenant.")
@click.option(
    "--since",
    metavar="TIME",
    callback=_moment,
    default="24h",
    show_default=True,
    help="From when on: 24h ago (m, h, d, w), today or yesterday, 2026-11-01, 2026-11-01T06:00 "
    "(all UTC), or Unix seconds. Moved back to the whole hour or day.",
)
@click.option(
    "--until",
    metavar="TIME",
    callback=_moment,
    default="now",
    show_default=True,
    help="Until when, alike.",
)
@click.option(
    "--by",
    type=click.Choice(BY),
    default="hour",
    show_default=True,
    help="What a row is.",
)
@click.option(
    "--pool-figures",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The pool's own figures, to be laid beside: CSV with a header line, or a JSON list of "
    "objects. Each row has `start` (a time as above) or, with --by worker, `worker`; and `shares`, "
    "or `work` (the sum of their difficulties), or both.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(50, 99.999999),
    default=100 * CONFIDENCE,
    show_default=True,
    metavar="PERCENT",
    help="How sure a discrepancy must be. It holds for the total, and for all rows together.",
)
@click.option(
    "--tolerate",
    type=click.FloatRange(0, 50),
    default=100 * TOLERATED,
    show_default=True,
    metavar="PERCENT",
    help="Of the shares sent, how many may be rejected, timed out or lost on average, such as "
    "stale ones. With 0 not a single one may.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.pass_context
def audit(
    ctx: click.Context,
    config: Path | None,
    ledger: str | None,
    pool: str | None,
    account: str | None,
    tenant: str | None,
    target: str | None,
    since: float,
    until: float,
    by: str,
    pool_figures: Path | None,
    confidence: float,
    tolerate: float,
    as_json: bool,
) -> None:
    """Hold what pools credited against what they should have.

    Expected is what the miners' work, as checked here, comes to in shares at the pool's difficulty.
    Which of them reach that is chance: the bounds say how many may be sent. Credited is what the
    pool said yes to. The difference is rejected, timed out (no answer), or lost (the connection
    broke before there was one); that is no chance, and --tolerate says how much of it is usual.

    The exit status is 0 if all is within chance and tolerated, 1 if a row is not, and 2 if the
    ledger or the pool's figures can't be read.
    """
    if (config is None) == (ledger is None):
        raise click.UsageError("give either --config FILE or --ledger FILE")
    if since >= until:
        raise click.UsageError("--since is not before --until")
    if pool_figures and by not in (*TIMES, "worker"):
        raise click.UsageError(f"a pool's own figures are by time or by worker, not by {by}")
    reader = LedgerReader(ledger or _ledger_of(config), seconds=None)
    try:
        figures = read_figures(pool_figures, by == "worker") if pool_figures else None
        found = audit_pool(
            reader,
            Which(pool, account, tenant, target),
            since,
            until,
            by,
            confidence=confidence / 100,
            tolerated=tolerate / 100,
            figures=figures,
        )
    except (SinkError, FiguresError) as error:
        raise Unreadable(str(error)) from None
    finally:
        reader.close()
    if as_json:
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        click.echo(orjson.dumps(found.to_dict(), option=option), nl=False)
    else:
        _show(found)
    ctx.exit(0 if found.fine else 1)


def _ledger_of(config: Path | None) -> str:
    assert config is not None
    document = read(config)
    path: str = document.value("ledger", "path")
    if not path:
        document.config()  # it may be that it is there, and wrong
        raise ConfigError([f"{config}: ledger.path: is empty, so there is no ledger to audit by"])
    return path


def _of(found: Audit) -> str:
    """What it is an audit of."""
    names = [found.pool or "all pools"]
    for what in ("account", "tenant", "target"):
        name = getattr(found, what)
        if name is not None:
            names.append(f"{what} {name or 'without a name'}")
    return ", ".join(names)


def _show(found: Audit) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    console.print(
        Text(
            f"{_plain(_of(found))}, {as_text(found.since)} to {as_text(found.until)} UTC; "
            f"bounds at {100 * found.confidence:g} %"
            f", {100 * found.tolerated:g} % of what is sent tolerated to be refused or lost"
        )
    )
    rows = found.rows
    if found.by not in TIMES:
        rows = sorted(rows, key=lambda row: (row.fine, -(row.expected or 0), _label(row)))[:ROWS]
    console.print(_table(found, rows, console.width >= WIDE))
    if len(rows) < len(found.rows):
        bad = sum(not row.fine for row in found.rows) - sum(not row.fine for row in rows)
        console.print(
            Text(
                f"... and {len(found.rows) - len(rows)} more {found.by}s, {bad} of them not fine; "
                "--json has all"
            )
        )
    console.print(Text(_missing(found.total)))
    for note in found.notes:
        console.print(Text(f"Note: {_plain(note)}"))


def _table(found: Audit, rows: Iterable[Row], wide: bool) -> Table:
    """Rows and their total, with all columns or those without which it says nothing."""
    label = "Hour (UTC)" if found.step < 86_400 else "Day (UTC)"
    if found.by not in TIMES:
        label = found.by.capitalize()
    columns: dict[str, Callable[[Row], str]] = {
        "Expected": lambda row: "?" if row.expected is None else f"{row.expected:,.1f}",
        "Allowed": lambda row: "?" if row.low is None else f"{row.low:,} - {row.high:,}",
        "Sent": lambda row: f"{row.forwarded:,}",
        "Credited": lambda row: f"{row.credited:,}",
        "Rejected": lambda row: f"{row.rejected:,}",
    }
    if wide:
        columns |= {
            "Timed out": lambda row: f"{row.timed_out:,}",
            "Lost": lambda row: f"{row.lost:,}",
            "Work due": lambda row: _work(row.expected_work),
            "Work credited": lambda row: _work(row.credited_work),
        }
    else:
        columns["Lost"] = lambda row: f"{row.timed_out + row.lost:,}"
    if found.total.pool_shares is not None:
        columns["Pool's shares"] = lambda row: _number(row.pool_shares)
    if found.total.pool_work is not None:
        columns["Pool's work"] = lambda row: "-" if row.pool_work is None else _work(row.pool_work)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(label, min_width=16)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Verdict", min_width=16 if wide else 9)
    for row in (*rows, found.total):
        is_total = row is found.total
        if is_total:
            table.add_section()
        table.add_row(
            Text(_plain("Total" if is_total else _label(row))),
            *(column(row) for column in columns.values()),
            Text(row.verdict, style="" if row.fine else "red"),
            style="bold" if is_total else "",
        )
    return table


def _label(row: Row) -> str:
    if row.start is not None:
        return as_text(row.start)
    names = [row.tenant if row.tenant != TENANT or row.worker is None else None]
    names += [row.pool, row.account, row.target]
    worker = None if row.worker is None else row.worker or "(unproven names)"
    return " / ".join(name or "-" for name in [*names, worker] if name is not None)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.10g}"


def _missing(total: Row) -> str:
    """Where the shares of the total that were not credited went, in a sentence."""
    if total.expected is None:
        return "Nothing was sent, and no job of the pool is known, so neither is its difficulty."
    reasons = ", ".join(
        f"{count:,} {_plain(text) or 'without words'}" for text, count in total.reasons.items()
    )
    part = f", {100 * total.uncredited / total.forwarded:.2g} %" if total.forwarded else ""
    return (
        f"Of {total.expected:,.1f} expected shares {total.forwarded:,} were sent ({FINE}: "
        f"{total.low:,} to {total.high:,}), and {total.credited:,} credited. "
        f"{total.uncredited:,}{part}, were not: "
        f"{total.rejected:,} rejected{f' ({reasons})' if reasons else ''}, "
        f"{total.timed_out:,} timed out, {total.lost:,} lost; up to {total.uncredited_tolerated:,} "
        f"are tolerated. {total.dropped:,} unknown."
    )


def _work(value: float) -> str:
    for unit in ("", "K", "M", "G", "T", "P"):
        if value < 1000:
            return f"{value:.5g}{unit}"
        value /= 1000
    return f"{value:.5g}E"


def _plain(text: str) -> str:
    """Names and reasons come from the network: nothing in them may steer a terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
