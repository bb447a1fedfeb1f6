"""``stratumproxy schema``: the configuration, for editors and for readers."""

import click

from stratumproxy.cli.options import examples
from stratumproxy.config.reference import json_schema, markdown


@click.command(
    epilog=examples(
        "stratumproxy schema > stratumproxy.schema.json",
        "stratumproxy schema --markdown | less",
    )
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Every setting, for people.")
def schema(as_markdown: bool) -> None:
    """Print the JSON schema of the configuration, or its reference.

    Editors with a TOML language server use the schema when the configuration's first line is
    `#:schema ./stratumproxy.schema.json`.
    """
    click.echo(markdown() if as_markdown else json_schema(), nl=False)
