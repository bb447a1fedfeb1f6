"""``stratumproxy check``: is this configuration good, and what would it run?"""

import json
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import BaseModel

from stratumproxy import shares
from stratumproxy.cli.options import config_option, examples
from stratumproxy.config import Config, Listen, Pool, read
from stratumproxy.config.address import parse_proxy_url
from stratumproxy.config.explain import number


@click.command(
    epilog=examples(
        "stratumproxy check --config farm.toml",
        "stratumproxy check --config farm.toml && systemctl restart stratumproxy",
    )
)
@config_option
def check(path: Path) -> None:
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

    document = read(path)
    config = document.config(obstacles(document))
    click.echo(f"{path} is good. It would run:")
    for heading, settings, names in _sections(config):
        click.echo()
        click.secho(heading, bold=True)
        for name in names:
            _show(settings, name)
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
    for name in ("difficulty", "jobs", "failover", "limits", "api", "ledger", "kafka", "log"):
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
    if isinstance(value, list):
        return json.dumps(value)
    if isinstance(value, dict):
        return f"{', '.join(value)} (values hidden)" if value else "none"
    return str(value) or '""'
