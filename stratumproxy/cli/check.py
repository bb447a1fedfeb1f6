"""``stratumproxy check``: is this configuration good, and what would it run?"""

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

import click
from pydantic import BaseModel

from stratumproxy import shares
from stratumproxy.cli.options import config_option, examples
from stratumproxy.config import Config, Listen, Pool, read
from stratumproxy.config.address import parse_proxy_url
from stratumproxy.config.explain import number

TABLES = (
    "groups",
    "difficulty",
    "jobs",
    "failover",
    "split",
    "limits",
    "api",
    "ledger",
    "kafka",
    "log",
)
"""What there is one of, in the order in which it is shown."""


@click.command(
    epilog=examples(
        "stratumproxy check --config farm.toml",
        "stratumproxy check --config farm.toml && systemctl restart stratumproxy",
        "stratumproxy check --config new.toml --running farm.toml",
    )
)
@config_option
@click.option(
    "--running",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file as it is running: say what a reload would change, and what it would cost.",
)
def check(path: Path, running: Path | None) -> None:
    """Validate a configuration and show what would run.

    Every mistake is named at once, with its line: also what a start would fail on here, such as a
    ledger's folder that is not there, so run it as the user that the proxy runs as. A good
    configuration is shown with all its settings; a star marks those that differ from the default.
    No port is opened, no pool or broker is asked, and nothing is written. The exit status is 0 for
    a good one and 2 otherwise.
    """
    # Not for --help: they bring structlog, SQLite and more.
    from stratumproxy.cli.files import file_limits
    from stratumproxy.cli.obstacles import obstacles
    from stratumproxy.cli.tenants import concerns, who_mines_where

    document = read(path)
    config = document.config(obstacles(document))
    click.echo(f"{path} is good. It would run:")
    for heading, settings, names in _sections(config):
        click.echo()
        click.secho(heading, bold=True)
        for name in names:
            _show(settings, name)
    for heading, lines in who_mines_where(config):
        click.echo()
        click.secho(heading, bold=True)
        for line in lines:
            click.echo(f"    {line}")
    click.echo()
    click.secho("Kernel of the share check", bold=True)
    click.echo(f"    {shares.kernel()}")
    if not shares.NATIVE:
        click.echo(f"    in Python, several times slower than C: {shares.why_not_native}")
    needed, most = file_limits(config.limits.connections)
    if most < needed:
        click.echo()
        click.secho("File descriptors", bold=True)
        click.echo(f"    {most} at most, and limits.connections needs {needed}: miners past them")
        click.echo("    are refused; raise it (ulimit -Hn, LimitNOFILE= in systemd)")
    _tell("Look at this", list(concerns(config)))
    if running is not None:
        _tell_cost(read(running).config(), config)


def _tell(heading: str, sentences: list[str]) -> None:
    """Sentences under a heading, if there are any."""
    if not sentences:
        return
    click.echo()
    click.secho(heading, bold=True)
    for sentence in sentences:
        click.echo(fill(sentence, 96, initial_indent="    ", subsequent_indent="    "))


def _tell_cost(running: Config, wanted: Config) -> None:
    from stratumproxy.cli.splits import begun_anew
    from stratumproxy.cli.tenants import cost_of_reload

    cost = cost_of_reload(running, wanted)
    said = [f"It changes {', '.join(cost.changes)}." if cost.changes else "It changes nothing."]
    if cost.restart:
        said.append(f"Not before a restart: {', '.join(cost.restart)}.")
    said += begun_anew(running, wanted)
    said += cost.reconnects or ["No miner has to reconnect for it, as far as it is configured."]
    if cost.unknown:
        said.append(
            f"How much room {', '.join(cost.unknown)} will give is not configured "
            "(extranonce2_size): miners that hold more have to reconnect."
        )
    _tell("What a reload would cost", said)


def _sections(config: Config) -> Iterator[tuple[str, BaseModel, list[str]]]:
    """Heading, the model that holds the settings, and which of them."""
    for listen in config.listen:
        where = listen.host or "every address"
        yield f"Miners connect to {where}, port {listen.port}", listen, list(Listen.model_fields)
    for rank, pool in enumerate(config.pool, start=1):
        yield f"Pool {rank}: {pool.name}", pool, list(Pool.model_fields)
    whole = [
        name
        for name in Config.model_fields
        if not isinstance(getattr(config, name), BaseModel | list)
    ]
    yield "As a whole", config, whole
    for name in TABLES:
        table: BaseModel = getattr(config, name)
        yield name.capitalize(), table, list(type(table).model_fields)


def _show(settings: BaseModel, name: str) -> None:
    """One setting: its name, its value, and the default where that is another."""
    field = type(settings).model_fields[name]
    value = getattr(settings, name)
    changed = (
        name in settings.model_fields_set and not field.is_required() and value != field.default
    )
    line = f"  {'*' if changed else ' '} {name:<25}{_text(name, value)}"
    if changed:
        line = f"{line:<56}  default: {_text(name, field.default)}"
    click.secho(line, fg="yellow" if changed else None)


def _text(name: str, value: object) -> str:
    if name == "password" and value != "x":
        return "(hidden)"
    if name == "proxy" and value:
        to = parse_proxy_url(str(value))
        return f"{to.host}:{to.port}{' (user and password hidden)' if to.user else ''}"
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list) and any(isinstance(each, BaseModel) for each in value):
        return ", ".join(str(getattr(each, "name", "")) for each in value)
    if isinstance(value, list):
        return json.dumps(value)
    if isinstance(value, dict):
        return f"{', '.join(value)} (values hidden)" if value else "none"
    return str(value) or '""'
