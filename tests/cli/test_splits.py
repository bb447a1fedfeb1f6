"""What `stratumproxy check` says of splits."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from stratumproxy.cli import cli
from stratumproxy.cli.splits import begun_anew, concerns, reached
from stratumproxy.config import Config, loads

POOL = """
listen = [{ address = "0.0.0.0:3333" }]
[[pool]]
name = "main"
url = "stratum+tcp://pool.example:3333"
user = "host"
"""


TARGETS = """
[[target]]
weight = {weight}
pools = [{{ pool = "main", user = "one" }}]
[[target]]
weight = 30
pools = [{{ pool = "main", user = "other" }}]
"""


def split(*weights: float, most: int | None = None, more: str = "") -> Config:
    """A customer with so many targets."""
    limit = f"max_miners = {most}" if most else ""
    targets = "".join(
        f"""
[[tenant.target]]
weight = {weight}
pools = [{{ pool = "main", user = "u{number}" }}]
"""
        for number, weight in enumerate(weights)
    )
    return loads(f'{more}{POOL}[[tenant]]\nname = "acme"\nworkers = ["*"]\n{limit}{targets}')


def said(config: Config) -> list[str]:
    return list(reached(config.tenants[0]))


def test_how_near_few_machines_can_be_kept() -> None:
    begin = "to about as many points (percent) of an hour, by machines that are alike: "
    assert said(split(70, 30)) == [f"{begin}3.3 with 1, 1.1 with 3, 0.33 with 10"]
    assert said(split(70, 30, most=2)) == [f"{begin}3.3 with 1, 1.7 with 2"]
    assert said(split(99, 1, most=500))[1:] == [
        "2 has less than one machine of fewer than 100: one for a time"
    ]


@pytest.mark.parametrize("least", [1e-290, 1e-300, 5e-324])
def test_a_part_may_be_as_small_as_a_float(least: float) -> None:
    config = split(1e9, least, 1e9, most=500)
    _, *more = said(config)
    assert more == [] or more == [
        "2 has less than one machine of fewer than 1000000000: one for a time"
    ]
    assert all("should have less than one machine" in told for told in concerns(config))


def test_nothing_where_nothing_is_split() -> None:
    for config in (split(1), split(1, 0)):
        assert said(config) == []
        assert list(concerns(config)) == []


def test_enough_machines_are_no_concern() -> None:
    assert list(concerns(split(70, 30, most=4))) == []
    assert list(concerns(split(99.5, 0.5))) == []


def test_too_few_machines() -> None:
    (told,) = concerns(split(50, 50, most=2, more="processes = 2\n"))
    assert told.startswith("acme has 2 miners at most, and 2 targets: with so few a split is off")
    assert "1.7 points" in told


def test_a_part_of_less_than_a_machine() -> None:
    (told,) = concerns(split(98, 1, 1, most=50))
    assert told.startswith("2 and 3 of acme should have less than one machine of the 50 that")
    (told,) = concerns(split(1_000_000, 1))
    assert "of the 20000 that there may be" in told


def test_what_a_reload_makes_of_debts() -> None:
    """Others were promised something else, so the account begins at nothing."""
    for wanted in (split(60, 40), split(70, 30, 0), split(70)):
        (told,) = begun_anew(split(70, 30), wanted)
        assert told.startswith("What the targets of acme are owed is forgotten")
    for same in (split(70, 30), split(0.07, 0.03), loads(POOL)):
        assert list(begun_anew(split(70, 30), same)) == []
    assert list(begun_anew(split(70), split(70, 30))) == []


def test_check_says_what_a_reload_makes_of_debts(tmp_path: Path) -> None:
    new, old = tmp_path / "new.toml", tmp_path / "old.toml"
    for path, weight in ((new, 60), (old, 70)):
        path.write_text(f"{POOL}{TARGETS.format(weight=weight)}")
    shown = CliRunner().invoke(cli, ["check", "--config", str(new), "--running", str(old)])
    assert "What the targets of default are owed is forgotten" in shown.stdout
