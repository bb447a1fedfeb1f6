"""What routing goes by: every tenant with its targets, whatever the file left out."""

from stratumproxy.config import Config, loads
from stratumproxy.config.tenants import TargetTable, UpstreamTable

FARM = """
[[listen]]
address = "0.0.0.0:3333"
[[pool]]
name = "main"
url = "stratum+tcp://pool.example:3333"
user = "host"
[[pool]]
name = "second"
url = "stratum+tcp://other.example:3333"
user = "host2"
password = "hunter2"
[difficulty]
start = 4096
"""


def config(more: str = "") -> Config:
    return loads(FARM + more)


def test_without_tenants_there_is_one_that_mines_as_the_pools_say() -> None:
    (tenant,) = config().tenants
    assert (tenant.name, tenant.max_miners) == ("default", None)
    assert tenant.difficulty == config().difficulty
    (target,) = tenant.targets
    assert (target.name, target.weight, target.when_down) == ("default", 1, "others")
    format = "{account}.{worker}"
    assert target.upstreams == (
        UpstreamTable("main", "host", "x", "account", format),
        UpstreamTable("second", "host2", "hunter2", "account", format),
    )


def test_a_tenant_without_targets_mines_as_the_pools_say_under_its_own_name() -> None:
    acme, rest = config('[[tenant]]\nname = "acme"\nworkers = ["acme.*"]\n').tenants
    assert (acme.name, rest.name) == ("acme", "default")
    assert acme.targets == rest.targets == config().tenants[0].targets


def test_a_difficulty_is_what_differs() -> None:
    acme, rest = config(
        '[[tenant]]\nname = "acme"\nworkers = ["acme.*"]\n'
        "difficulty = { start = 65536, vardiff = false }\n"
    ).tenants
    assert (acme.difficulty.start, acme.difficulty.vardiff) == (65536, False)
    assert acme.difficulty.max == rest.difficulty.max
    assert rest.difficulty.start == 4096


def test_targets_are_called_as_they_are_or_by_their_number() -> None:
    acme, rest = config("""
[[tenant]]
name = "acme"
workers = ["acme.*"]
[[tenant.target]]
pools = [
  { pool = "second", user = "a", worker_names = "each" },
  { pool = "main", user = "b", password = "" },
]
[[tenant.target]]
name = "loan"
weight = 0.5
when_down = "hold"
pools = [{ pool = "main", user = "c", worker_format = "{account}.{ip}" }]
[[target]]
name = "own"
pools = [{ pool = "second", user = "d" }]
""").tenants
    format = "{account}.{worker}"
    assert acme.targets == (
        TargetTable(
            "1",
            1,
            "others",
            (
                UpstreamTable("second", "a", "hunter2", "each", format),
                UpstreamTable("main", "b", "", "account", format),
            ),
        ),
        TargetTable(
            "loan", 0.5, "hold", (UpstreamTable("main", "c", "x", "account", "{account}.{ip}"),)
        ),
    )
    assert [target.name for target in rest.targets] == ["own"]


def test_no_password_is_shown() -> None:
    assert "hunter2" not in repr(config().tenants)
