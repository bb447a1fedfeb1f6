"""``stratumproxy schema``: the configuration, for editors and for readers."""

import click
import orjson

from stratumproxy.cli.options import examples
from stratumproxy.config.reference import json_schema, markdown
from stratumproxy.kafka.schema import schema as messages_schema


@click.command(
    epilog=examples(
        "stratumproxy schema > stratumproxy.schema.json",
        "stratumproxy schema --markdown | less",
        "stratumproxy schema --messages > messages.schema.json",
    )
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Every setting, for people.")
@click.option("--messages", is_flag=True, help="The schema of the messages in Kafka instead.")
def schema(as_markdown: bool, messages: bool) -> None:
    """Print the JSON schema of the configuration, or its reference.

    Editors with a TOML language server use the schema when the configuration's first line is
    `#:schema ./stratumproxy.schema.json`.
    """
    if messages:
        click.echo(orjson.dumps(messages_schema(), option=orjson.OPT_INDENT_2))
    else:
        click.echo(markdown() if as_markdown else json_schema(), nl=False)
