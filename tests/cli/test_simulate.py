"""`stratumproxy simulate`, as processes: pool, miners, link and replay, and what they print."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stratumproxy.cli import cli
from tests.net.tls_files import AUTHORITY, write_authority, write_certificate
from tests.ports import KeptPort
from tests.waiting import PATIENCE

COMMAND = [sys.executable, "-m", "stratumproxy", "simulate"]
Event = dict[str, Any]


class Running:
    """A command that runs, and the events it told so far."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.events: list[Event] = []

    def until(self, name: str) -> Event:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == name:
                return self.events[-1]
        raise AssertionError(f"no {name}: {self.events[-3:]} {self.process.communicate()[1]}")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.until('listening')['port']}"

    def end(self, *, ask: bool = True) -> int:
        if ask:
            self.process.terminate()
        out, _ = self.process.communicate(timeout=PATIENCE)
        self.events += [json.loads(line) for line in out.splitlines()]
        return self.process.returncode

    def names(self) -> set[str]:
        return {event["event"] for event in self.events}


@pytest.fixture
def run() -> Iterator[Any]:
    running: list[Running] = []

    def start(*arguments: str) -> Running:
        running.append(Running(*arguments))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()
        each.process.communicate()


def test_pool_and_miners_count_the_same(run: Any) -> None:
    pool = run("pool", "--set", "difficulty=1e-8", "--set", "reject_every=3")
    miners = run("miners", pool.address, "--count", "3", "--shares", "10", "--user", "farm")
    assert miners.end(ask=False) == 0
    assert pool.end() == 0
    assert pool.names() >= {"connected", "subscribed", "authorized", "job", "share", "summary"}
    assert miners.names() >= {"connected", "job", "share", "disconnected", "summary"}
    ours, theirs = miners.events[-1], pool.events[-1]
    assert ours["accepted"] == theirs["accepted"] >= 10
    assert ours["rejected"] == {"20": theirs["rejected"]["pool"]}
    assert {event["worker"] for event in miners.events if "worker" in event} == {
        "farm.0",
        "farm.1",
        "farm.2",
    }


def test_a_fault_of_the_server_is_exit_status_1(run: Any) -> None:
    pool = run("pool", "--set", "difficulty=1e-8", "--set", "extranonce2_size=12")
    miners = run("miners", pool.address, "--style", "cgminer", "--shares", "1")
    assert miners.end(ask=False) == 1
    (violation,) = (event for event in miners.events if event["event"] == "violation")
    assert violation["code"] == "SV1-EXTRANONCE2-SIZE"
    assert miners.events[-1]["violations"] == {"SV1-EXTRANONCE2-SIZE": 1}


def test_a_server_that_is_not_there_is_exit_status_2(run: Any) -> None:
    with KeptPort() as nobody:
        miners = run("miners", f"127.0.0.1:{nobody.address[1]}", "--seconds", "1")
        assert miners.end(ask=False) == 2


def test_a_server_without_jobs_is_exit_status_2(run: Any) -> None:
    pool = run("pool", "--set", "refuse_authorize=yes")
    miners = run("miners", pool.address, "--style", "cgminer", "--seconds", "1")
    _, error = miners.process.communicate(timeout=PATIENCE)
    assert miners.process.returncode == 2
    assert "no miner ever got a job" in error
    assert "unauthorized worker" in error


def test_tls_and_a_proxy_header(run: Any, tmp_path: Path) -> None:
    chain, key = write_certificate(tmp_path, AUTHORITY.issue_cert("localhost"))
    tls = "--tls-certificate", chain, "--tls-key", key
    pool = run("pool", "--set", "difficulty=1e-8", *tls, "--proxy-header")
    port = pool.until("listening")["port"]
    trust = "--tls-ca", write_authority(tmp_path)
    header = "--proxy-version", "2", "--proxy-from", "203.0.113.0/24"
    miners = run("miners", f"stratum+ssl://localhost:{port}", *trust, *header, "--shares", "1")
    assert miners.end(ask=False) == 0
    assert pool.until("subscribed")["peer"].startswith("203.0.113.0:")


def test_a_link_records_and_a_replay_says_it_again(run: Any, tmp_path: Path) -> None:
    said = str(tmp_path / "said.jsonl")
    pool = run("pool", "--set", "difficulty=1e-8")
    where = pool.address
    link = run("link", where, "--record", said, "--set", "latency=0.001")
    miners = run("miners", link.address, "--style", "bitaxe", "--shares", "2", "--one-user")
    assert miners.end(ask=False) == 0
    assert link.end() == 0
    assert link.names() >= {"connected", "disconnected"}
    miner = run("replay", said, "--as", "miner", where)
    assert miner.end(ask=False) in (0, 2)  # the pool's next job may come at another place
    assert any("mining.notify" in event["line"] for event in miner.events)
    server = run("replay", said, "--as", "server")
    fresh = run("miners", server.address, "--style", "bitaxe", "--one-user")
    fresh.until("job")
    fresh.end()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("pool --set colour=red", "there is no setting 'colour'; there are: "),
        ("pool --listen here", "has no port"),
        ("pool --tls-certificate /nowhere.pem", "/nowhere.pem can't be used"),
        ("miners nowhere", "has no port"),
        ("miners 127.0.0.1:1 --proxy-version 1 --proxy-from x", "--proxy-from: "),
        ("miners stratum+ssl://a.example:1 --tls-ca /nowhere.pem", "/nowhere.pem can't be used"),
        ("link 127.0.0.1:1 --set latency=-1", "latency: 0 or more"),
        ("replay - --as miner 127.0.0.1:1", "the recording has no connection 1"),
        ("simulate", "No such command"),
    ],
)
def test_what_is_wrong_is_said(arguments: str, text: str) -> None:
    shown = CliRunner().invoke(cli, ["simulate", *arguments.split()])
    assert shown.exit_code != 0
    assert text in shown.output


@pytest.mark.parametrize("command", ["pool", "miners", "link", "replay"])
def test_help_teaches_by_example(command: str) -> None:
    shown = CliRunner().invoke(cli, ["simulate", command, "--help"])
    assert f"Examples:\n    stratumproxy simulate {command}" in shown.output
