"""``stratumproxy manual``: the manual's pages, for man."""

import os
import time
from pathlib import Path

import click

from stratumproxy.cli import cli
from stratumproxy.cli.options import examples
from stratumproxy.cli.pages import pages


@click.command(
    epilog=examples(
        "stratumproxy manual ~/.local/share/man",
        "man stratumproxy",
        "man stratumproxy-run",
        "man stratumproxy.toml",
    )
)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def manual(folder: Path) -> None:
    """Write the manual's pages, for man.

    One for each command, and stratumproxy.toml(5) with every setting, go into `man1` and `man5`
    below FOLDER, which is made if it is not there. Pages that are there are written again.

    SOURCE_DATE_EPOCH in the environment (Unix seconds) is the date that they bear, instead of
    today's.
    """
    for path, page in pages(cli, _day()).items():
        whole = folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(page, encoding="ascii")
        click.echo(whole)


def _day() -> str:
    """The date of the pages; whoever builds a package again gets the same ones."""
    asked = os.environ.get("SOURCE_DATE_EPOCH") or str(int(time.time()))
    if not asked.isdecimal():
        raise click.UsageError(f"SOURCE_DATE_EPOCH is {asked!r}; expected Unix seconds")
    return time.strftime("%Y-%m-%d", time.gmtime(int(asked)))
