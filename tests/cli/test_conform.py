"""`stratumproxy conform`, as a process against a simulated pool."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from stratumproxy.cli import cli
from tests.ports import KeptPort
from tests.waiting import PATIENCE

STRATUMPROXY = [sys.executable, "-m", "stratumproxy"]


@pytest.fixture
def pool(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a simulated pool with the test's settings."""
    settings = [f"--set={each}" for each in ("difficulty=1e-8", *getattr(request, "param", ()))]
    process = subprocess.Popen(
        [*STRATUMPROXY, "simulate", "pool", *settings], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    event = json.loads(process.stdout.readline())
    yield f"127.0.0.1:{event['port']}"
    process.kill()
    process.communicate()


def conform(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*STRATUMPROXY, "conform", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_good_pool_passes(pool: str, tmp_path: Path) -> None:
    xml, data = tmp_path / "conform.xml", tmp_path / "conform.json"
    done = conform("pool", pool, "--strict", "--junit", str(xml), "--json", str(data))
    assert (done.returncode, done.stderr) == (0, "")
    assert " passed, 0 failed, " in done.stdout
    assert ElementTree.parse(xml).getroot().get("failures") == "0"
    assert json.loads(data.read_text())["peer"] == pool


@pytest.mark.parametrize("pool", [("reject_shape=string",)], indirect=True)
def test_levels_and_what_is_seen_of_a_failure(pool: str) -> None:
    done = conform("pool", pool, "--case", "SV1-ERROR-*")
    assert done.returncode == 0
    assert "seen: an error is [code, text, null], not" in done.stdout
    assert "0 passed, 1 failed (1 should), 0 not tried" in done.stdout
    assert ">> " in done.stdout
    done = conform("pool", pool, "--case", "SV1-ERROR-*", "--strict", "--json", "-")
    assert done.returncode == 1
    assert json.loads(done.stdout)["results"][0]["status"] == "failed"
    assert "FAIL" in done.stderr


@pytest.mark.parametrize("pool", [("refuse_authorize=yes",)], indirect=True)
def test_a_name_that_is_refused_is_not_measured(pool: str) -> None:
    done = conform("pool", pool, "--user", "nobody")
    assert done.returncode == 2
    assert "the pool does not take nobody (unauthorized worker): --user" in done.stderr


def test_nobody_there_is_not_measured() -> None:
    with KeptPort() as nobody:
        done = conform("pool", "{}:{}".format(*nobody.address))
    assert done.returncode == 2
    assert "can't be tried: no connection" in done.stderr


MINER = [*STRATUMPROXY, "simulate", "miners", "{host}:{port}", "--quiet", "--style", "antminer"]


def test_a_miner_that_a_command_starts(tmp_path: Path) -> None:
    wanted = "--case", "SV1-MINER-ERROR-*", "--difficulty", "1e-7"
    log = tmp_path / "miner.log"
    done = conform("miner", *wanted, "--log", str(log), "--", *MINER)
    assert (done.returncode, done.stderr) == (0, "")
    assert "7 passed, 0 failed, 0 not tried" in done.stdout
    assert '"summary"' in log.read_text()


def test_a_fault_of_a_miner() -> None:
    wanted = "--case", "SV1-MINER-SUBMIT-*", "--difficulty", "1e-7", "--json", "-"
    done = conform("miner", *wanted, "--", *MINER, "--set", "fault=shares-twice")
    assert done.returncode == 1
    results = json.loads(done.stdout)["results"]
    assert [each["id"] for each in results if each["status"] == "failed"] == [
        "SV1-MINER-SUBMIT-DUPLICATE"
    ]


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("true", "no miner connected in 0.5 s"),
        ("/no/miner", "/no/miner can't be started"),
    ],
)
def test_a_miner_that_does_not_come_is_not_measured(command: str, text: str) -> None:
    done = conform("miner", "--timeout", "0.5", "--", command)
    assert done.returncode == 2
    assert text in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("pool", "A URL is missing"),
        ("proxy", "--config is missing"),
        ("proxy --config /no/file.toml", "No such file"),
        ("proxy --case SV1-NO", "there is no case SV1-NO"),
        ("pool 127.0.0.1:1 --case SV1-NO", "there is no case SV1-NO"),
        ("pool nowhere", "has no port"),
    ],
)
def test_what_is_wrong_is_said(arguments: str, text: str) -> None:
    shown = CliRunner().invoke(cli, ["conform", *arguments.split()])
    assert shown.exit_code != 0
    assert text in shown.output


def test_list_shows_rules_and_sources() -> None:
    shown = CliRunner().invoke(cli, ["conform", "pool", "--list"])
    assert shown.exit_code == 0
    assert "SV1-SUBMIT-LOW                   must\n    A share that misses" in shown.output
    assert "bip-0310" in shown.output
