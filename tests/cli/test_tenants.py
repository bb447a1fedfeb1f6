"""What `stratumproxy check` says of tenants."""

from pathlib import Path

from click.testing import CliRunner

from stratumproxy.cli import cli
from stratumproxy.cli.tenants import concerns, cost_of_reload, who_mines_where
from stratumproxy.config import Config, loads

BASE = """
[[listen]]
address = "0.0.0.0:3333"
name = "hall-a"
[[listen]]
address = "0.0.0.0:3334"
name = "hall-b"
[[pool]]
name = "main"
url = "stratum+tcp://pool.example:3333"
user = "host"
extranonce2_size = 8
[[pool]]
name = "small"
url = "stratum+tcp://other.example:3333"
user = "host"
extranonce2_size = 3
[[tenant]]
name = "acme"
workers = ["acme.*"]
difficulty = { start = 65536, vardiff = false }
max_miners = 50
[[tenant.target]]
weight = 2
pools = [{ pool = "main", user = "a", worker_names = "each" }, { pool = "main", user = "b" }]
[[tenant.target]]
name = "loan"
when_down = "hold"
pools = [{ pool = "main", user = "c", worker_names = "auto" }]
[[tenant]]
name = "blue"
listen = ["hall-b"]
addresses = ["10.1.0.0/16", "10.2.0.0/16"]
[[tenant.target]]
pools = [{ pool = "small", user = "d" }]
[[target]]
pools = [{ pool = "main", user = "host" }]
"""


def config(*edits: tuple[str, str]) -> Config:
    text = BASE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return loads(text)


def test_nothing_without_tenants() -> None:
    assert not list(who_mines_where(loads(BASE.partition("[[tenant]]")[0])))


def test_who_mines_where() -> None:
    assert list(who_mines_where(config())) == [
        (
            "Tenant acme: named acme.*",
            [
                "1                66.667 %  main as a, each under its name, then main as b",
                "loan             33.333 %  main as c, under its name if it can be; held when none "
                "works",
                "to about as many points (percent) of an hour, by machines that are alike: 3.3 "
                "with 1, 1.1 with 3, 0.33 with 10, 0.067 with 50",
                "difficulty: start 65536, vardiff false",
                "50 miners at most",
            ],
        ),
        (
            "Tenant blue: on hall-b, at 10.1.0.0/16 or 10.2.0.0/16",
            ["default             100 %  small as d"],
        ),
        ("Whoever belongs to no tenant", ["default             100 %  main as host"]),
    ]


def test_a_narrow_pool_where_names_decide() -> None:
    # On hall-b acme is told by its name, after blue's addresses are out of the question.
    assert list(concerns(config(("10.2.0.0/16", "10.3.0.0/16")))) == [
        "On hall-b the worker's name says whose a miner is, which needs pools with 4 bytes of "
        "extranonce2 at least, and sessions that are shared: small of blue gives 3 bytes of "
        "extranonce2. Give it a listener, or addresses (listen =, addresses =), or another pool."
    ]
    alone = ("extranonce2_size = 3", "miners_per_session = 1")
    (one,) = concerns(config(alone))
    assert "small of blue takes one miner on a session (miners_per_session = 1)." in one


def test_a_narrow_pool_is_no_matter_where_the_listener_or_the_address_decides() -> None:
    before = BASE.index('[[tenant]]\nname = "acme"'), BASE.index('[[tenant]]\nname = "blue"')
    blue_first = (
        BASE[: before[0]]
        + BASE[before[1] : BASE.index("[[target]]")]
        + BASE[before[0] : before[1]]
        + BASE[BASE.index("[[target]]") :]
    )
    assert not list(concerns(loads(blue_first)))


def test_what_nobody_uses() -> None:
    unused = config(
        ('pools = [{ pool = "small", user = "d" }]', 'pools = [{ pool = "main", user = "d" }]')
    )
    assert list(concerns(unused)) == ["No target has the pool small: nobody mines on it."]


def test_a_reload_with_a_smaller_pool_says_whom_it_costs() -> None:
    wide = config(("extranonce2_size = 3", "extranonce2_size = 8"))
    cost = cost_of_reload(wide, config())
    assert cost.changes == ["pool"]
    assert cost.reconnects == [
        "Miners on hall-b hold up to 8 bytes of extranonce, and small gives 3: those that come to "
        "it and do not take mining.set_extranonce reconnect, a few at a time."
    ]
    assert cost_of_reload(config(), wide).reconnects == []
    assert cost_of_reload(wide, wide) == ([], [], [], [])


def test_a_reload_with_a_pool_of_which_nothing_is_known() -> None:
    cost = cost_of_reload(
        config(), config(('"small"', '"new"'), ("extranonce2_size = 3\n", ""), (":3334", ":3335"))
    )
    assert cost == (["pool", "tenant"], ["listen"], [], ["new"])


def test_check_shows_it(tmp_path: Path) -> None:
    new, old = tmp_path / "new.toml", tmp_path / "old.toml"
    new.write_text(BASE)
    old.write_text(BASE.replace("extranonce2_size = 3", "extranonce2_size = 8"))
    shown = CliRunner().invoke(cli, ["check", "--config", str(new), "--running", str(old)])
    assert shown.exit_code == 0
    assert "Tenant acme: named acme.*\n    1                66.667 %  main as a" in shown.stdout
    assert "Look at this\n    On hall-b the worker's name says" in shown.stdout
    assert "What a reload would cost\n    It changes pool.\n    Miners on hall-b" in shown.stdout
