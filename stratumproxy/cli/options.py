"""What several commands share: options, and how examples are shown."""

from pathlib import Path

import click

config_option = click.option(
    "-c",
    "--config",
    "path",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The configuration, TOML; `stratumproxy schema --markdown` says what it can hold.",
)


def examples(*lines: str) -> str:
    """An epilog for --help that shows whole command lines, unwrapped."""
    # Click wraps text, unless its paragraph begins with a backspace.
    return "\b\nExamples:\n" + "".join(f"  {line}\n" for line in lines)
