"""`stratumproxy report`."""

import csv
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from stratumproxy.cli import cli
from tests.ledger.told import DAY, batch, keep, query, share, work

HOUR = 3600
RANGE = ["--from", "2023-11-15", "--to", "2023-11-17"]

CONFIG = """\
[[listen]]
address = "127.0.0.1:3333"
[[pool]]
url = "stratum+tcp://pool.example:3333"
name = "main"
user = "host"
[[tenant]]
name = "acme"
workers = ["acme.*"]
[ledger]
path = "{path}"
[[excused]]
from = 2023-11-15T10:00:00+01:00
to = 2023-11-15T12:00:00+01:00
why = "the grid"
[[excused]]
from = 2023-11-16T10:00:00Z
to = 2023-11-16T12:00:00Z
why = "somebody else's"
tenant = "default"
{more}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Two machines for two days; one is off for three hours, two of which are excused."""
    path = tmp_path / "ledger.sqlite3"
    told = []
    for hour in range(48):
        at, names = DAY + hour * HOUR, ["acme.r1.a", "acme.r2.b\x1b["]
        if 8 <= hour < 11:
            names.pop()
        told.append(
            batch(
                hour + 1,
                at,
                work=[
                    work(name, 60, tenant="acme", proven_seconds=3600.0, rejected={"stale": 1})
                    for name in names
                ],
                shares=[share(at, name, tenant="acme") for name in names],
            )
        )
    keep(path, told)
    file = tmp_path / "farm.toml"
    file.write_text(CONFIG.format(path=path, more=""))
    return file


def report(*arguments: str, tenant: str = "acme") -> Result:
    return CliRunner().invoke(cli, ["report", "--tenant", tenant, *arguments])


def test_by_day(config: Path) -> None:
    shown = report("-c", str(config), *RANGE)
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert lines[0].startswith("acme, 2023-11-15 00:00 to 2023-11-17 00:00 UTC: 2 machines, ")
    rows = [line.split() for line in lines if line.startswith(("2023-11-1", "Total"))][:3]
    # There, proven, excused, down, uptime; each but the last with its unit.
    assert rows[0][-10:] == ["48.0", "h", "45.0", "h", "2.0", "h", "1.0", "h", "97.83", "%"]
    assert rows[1][-10:] == ["48.0", "h", "48.0", "h", "0.0", "h", "0.0", "h", "100.00", "%"]
    assert rows[2][-10:] == ["96.0", "h", "93.0", "h", "2.0", "h", "1.0", "h", "98.94", "%"]
    assert "Rejected: 93 stale" in shown.stdout
    assert "the grid" in shown.stdout
    assert "somebody" not in shown.stdout


def test_by_worker_in_the_customers_days(config: Path) -> None:
    shown = report(
        *("-c", str(config), *RANGE, "--time-zone", "Europe/Oslo"),
        *("--by", "worker", "--format", "csv"),
    )
    lines = list(csv.DictReader(shown.stdout.splitlines()))
    assert [line["worker"] for line in lines] == ["acme.r1.a", "acme.r2.b\ufffd[", "Total"]
    assert [float(line["proven_seconds"]) / HOUR for line in lines] == [47, 44, 91]
    assert {line["since"] for line in lines} == {str(DAY - HOUR)}


def test_json_is_all_of_it(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert report("-c", str(config), *RANGE, "--format", "json", "-o", str(out)).exit_code == 0
    found = orjson.loads(out.read_bytes())
    assert (found["total"]["accepted"], found["tenant"], found["names"]) == (93 * 60, "acme", 2)
    assert found["windows"][0]["machine_seconds"] == 2 * HOUR
    assert found["credits"][0]["credited"] == 93


def test_html_is_one_file(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    assert report("-c", str(config), *RANGE, "--format", "html", "-o", str(out)).exit_code == 0
    page = out.read_text()
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http-equiv", "")


def test_a_copy_of_the_ledger_excuses_nothing(config: Path) -> None:
    path = config.with_name("ledger.sqlite3")
    shown = report("--ledger", str(path), *RANGE, "--format", "json")
    assert orjson.loads(shown.stdout)["windows"] == []


def test_by_group(config: Path) -> None:
    pytest.importorskip("re2")
    text = config.read_text() + "[groups]\npattern = '(?P<rack>r[0-9]+)'\n"
    config.write_text(text)
    shown = report("-c", str(config), *RANGE, "--by", "group", "--format", "json")
    rows = orjson.loads(shown.stdout)["rows"]
    assert [(row["name"], row["accepted"]) for row in rows] == [
        ("rack r1", 48 * 60),
        ("rack r2", 45 * 60),
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        ([*RANGE], 2, "give either --config FILE or --ledger FILE"),
        (["--ledger", "absent", *RANGE], 1, "stratumproxy: absent: there is no such file"),
        (["--ledger", "x", *RANGE, "--time-zone", "Oslo"], 1, "such as Europe/Oslo"),
        (["--ledger", "x", "--from", "now", "--to", "now"], 1, "from: is not before to"),
        (["--ledger", "x", *RANGE, "--by", "group"], 1, "see pattern in [groups]"),
        (["--ledger", "{}", *RANGE, "--format", "csv", "-o", "/none/x"], 1, "can't be written"),
        (["--ledger", "{}", *RANGE, "-o", "x"], 2, "--output is for csv, json and html"),
        (["--ledger", "{}", "--from", "2037-01-01", "--to", "2037-01-02"], 1, "nothing is known"),
    ],
)
def test_what_is_wrong(config: Path, arguments: list[str], status: int, error: str) -> None:
    path = str(config.with_name("ledger.sqlite3"))
    shown = report(*(each.format(path) for each in arguments))
    assert (shown.exit_code, error in shown.stderr) == (status, True), shown.stderr


def test_no_such_tenant(config: Path) -> None:
    shown = report("-c", str(config), *RANGE, tenant="zeta")
    assert (shown.exit_code, "it has: acme" in shown.stderr) == (1, True)


def test_the_pools_fault_is_excused_with_its_proof(config: Path) -> None:
    path = config.with_name("ledger.sqlite3")
    values = '{"condition": "no-pool", "why": "main is lost: 10.0.0.1", "lasted_seconds": 3600}'
    end = DAY + 11 * HOUR
    keep(path, [batch(100, end, events=[])])
    with_event = (
        f"INSERT INTO events VALUES (1, {end}, 'info', 'a pool is ready again', '{values}')"
    )
    import sqlite3

    with sqlite3.connect(path) as connection:
        connection.execute(with_event)
    connection.close()
    assert query(path, "SELECT count(*) FROM events") == [(1,)]
    shown = report("--ledger", str(path), *RANGE, "--format", "json")
    (window,) = orjson.loads(shown.stdout)["windows"]
    assert (window["kind"], window["machine_seconds"]) == ("pool", HOUR)
    assert window["proof"] == "events, condition no-pool"
    assert "10.0.0.1" not in shown.stdout
