"""``stratumproxy top``: the fleet in a terminal, over the API."""

import sys
from pathlib import Path

import click
import orjson
import trio
from rich.console import Console

from stratumproxy.cli.asking import DEFAULT_URL, configured_api, url_option
from stratumproxy.cli.options import examples
from stratumproxy.errors import first_of
from stratumproxy.top.api import Address, Api, ApiError
from stratumproxy.top.fill import fill
from stratumproxy.top.live import Top
from stratumproxy.top.state import SORTS, State
from stratumproxy.top.view import page

INTERRUPTED = 130
"""What shells make of SIGINT."""

ROWS_ONCE = 20
"""Workers on the one page for scripts, unless it is asked for more."""


WIDTH_ONCE = 160
"""Columns where there is no terminal."""


KEYS = """\b
Keys:
  arrows, PgUp, PgDn, Home, End   choose a worker
  Enter                           its own page; Esc goes back
  /                               search by name; Esc ends it
  s                               sort by something else
  a                               only workers that need a person, kind by kind
  t                               only one tenant's workers, where there are several
  q                               quit

"""


@click.command(
    epilog=KEYS
    + examples(
        "stratumproxy top",
        "stratumproxy top --config farm.toml",
        "stratumproxy top --sort -rejected --search hall-3",
        "stratumproxy top --tenant acme",
        "stratumproxy top --url https://farm.example:8443 --token-file ~/.stratumproxy-token",
        "stratumproxy top --once --rows 50 > page.txt",
        "stratumproxy top --once --json | jq '.workers[] | select(.attention != [])'",
    )
)
@url_option
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The proxy's configuration, for its own machine: its [api] says where the API is and "
    "where its token.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="File with the API's token on its first line. Not needed on the proxy's own machine.",
)
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default=SORTS[0],
    show_default=True,
    help="What the table of workers begins with; a minus in front: the most first.",
)
@click.option("--search", default="", metavar="TEXT", help="Only workers whose name holds this.")
@click.option(
    "--tenant", default="", metavar="NAME", help="Only this tenant's workers; see [[tenant]]."
)
@click.option(
    "--rows",
    type=click.IntRange(1, 1000),
    default=ROWS_ONCE,
    show_default=True,
    help="How many workers, where it is not the terminal that decides.",
)
@click.option("--once", is_flag=True, help="Print one page and end; also if there is no terminal.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="JSON instead: an object with summary, splits and workers; without --once one a second, "
    "each in a line.",
)
def top(
    address: Address | None,
    config: Path | None,
    token_file: Path | None,
    sort: str,
    search: str,
    tenant: str,
    rows: int,
    once: bool,
    as_json: bool,
) -> None:
    """Watch the fleet in a terminal: hashrate, pools, every worker.

    What the dashboard shows, over the same API, from wherever that can be reached. Each hashrate
    is shown with its error, one standard deviation: n shares know it to 1/sqrt(n).
    """
    if not sys.stdout.encoding.lower().startswith("utf"):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    if config is not None:
        configured, its_token_file = configured_api(config)
        address, token_file = address or configured, token_file or its_token_file
    api = Api(address or Address.parse(DEFAULT_URL), _token(token_file))
    state = State(sort=sort, search=search, tenant=tenant, rows=rows)
    console = Console()
    failure: BaseException | None = None
    try:
        if as_json:
            trio.run(_json, api, state, once)
        elif once or not console.is_terminal or console.is_dumb_terminal:
            trio.run(_once, api, state, console)
        else:
            trio.run(Top(api, state, console).run)
    except* (ApiError, BrokenPipeError, KeyboardInterrupt) as group:
        failure = first_of(group)
    if isinstance(failure, KeyboardInterrupt):
        raise SystemExit(INTERRUPTED)
    if failure is not None:
        raise failure


def _token(path: Path | None) -> str:
    if path is None:
        return ""
    from stratumproxy.config.control import read_token

    try:
        token = read_token(str(path))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--token-file") from None
    if not (token.isascii() and token.isprintable()):
        raise click.BadParameter(
            f"the token in {str(path)!r} is not ASCII", param_hint="--token-file"
        )
    return token


async def _once(api: Api, state: State, console: Console) -> None:
    """Print one page."""
    await fill(api, state)
    if not console.is_terminal:
        console.width = WIDTH_ONCE
    ascii_only = console.options.ascii_only
    console.print(page(state, str(api.address), console.width, None, ascii_only=ascii_only))


async def _json(api: Api, state: State, once: bool) -> None:
    """Print what there is, once or each second."""
    while True:
        await fill(api, state)
        told = {"summary": state.summary, "splits": state.splits, "workers": state.workers}
        click.echo(orjson.dumps(told))
        if once:
            return
        await trio.sleep(1)
