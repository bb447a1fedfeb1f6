"""TOML and JSON of the pages can be read, and a configuration can be used."""

import json
import re
import tomllib
from collections.abc import Set
from pathlib import Path

import pytest

from stratumproxy import config
from tests.docs.pages import PAGES, Block, blocks

OTHERS = {"bench/README.md", "docs/bench.md", "docs/conformance.md"}
"""Pages whose TOML is about something else; tests/bench and tests/conform read it."""
LEAST = {
    "listen": '[[listen]]\naddress = "0.0.0.0:3333"\n',
    "pool": '[[pool]]\nurl = "stratum+tcp://pool.example:3333"\nuser = "farm"\n',
    "brokers": '[kafka]\nbrokers = "kafka-1:9092"\nspool = "/var/lib/stratumproxy/kafka"\n',
}


def of(language: str, without: Set[str] = frozenset()) -> list[Block]:
    pages = [page for page in PAGES if page not in without]
    return [block for page in pages for block in blocks(page) if block.language == language]


@pytest.mark.parametrize("block", of("toml", OTHERS), ids=str)
def test_a_part_of_a_configuration_is_good(block: Block, tmp_path: Path) -> None:
    """Where a page shows a few tables, the least that there can be stands beside them."""
    told = tomllib.loads(block.text)
    text = block.text
    for table in ("listen", "pool"):
        if table not in told:
            text += LEAST[table]
    if "kafka" in told and "brokers" not in told["kafka"]:
        text = LEAST["brokers"] + text
    token = tmp_path / "token"
    token.write_text("open-sesame-open-sesame\n")
    text = re.sub(r'"/etc/stratumproxy/[^"]+"', f'"{token}"', text)
    config.loads(text, str(block))


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_json(block: Block) -> None:
    for line in block.text.splitlines():
        json.loads(line)
