"""``stratumproxy bench``: load for any Stratum server, and what it costs."""

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from stratumproxy.bench import machine, table
from stratumproxy.bench.build import build
from stratumproxy.bench.charts import draw
from stratumproxy.bench.compare import differences, pairs
from stratumproxy.bench.config import Bench, Scenario, load
from stratumproxy.bench.place import Cores
from stratumproxy.bench.results import Results
from stratumproxy.bench.rounds import Outcome, Rounds, single_loads
from stratumproxy.cli.bench_split import split
from stratumproxy.cli.options import examples

QUICK: dict[str, Any] = {"seconds": 3, "warmup": 1, "repeats": 1}

WIDTH = max(160, Console().width)
"""Of the tables: they don't fit into less."""

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(
    epilog=examples(
        "stratumproxy bench run bench.toml --json today.json",
        "stratumproxy bench compare yesterday.json today.json",
        "stratumproxy bench plot today.json",
        "stratumproxy bench split --machines 500",
    )
)
def bench() -> None:
    """Measure pools and proxies under load, side by side.

    Linux only. docs/bench.md says what a file of servers and scenarios holds, what is measured with
    what, and how the tables are read. `split` is another thing, and runs anywhere: it simulates.
    """


bench.add_command(split)


@bench.command(
    epilog=examples(
        "stratumproxy bench run bench.toml",
        "stratumproxy bench run bench.toml --scenario open --server ckpool --quick",
        "stratumproxy bench run bench.toml --json today.json",
    )
)
@click.argument("file", type=FILE)
@click.option("--scenario", "names", multiple=True, help="Only this one. Several are possible.")
@click.option("--server", "servers", multiple=True, help="Only this one; the floor is `floor`.")
@click.option("--quick", is_flag=True, help="Once, 3 seconds: a look, no measurement.")
@click.option("--repeats", type=click.IntRange(1, 100), help="How often each.")
@click.option("--seconds", type=click.FloatRange(0.1, 86_400), help="The window.")
@click.option("--miners", type=click.IntRange(1, 100_000), help="So many.")
@click.option("--json", "json_file", type=click.Path(), help="Write all of it; -: standard output.")
@click.option("--append", type=FILE, help="Add the tables to this Markdown file.")
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="ADDRESS",
    help="Another machine that may be loaded.",
)
def run(
    file: Path,
    names: tuple[str, ...],
    servers: tuple[str, ...],
    quick: bool,
    repeats: int | None,
    seconds: float | None,
    miners: int | None,
    json_file: str | None,
    append: Path | None,
    allowed: tuple[str, ...],
) -> None:
    """Measure the servers of FILE under its scenarios.

    The floor (the least that any server could cost) and each server are measured in turn, and then
    again; the tables have medians, and ratios to the floor and to the first server.

    The exit status is 0 if all expectations are met, 1 if one is not, and 2 if a run has no result:
    nothing was sent, the generator was late, the server went away.

    Only this machine is loaded, unless another one is allowed by its address.
    """
    given = {"repeats": repeats, "seconds": seconds, "miners": miners}
    changes = {key: value for key, value in given.items() if value is not None}
    if quick:
        changes = QUICK | changes
    wanted = load(file, list(allowed))
    _known(wanted, names, servers)
    # What goes to standard output with --json - is that, and nothing else.
    console = Console(stderr=json_file == "-", width=WIDTH, highlight=False)
    progress = Console(stderr=True, highlight=False)

    def say(line: str) -> None:
        progress.print(line, style="dim", markup=False)

    programs = build()
    results = Results(machine.about())
    say(" · ".join(f"{key} {value}" for key, value in results.about.items()))
    if Cores.of_this_machine().shared:
        say("One core: server and generator share it. The ratios mean little.")
    rounds = Rounds(wanted, file.absolute().parent, programs, allowed, say)
    text = ""
    for key, whole in wanted.scenario.items():
        if names and key not in names:
            continue
        scenario = Scenario.model_validate(whole.model_dump() | changes)
        for name, single in single_loads(key, scenario):
            outcome = rounds.outcome(name, single, servers)
            results.outcomes.append(outcome)
            _show(console, outcome, single.show)
            text += table.markdown(outcome, single.show) + "\n"
            if json_file and json_file != "-":  # as it grows: a long run may be ended by hand
                Path(json_file).write_text(results.to_json(), "utf-8")
    if json_file == "-":
        click.echo(results.to_json(), nl=False)
    if append:
        _append(append, results.about, text)
    sys.exit(results.status)


@bench.command(epilog=examples("stratumproxy bench compare yesterday.json today.json"))
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
def compare(old: Path, new: Path) -> None:
    """Lay two results of `bench run --json` side by side.

    "by floor" compares the ratios to the floor, which say more where the machine was another, or
    busier. What differs in machine and load is said first.
    """
    before, after = Results.read(old), Results.read(new)
    console = Console(width=WIDTH, highlight=False)
    for line in differences(before, after):
        console.print(line, style="yellow", markup=False)
    shown = Table()
    for number, name in enumerate(("scenario", "server", "", "old", "new", "by old", "by floor")):
        shown.add_column(name, justify="left" if number < 3 else "right", no_wrap=True)
    for pair in pairs(before, after):
        figures = map(table.digits, (pair.old, pair.new, pair.ratio, pair.ratio_by_floor))
        shown.add_row(pair.scenario, pair.server, pair.figure.title, *figures)
    console.print(shown)


@bench.command(epilog=examples("stratumproxy bench plot today.json --to today.svg"))
@click.argument("file", type=FILE)
@click.option("--to", type=FILE, help="Where; beside FILE, as .svg, if not given.")
def plot(file: Path, to: Path | None) -> None:
    """Draw a result of `bench run --json` as SVG: latencies, and cost by server and by load."""
    results = Results.read(file)
    target = to or file.with_suffix(".svg")
    target.write_text(draw(results), "utf-8")
    click.echo(f"drawn in {target}")


def _known(wanted: Bench, names: tuple[str, ...], servers: tuple[str, ...]) -> None:
    there = {
        "--scenario": list(wanted.scenario),
        "--server": ["floor", *(s.name for s in wanted.server)],
    }
    for option, asked in (("--scenario", names), ("--server", servers)):
        for name in asked:
            if name not in there[option]:
                raise click.BadParameter(
                    f"{name!r}: there are {', '.join(there[option])}", param_hint=option
                )


def _show(console: Console, outcome: Outcome, show: list[str]) -> None:
    shown = Table(
        title=f"{outcome.name}: {outcome.title}", title_justify="left", title_style="bold"
    )
    for number, name in enumerate(table.HEADING):
        shown.add_column(name, justify="left" if number in table.LEFT else "right", no_wrap=True)
    for row in table.rows(outcome, show):
        shown.add_row(*row, style="red" if "MISSED" in row[-1] else None)
    console.print(shown)
    for line in table.complaints(outcome):
        console.print(line, style="bold red", markup=False)


def _append(path: Path, about: dict[str, str], text: str) -> None:
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items() if key != "date")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n## {about['date']}\n\n{facts}\n\n{text.rstrip()}\n")
