"""``stratumproxy bench split``: the error that a split by work leaves, and what it takes."""

import json
import os
from pathlib import Path
from typing import get_args

import click
from rich.console import Console
from rich.table import Table

from stratumproxy.bench.split.farm import Farm, Lie, read_event, read_weights
from stratumproxy.bench.split.picture import draw
from stratumproxy.bench.split.trials import HEADING, Trial, markdown, tried
from stratumproxy.cli.options import examples
from stratumproxy.routing.split import WhenDown

WIDTH = max(116, Console().width)
"""Of the table: it does not fit into less."""

LIES = [lie for lie in get_args(Lie) if lie]


@click.command(
    epilog=examples(
        "stratumproxy bench split",
        "stratumproxy bench split --machines 500 --split 50/30/15/5 --seeds 20",
        "stratumproxy bench split --event down:2:10@6 --event kill@9 --svg day.svg",
    )
)
@click.option(
    "--machines",
    "sizes",
    multiple=True,
    type=click.IntRange(1, 100_000),
    default=(12, 100),
    show_default=True,
    help="So many. Several are possible.",
)
@click.option(
    "--split",
    "splits",
    multiple=True,
    metavar="WEIGHTS",
    default=("70/30", "98/2", "50/30/15/5", "99.5/0.5"),
    show_default=True,
    help="Weights of the targets. Several are possible.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=4,
    show_default=True,
    help="Runs of each, with other dice.",
)
@click.option(
    "--hours",
    type=click.FloatRange(1, 1000),
    default=24.0,
    show_default=True,
    help="The hours of a run.",
)
@click.option(
    "--shares",
    type=click.FloatRange(0.1, 1000),
    default=12.0,
    show_default=True,
    help="A minute and machine.",
)
@click.option("--hall/--no-hall", default=True, help="Whether a hall is dark from 12 to 14.")
@click.option("--lie", type=click.Choice(LIES), default=None, help="What the last machine does.")
@click.option(
    "--when-down",
    type=click.Choice(get_args(WhenDown)),
    default="others",
    show_default=True,
    help="Machines of a target without a pool mine for others, or wait.",
)
@click.option(
    "--event",
    "events",
    multiple=True,
    metavar="EVENT",
    help="What happens at an hour: restart@6, kill@6, down:2:10@6 (the second target, for 10 "
    "minutes), weights:50/50@6. Several are possible.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=os.cpu_count() or 1,
    help="Processes that simulate; one a core, if not given.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    help="Write every run; -: standard output.",
)
@click.option(
    "--markdown",
    "markdown_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the table to this file.",
)
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the debts of each first run.",
)
def split(
    sizes: tuple[int, ...],
    splits: tuple[str, ...],
    seeds: int,
    hours: float,
    shares: float,
    hall: bool,
    lie: Lie | None,
    when_down: WhenDown,
    events: tuple[str, ...],
    jobs: int,
    json_file: Path | None,
    markdown_file: Path | None,
    svg: Path | None,
) -> None:
    """Simulate farms under the controller that splits them by work.

    Machines of 95 to 200 TH/s that are known by their shares alone fail and come back; a block
    comes each 10 minutes or so. It is the controller that the proxy runs, and nothing else of it:
    no sockets, no load.

    Errors are in points, percent of all work, over the day and over its worst hour: the median of
    the runs, and the worst. `moves` are moves of machines, `off` those that no block carried,
    `seated` those who came back for another target. `debt` is the largest, in seconds of the whole
    farm; `reach` what so many machines can't be expected to keep below; `plan` the most CPU time
    that one look at all machines took, in milliseconds. docs/split.md says more.
    """
    farms = [
        Farm(
            machines=size,
            weights=read_weights(weights),
            hours=hours,
            shares=shares,
            hall=hall,
            lie=lie or "",
            when_down=when_down,
            events=tuple(map(read_event, events)),
        )
        for size in sizes
        for weights in splits
    ]
    for farm in farms:
        _fits(farm)
    console = Console(stderr=json_file == Path("-"), width=WIDTH, highlight=False)
    progress = Console(stderr=True, highlight=False)
    trials: list[Trial] = []
    for trial in tried(farms, seeds, jobs):
        trials.append(trial)
        line = f"{trial.farm.machines} machines, {trial.farm.split}: {len(trial.outcomes)} runs"
        progress.print(line, style="dim", markup=False)
    shown = Table()
    for number, name in enumerate(HEADING):
        shown.add_column(name, justify="left" if number == 1 else "right", no_wrap=True)
    for trial in trials:
        shown.add_row(*trial.row())
    console.print(shown)
    if json_file is not None:
        text = json.dumps({"farms": [trial.document() for trial in trials]}, indent=1)
        with click.open_file(str(json_file), "w", encoding="utf-8") as file:
            file.write(text + "\n")
    if markdown_file is not None:
        markdown_file.write_text(markdown(trials), "utf-8")
    if svg is not None:
        svg.write_text(draw(trials), "utf-8")


def _fits(farm: Farm) -> None:
    """Events are of this farm.

    Raises:
        UsageError: one names a target that is not there, has other targets, or never happens.
    """
    for event in farm.events:
        there = len(farm.weights)
        if event.target >= there or (event.weights and len(event.weights) != there):
            raise click.BadParameter(
                f"an event has other targets than the {there} of {farm.split}", param_hint="--event"
            )
        if event.hour >= farm.hours:
            raise click.BadParameter(
                f"the hour {event.hour:g} is after the end: {farm.hours:g} hours are simulated",
                param_hint="--event",
            )
