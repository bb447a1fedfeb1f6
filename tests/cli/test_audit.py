"""`stratumproxy audit`."""

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from stratumproxy.cli import cli
from tests.ledger.told import DAY, batch, keep, share, work

HOUR = 3600
RANGE = ["--since", "2023-11-15", "--until", "2023-11-15T03:00"]


def audit(*arguments: str, pool: str = "main") -> Result:
    return CliRunner().invoke(cli, ["audit", "--pool", pool, *arguments])


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Three hours; in the third the pool rejects half of it all."""
    path = tmp_path / "ledger.sqlite3"
    told = []
    for n in range(3):
        at = DAY + n * HOUR
        shares = [
            share(
                at, f"rig{i % 2}", "rejected" if n == 2 and i % 2 else "accepted", reason="no\x1b[m"
            )
            for i in range(100)
        ]
        told.append(batch(n + 1, at, shares=shares, work=[work("rig0", 3200), work("rig1", 3200)]))
    keep(path, told)
    return path


def test_by_hour(ledger: Path) -> None:
    shown = audit("--ledger", str(ledger), *RANGE)
    assert (shown.exit_code, shown.stderr) == (1, "")
    lines = shown.stdout.splitlines()
    assert lines[0] == (
        "main, 2023-11-15 00:00 to 2023-11-15 03:00 UTC; bounds at 99 %, "
        "1 % of what is sent tolerated to be refused or lost"
    )
    header = next(line for line in lines if "Hour (UTC)" in line)
    assert header.split()[2:4] == ["Expected", "Allowed"]
    rows = [line for line in lines if line.startswith(("2023-11-15 0", "Total"))]
    assert [row.split()[-2:] for row in rows[:2]] == [["within", "chance"]] * 2
    assert all(row.rstrip().endswith("refused or lost than is tolerated") for row in rows[2:])
    assert len({line.index("within") for line in rows[:2]} | {header.index("Verdict")}) == 1
    assert "50 rejected (50 no\ufffd[m), 0 timed out, 0 lost" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_a_time_in_which_all_is_well(ledger: Path) -> None:
    shown = audit("--ledger", str(ledger), "--since", "2023-11-15", "--until", "2023-11-15T01:10")
    assert shown.exit_code == 0
    assert "2023-11-15 00:00 to 2023-11-15 02:00 UTC" in shown.stdout


CONFIG = """\
[[listen]]
address = "x"
[[pool]]
url = "stratum+tcp://eu.pool.example:3333"
user = "farm"
[[pool]]
url = "stratum+tcp://us.pool.example:3333"
name = "main"
[api]
listen = ":8080"
token_file = "/nowhere"
[ledger]
"""


def completed(*words: str) -> list[str]:
    environment = {
        "_STRATUMPROXY_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["stratumproxy", "audit", *words]),
        "COMP_CWORD": str(1 + len(words)),
    }
    shown = CliRunner(env=environment).invoke(cli, prog_name="stratumproxy")
    assert not shown.stderr
    return [line.removeprefix("plain,") for line in shown.stdout.split()]


def test_pools_are_completed(ledger: Path, tmp_path: Path) -> None:
    config = tmp_path / "farm.toml"
    config.write_text(f"{CONFIG}path = '{ledger}'\n", encoding="utf-8")
    assert completed("--config", str(config), "--pool", "") == ["eu.pool.example:3333", "main"]
    assert completed("--config", str(config), "--pool", "e") == ["eu.pool.example:3333"]
    assert completed("--ledger", str(ledger), "--pool", "") == ["main"]
    assert completed("--config", "/nowhere", "--pool", "") == []
    assert completed("--pool", "") == []


def test_a_mistake_elsewhere_in_the_configuration_does_not_matter(
    ledger: Path, tmp_path: Path
) -> None:
    config = tmp_path / "farm.toml"
    config.write_text(f"{CONFIG}path = '{ledger}'\n", encoding="utf-8")
    assert audit("--config", str(config), *RANGE).exit_code == 1
    config.write_text(f"{CONFIG}path = 3\n", encoding="utf-8")
    shown = audit("--config", str(config), *RANGE)
    assert shown.exit_code == 2
    assert "farm.toml:13: ledger.path: expected a string" in shown.stderr


def test_yesterday(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stratumproxy.cli.audit.time.time", lambda: DAY + 86_400 + 5 * HOUR)
    shown = audit("--ledger", str(ledger), "--since", "yesterday", "--until", "today")
    assert "main, 2023-11-15 00:00 to 2023-11-16 00:00 UTC" in shown.stdout


def test_by_worker_those_first_that_need_a_look(ledger: Path) -> None:
    shown = audit("--ledger", str(ledger), "--by", "worker", *RANGE)
    rows = [line for line in shown.stdout.splitlines() if line.startswith("rig")]
    assert rows[0].startswith("rig1 ")
    assert "refused" in rows[0]
    assert "within chance" in rows[1]


def test_only_so_many_workers(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    keep(path, [batch(1, work=[work(f"rig{n}") for n in range(60)], shares=[share()])])
    shown = audit("--ledger", str(path), "--by", "worker", *RANGE)
    assert "... and 11 more workers, 0 of them not fine; --json has all" in shown.stdout
    every = audit("--ledger", str(path), "--by", "worker", "--json", *RANGE)
    assert len(orjson.loads(every.stdout)["rows"]) == 61


def test_json(ledger: Path) -> None:
    shown = audit("--ledger", str(ledger), "--json", *RANGE)
    assert shown.exit_code == 1
    found = orjson.loads(shown.stdout)
    assert (found["pool"], found["since"], found["step"], found["by"]) == (
        "main",
        DAY,
        HOUR,
        "hour",
    )
    assert [row["fine"] for row in found["rows"]] == [True, True, False]
    assert found["total"]["reasons"] == {"no\x1b[m": 50}


def test_the_pools_own_figures(ledger: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("start,shares\n2023-11-15,100\n2023-11-15T01:00,70\n")
    until = ["--since", "2023-11-15", "--until", "2023-11-15T02:00"]
    shown = audit("--ledger", str(ledger), "--pool-figures", str(theirs), *until)
    assert shown.exit_code == 1
    assert "Pool's shares" in shown.stdout
    (row,) = (line for line in shown.stdout.splitlines() if "01:00  " in line)
    assert " 70 " in row
    assert row.rstrip().endswith("pool's figures are below what it acknowledged")


def test_the_ledger_of_a_configuration(ledger: Path, tmp_path: Path) -> None:
    config = tmp_path / "farm.toml"
    text = (
        '[[listen]]\naddress = ":3333"\n[[pool]]\nurl = "stratum+tcp://p:1"\nuser = "u"\n'
        f'[ledger]\npath = "{ledger}"\n'
    )
    config.write_text(text)
    assert audit("--config", str(config), *RANGE).exit_code == 1
    config.write_text(text.split("[ledger]")[0])
    shown = audit("--config", str(config), *RANGE)
    assert shown.exit_code == 2
    assert "ledger.path: is empty, so there is no ledger to audit by" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "give either --config FILE or --ledger FILE"),
        (["--ledger", "x", "--config", "y"], "give either --config FILE or --ledger FILE"),
        (["--ledger", "absent"], "stratumproxy: absent: there is no such file"),
        (
            ["--ledger", "x", "--since", "soon"],
            "expected a time such as 24h, yesterday, 2026-11-01",
        ),
        (["--ledger", "x", "--since", "2023-11-15", "--until", "2023-11-15"], "is not before"),
        (["--ledger", "x", "--by", "week"], "is not one of"),
        (["--ledger", "x", "--by", "tenant", "--pool-figures", "y"], "by time or by worker"),
    ],
)
def test_what_is_wrong(arguments: list[str], error: str) -> None:
    shown = audit(*arguments)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert error in shown.stderr


def test_a_pool_or_figures_that_are_not_there(ledger: Path) -> None:
    shown = audit("--ledger", str(ledger), *RANGE, pool="mian")
    assert shown.exit_code == 2
    assert "the ledger has no pool 'mian'; it has: main" in shown.stderr
    shown = audit("--ledger", str(ledger), "--pool-figures", "absent.csv", *RANGE)
    assert shown.exit_code == 2
    assert shown.stderr == "stratumproxy: absent.csv: can't be read: No such file or directory\n"


def test_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "farm.toml"
    path.write_text("x" * 5000)
    shown = audit("--ledger", str(path), *RANGE)
    assert shown.exit_code == 2
    assert "not an SQLite database" in shown.stderr


@pytest.fixture
def hosted(tmp_path: Path) -> Path:
    """Two tenants with a machine of one name; one of them mines for two accounts."""
    path = tmp_path / "hosted.sqlite3"
    told = []
    mined = [("acme", "acme", ""), ("acme", "acme2", ""), ("zeta", "zeta", "rest")]
    for tenant, account, target in mined:
        whose = {"tenant": tenant, "account": account, "target": target}
        shares = [share(DAY, "rig", **whose) for _ in range(50)]
        told.append(
            batch(len(told) + 1, shares=shares, work=[work("rig", 3200, **whose)]),
        )
    keep(path, told)
    return path


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        ("account", ["main / acme", "main / acme2", "main / zeta"]),
        ("tenant", ["acme", "zeta"]),
        ("target", ["acme / -", "zeta / rest"]),
        ("pool", ["main"]),
        ("worker", ["acme / rig", "zeta / rig"]),
    ],
)
def test_by_whose_it_is(hosted: Path, by: str, labels: list[str]) -> None:
    shown = CliRunner().invoke(cli, ["audit", "--ledger", str(hosted), "--by", by, *RANGE])
    assert shown.exit_code == 0
    rows = [line for line in shown.stdout.splitlines() if "within chance " in f"{line} "]
    rows = [row for row in rows if not row.startswith("Of ")]
    assert [row.partition("  ")[0] for row in rows] == [*labels, "Total"]
    assert shown.stdout.startswith("all pools, ")


def test_of_one_tenant(hosted: Path) -> None:
    shown = audit("--ledger", str(hosted), "--tenant", "acme", "--json", *RANGE)
    found = orjson.loads(shown.stdout)
    assert (found["pool"], found["tenant"], found["account"]) == ("main", "acme", None)
    assert (found["total"]["forwarded"], found["total"]["expected"]) == (100, 100.0)
    shown = audit("--ledger", str(hosted), "--tenant", "acme", "--account", "zeta", *RANGE)
    assert shown.exit_code == 2
    assert "no tenant 'acme' of pool 'main' of account 'zeta'; it has: zeta" in shown.stderr
