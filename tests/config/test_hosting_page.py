"""docs/hosting.md: what it shows is what there is."""

import re
from pathlib import Path

from click.testing import CliRunner

from stratumproxy.cli import cli
from stratumproxy.config import loads

TEXT = (Path(__file__).parents[2] / "docs" / "hosting.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """The first of that language: others on the page are of what else there is."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    found, *_ = [text for language, text in blocks if language == kind]
    return str(found)


def test_the_example_is_one() -> None:
    acme, rest = loads(block("toml")).tenants
    assert (acme.name, acme.difficulty.start, acme.max_miners) == ("acme", 65536, 5000)
    (target,) = acme.targets
    assert [(each.pool, each.user, each.worker_names) for each in target.upstreams] == [
        ("main", "acme", "each"),
        ("second", "acme2", "account"),
    ]
    assert [each.user for each in rest.targets[0].upstreams] == ["host", "host"]


def test_check_shows_it_as_the_page_does(tmp_path: Path) -> None:
    path = tmp_path / "hosting.toml"
    path.write_text(block("toml"))
    shown = CliRunner().invoke(cli, ["check", "--config", str(path)]).stdout
    assert block("") in shown
