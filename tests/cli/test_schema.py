"""`stratumproxy schema`."""

from click.testing import CliRunner

from stratumproxy.cli import cli
from stratumproxy.config.reference import json_schema, markdown


def test_json() -> None:
    assert CliRunner().invoke(cli, ["schema"]).stdout == json_schema()


def test_markdown() -> None:
    assert CliRunner().invoke(cli, ["schema", "--markdown"]).stdout == markdown()
