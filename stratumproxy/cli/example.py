"""``stratumproxy example``: the files of configs/, wherever the package is installed."""

from pathlib import Path

import click

import stratumproxy
from stratumproxy.cli.options import examples

FOLDER = Path(stratumproxy.__file__).parent / "configs"
NAMES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file())


@click.command(
    epilog=examples(
        "stratumproxy example",
        "stratumproxy example farm.toml > farm.toml",
        "stratumproxy example stratumproxy.service > /etc/systemd/system/stratumproxy.service",
    )
)
@click.argument("name", required=False, type=click.Choice(NAMES), metavar="[NAME]")
def example(name: str | None) -> None:
    """Print an example: a configuration, a systemd unit, a dashboard.

    Without NAME, list what there is.
    """
    click.echo("\n".join(NAMES) if name is None else (FOLDER / name).read_bytes(), nl=name is None)
