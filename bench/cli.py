"""The command line: `python -m bench run`, `soak`, `plot`."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench import charts, machine, soak, sweep
from bench.build import BuildError, build
from bench.measure import MeasureError, measure, problems
from bench.plot import document
from bench.scenarios import BY_NAME, SCENARIOS, Result, Scenario
from bench.servers import Cores
from bench.table import Row, heading, markdown, rows

RESULTS = Path(__file__).parent / "RESULTS.md"
SOAK_COLUMNS = (
    "from, s",
    "shares/s",
    "CPU a share, µs",
    "p50, ms",
    "p99, ms",
    "max, ms",
    "MiB",
)
CHARTS = Path(__file__).parent / "charts.svg"
NAMES = click.Choice(list(BY_NAME))
CONSOLE = Console(width=max(110, Console().width), highlight=False)


class Group(click.Group):
    """Commands whose failures are told without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was chosen."""
        try:
            return super().invoke(ctx)
        except (BuildError, MeasureError) as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Group)
def main() -> None:
    """Measure the proxy against the floor.

    \b
    python -m bench run                      everything, kept in RESULTS.md
    python -m bench run saturation --quick   a first look
    python -m bench run fleet --server proxy --raw
    python -m bench soak --minutes 10
    python -m bench plot
    """  # noqa: D301
    build()


@main.command()
@click.argument("names", metavar="[SCENARIO]...", nargs=-1, type=NAMES)
@click.option("--quick", is_flag=True, help="Once each, 3 seconds: a look, no measurement.")
@click.option("--repeats", type=click.IntRange(1), help="How often each; 3 if not given.")
@click.option("--seconds", type=click.FloatRange(0.1), help="The window, instead of its own.")
@click.option("--miners", type=click.IntRange(1), help="So many, instead of its own.")
@click.option("--server", type=click.Choice(["base", "proxy"]), help="Only one of the two.")
@click.option("--raw", is_flag=True, help="Print the generator's whole report each time.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write all reports.")
@click.option("--record/--no-record", default=None, help="Keep the tables in RESULTS.md.")
def run(
    names: tuple[str, ...],
    quick: bool,
    repeats: int | None,
    seconds: float | None,
    miners: int | None,
    server: str | None,
    raw: bool,
    json_file: str | None,
    record: bool | None,
) -> None:
    """Measure the floor and the proxy in turn, and compare.

    Scenarios: see README.md; all of them if none is named. A run of all, not shortened, is kept in
    RESULTS.md. The exit status is 1 when shares went astray, whatever the figures.
    """
    chosen = [BY_NAME[name] for name in names] or list(SCENARIOS)
    changes: dict[str, Any] = {"seconds": seconds, "miners": miners}
    given = {key: value for key, value in changes.items() if value is not None}
    whole = not (names or quick or given or server)
    about = machine.about()
    _introduce(about)
    text, everything, wrong = "", {}, 0
    for scenario in chosen:
        scenario = replace(scenario.quick() if quick else scenario, **given)
        count = repeats or (1 if quick else 3)
        results = _repeat(scenario, count, server, raw=raw)
        wrong += _complain(scenario, results)
        measured = rows(scenario, results["base"], results["proxy"])
        _show(scenario, measured)
        text += markdown(scenario, measured, count) + "\n"
        everything[scenario.name] = results
    if json_file:
        report = {"about": about, "scenarios": everything}
        Path(json_file).write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    if record or (record is None and whole and not wrong):
        _record(about, text)
    sys.exit(1 if wrong else 0)


@main.command("soak")
@click.argument("name", metavar="[SCENARIO]", default="fleet", type=NAMES)
@click.option("--minutes", type=click.FloatRange(0.1), default=10.0, show_default=True)
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write the report.")
def soak_command(name: str, minutes: float, json_file: str | None) -> None:
    """Load the proxy for a long time: is memory flat, does latency drift?

    The exit status is 1 if it is not, or does.
    """
    scenario = soak.soaked(BY_NAME[name], minutes)
    _introduce(machine.about())
    result = measure(scenario, scenario.subject)
    wrong = _complain(scenario, {"base": [], "proxy": [result]})
    table = Table(title=f"{minutes:g} minutes of: {scenario.title}", title_justify="left")
    for column in SOAK_COLUMNS:
        table.add_column(column, justify="right")
    for part in soak.split(result, 12):
        seconds = (part.p50, part.p99, part.worst)
        table.add_row(
            f"{part.start:.0f}",
            f"{part.per_second:,.0f}",
            f"{part.cpu_per_share * 1e6:.1f}",
            *(f"{each * 1e3:.2f}" for each in seconds),
            f"{part.rss / (1 << 20):.1f}",
        )
    CONSOLE.print(table)
    drifts = soak.verdict(result)
    CONSOLE.print("; ".join(drifts) if drifts else "Memory is flat, latency does not drift.")
    if json_file:
        Path(json_file).write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    sys.exit(1 if wrong or drifts else 0)


@main.command()
@click.option("--to", type=click.Path(dir_okay=False), default=str(CHARTS), show_default=True)
@click.option("--seconds", type=click.FloatRange(0.5), default=4.0, show_default=True)
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write all reports.")
def plot(to: str, seconds: float, json_file: str | None) -> None:
    """Draw latencies, and cost by miners and by shares a second, as SVG.

    The fleet is watched for five times --seconds.
    """
    about = machine.about()
    _introduce(about)
    distributions = sweep.fleets(5 * seconds, CONSOLE.print)
    miners = sweep.by_miners(seconds, CONSOLE.print)
    rates = sweep.by_rate(seconds, CONSOLE.print)
    panels = [charts.latencies(distributions), charts.by_miners(miners), charts.by_rate(rates)]
    note = " · ".join(about[key] for key in ("date", "commit", "machine", "kernel", "python"))
    Path(to).write_text(document(panels, note), "utf-8")
    CONSOLE.print(f"drawn in {to}")
    if json_file:
        report = {"about": about, "fleet": distributions, "miners": miners, "rates": rates}
        Path(json_file).write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def _introduce(about: dict[str, str]) -> None:
    CONSOLE.print(" · ".join(f"{key} {value}" for key, value in about.items()), style="dim")
    cores = Cores.of_this_machine()
    if cores.server == cores.generator:
        CONSOLE.print("One core: server and generator share it. The ratios mean little.")


def _repeat(
    scenario: Scenario, count: int, server: str | None, *, raw: bool
) -> dict[str, list[Result]]:
    """Base and subject in turn, so that what disturbs the machine disturbs both."""
    results: dict[str, list[Result]] = {"base": [], "proxy": []}
    kinds = {"base": scenario.base, "proxy": scenario.subject}
    for number in range(count):
        for side in results:
            if server not in (None, side):
                continue
            kind = kinds[side]
            CONSOLE.print(f"{scenario.name}, {kind.name}, {number + 1} of {count} …", style="dim")
            result = measure(scenario, kind, announce=raw)
            results[side].append(result)
            if raw:
                print(json.dumps(result, indent=1))
    return results


def _complain(scenario: Scenario, results: dict[str, list[Result]]) -> int:
    """Say what went wrong; how often it did."""
    wrong = 0
    for side, kind in (("base", scenario.base), ("proxy", scenario.subject)):
        for result in results[side]:
            for text in problems(result, scenario, kind):
                CONSOLE.print(f"WRONG, {scenario.name} on {kind.name}: {text}", style="bold red")
                wrong += 1
    return wrong


def _show(scenario: Scenario, measured: list[Row]) -> None:
    table = Table(title=scenario.title, title_justify="left", title_style="bold")
    for column, name in enumerate(heading(scenario)):
        table.add_column(name, justify="left" if column in (0, 5) else "right", no_wrap=True)
    for row in measured:
        table.add_row(*row.cells(), style="red" if row.met is False else None)
    CONSOLE.print(table)


def _record(about: dict[str, str], text: str) -> None:
    """Append to RESULTS.md."""
    if not RESULTS.exists():
        RESULTS.write_text("# Results\n\nThe newest is last. README.md says what they mean.\n")
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items() if key != "date")
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(f"\n## {about['date']}\n\n{facts}\n\n{text.rstrip()}\n")
    CONSOLE.print(f"kept in {RESULTS}")
