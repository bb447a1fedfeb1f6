"""Measurements of servers with habits, and of the proxy: does it all fit together?"""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.bench.build import build
from stratumproxy.bench.config import Scenario
from stratumproxy.bench.place import Cores
from stratumproxy.bench.rounds import Outcome, single_loads, title
from stratumproxy.bench.servers import Program
from stratumproxy.freeport import free_port
from tests.bench.measuring import HERE, SHORT, measured, needs_generator, own, peer

pytestmark = needs_generator


def report(outcome: Outcome, server: str) -> dict:
    [run] = [run for run in outcome.runs if run.server == server]
    assert run.report, run.no_result
    return run.report


@pytest.mark.parametrize("habit", ["plain", "sizes", "method-last", "names-for-ids", "hangs-up"])
def test_a_pool_without_a_proxy(habit: str) -> None:
    outcome = measured(peer(habit))
    result = report(outcome, habit)
    assert result["faults"] == []
    assert result["shares"]["accepted"] == result["shares"]["answered"] > 0
    assert result["pool"] is result["verified"] is result["fan_out"]["first"] is None
    assert outcome.median(habit, "storm.last") is not None
    assert outcome.median(habit, "cpu.share") is not None
    assert outcome.median(habit, "job.last") is None


def test_a_pool_that_never_answers_configure_is_told_so_by_configuration() -> None:
    habit = "deaf-to-configure"
    short = measured(peer(habit), deadline=8)
    assert [run.no_result for run in short.missing] == ["not all miners have work at the deadline"]
    good = measured(peer(habit, handshake=["subscribe", "authorize"]))
    assert report(good, habit)["faults"] == []


def test_rejections_are_measured_where_they_are_wanted() -> None:
    outcome = measured(peer("refuses"), shares="invalid")
    result = report(outcome, "refuses")
    assert result["shares"]["rejected"] == {"23": result["shares"]["answered"]}
    assert result["faults"] == []
    assert outcome.median("refuses", "reply.p99") is not None
    unwanted = report(measured(peer("refuses")), "refuses")
    assert "shares were rejected, by code: {'23'" in unwanted["faults"][0]


def test_the_window_is_as_long_as_it_shall_be_however_late_it_opens() -> None:
    """First all that is to be under way is sent, which takes what it takes."""
    outcome = measured(peer("plain"), depth=200, warmup=0)
    assert report(outcome, "plain")["window"] >= SHORT["seconds"]


def test_shares_are_found_where_not_every_hash_is_one() -> None:
    outcome = measured(peer("hashing"), shares="hash", rate=20)
    assert report(outcome, "hashing")["shares"]["accepted"] > 0


def test_no_answer_is_no_result() -> None:
    [run] = measured(peer("silent")).missing
    assert run.no_result == "none of 20 shares was answered"


def test_a_line_without_an_end_is_no_result() -> None:
    [run] = measured(peer("endless")).missing
    assert "the server sent a line of over 65536 bytes" in run.no_result


def test_a_difficulty_that_not_every_hash_meets_is_no_result() -> None:
    [run] = measured(peer("hard")).missing
    assert "asked for difficulty 1, which not every hash meets" in run.no_result


def test_a_server_that_does_not_start_is_no_result_and_the_others_are_measured() -> None:
    command = ["{python}", "-c", "raise SystemExit('no licence')"]
    broken: dict[str, Any] = {"name": "broken", "command": command}
    outcome = measured(broken, peer("plain"))
    assert "no licence" in outcome.missing[0].no_result
    assert report(outcome, "plain")["faults"] == []


@pytest.mark.parametrize(
    ("habit", "wrong"), [("passes-on", None), ("loses-bits", "lost the version bits")]
)
def test_a_proxy_of_any_layout(habit: str, wrong: str | None) -> None:
    pool = {"sessions": 0, "extranonce2_size": 5}
    result = report(measured(peer(habit, pool=pool), forward=1), habit)
    assert result["pool"]["sessions"] >= 20
    assert result["pool"]["submits"] >= result["shares"]["accepted"] > 0
    if wrong:
        assert wrong in result["faults"][0]
        assert result["pool"]["version_changed"] > 0
    else:
        assert result["faults"] == []
        assert result["pool"]["matched"] == result["pool"]["submits"]


def test_what_runs_beside_a_server_must_not_end() -> None:
    stays = ["{python}", "-c", "import signal; signal.pause()", "{port:node}"]
    ends = ["{python}", "-c", "raise SystemExit('no node at {port:node}')"]
    good = report(measured(peer("plain", beside=[stays])), "plain")
    assert good["faults"] == []
    [fault] = report(measured(peer("plain", beside=[ends])), "plain")["faults"]
    assert "beside it ended with 1: no node at " in fault
    assert "{port" not in fault


def test_files_and_what_stands_for_something_else() -> None:
    code = "import runpy, sys; sys.argv[1:] = open('argv').read().split(); runpy.run_path('{peer}')"
    server: dict[str, Any] = {
        "name": "by-file",
        "command": ["{python}", "-c", code],
        "files": {"argv": "{habit} {miners_port}"},
        "set": {"habit": "plain", "peer": "{here}/peer.py"},
    }
    assert report(measured(server), "by-file")["faults"] == []


def test_one_child_alone_can_be_measured() -> None:
    server = peer("plain", measure="no-such-child", start_seconds=0.2)
    [run] = measured(server).missing
    assert "no child of the server has 'no-such-child' in its command line" in run.no_result
    code = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"
    words = ["{here}/peer.py", "plain", "{miners_port}", "the-child"]
    server = {"name": "parent", "command": ["{python}", "-c", code, *words]}
    alone = report(measured(server | {"measure": "the-child"}), "parent")
    assert alone["server"]["processes"] == 1
    assert report(measured(server), "parent")["server"]["processes"] == 2


def test_what_is_no_stratum_is_counted() -> None:
    result = report(measured(peer("babbles")), "babbles")
    assert result["miners"]["strange_lines"] == 20 * 6
    assert result["faults"] == ["120 lines were not understood"]


@pytest.mark.parametrize(("habit", "host"), [("plain", "localhost"), ("six", "[::1]")])
def test_a_server_that_runs_already(tmp_path: Path, habit: str, host: str) -> None:
    if habit == "six" and not has_ipv6():
        pytest.skip("no IPv6 here")
    port, core = free_port(), Cores.of_this_machine().server
    command = [sys.executable, f"{HERE}/peer.py", habit, f"{port}"]
    program = Program(command, tmp_path, core)
    try:
        outcome = measured({"name": "there", "connect": f"{host}:{port}"})
    finally:
        program.stop()
    assert report(outcome, "there")["faults"] == []
    assert report(outcome, "there")["server"] is None
    assert outcome.median("there", "cpu.share") is None


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    "address", ["192.0.2.1:1", "0.0.0.0:1", "[2001:db8::1]:1", "pool.example:1", "127.0.0.1:0", "1"]
)
@pytest.mark.parametrize("option", ["--server", "--pool"])
def test_the_generator_itself_goes_nowhere_else(option: str, address: str) -> None:
    command = [str(build().load), option, address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert address in done.stderr


def test_the_proxy_checks_every_share_itself_and_the_floor_none() -> None:
    outcome = own("saturation", floor=True)
    floor, proxy = report(outcome, "floor"), report(outcome, "proxy")
    assert floor["shares"]["accepted"] == floor["shares"]["answered"]
    assert floor["pool"]["submits"] == proxy["pool"]["submits"] == 0
    assert floor["faults"] == proxy["faults"] == []
    assert proxy["probes"] == {"duplicate": 22, "unknown_job": 21}
    assert proxy["verified"]["works"] == 20
    assert outcome.ratio("proxy", "cpu.share", "floor")


@pytest.mark.parametrize("name", ["forwarded", "fleet-forwarded"])
def test_every_forwarded_share_is_the_same_share_at_the_pool(name: str) -> None:
    load = {"rate": 200.0, "job_interval": 0.1} if name != "forwarded" else {}
    result = report(own(name, **load), "proxy")
    assert result["faults"] == []
    assert result["pool"]["matched"] == result["pool"]["submits"] > 0
    assert result["verified"]["shares"] > 0


def test_a_fleet_gets_its_jobs() -> None:
    outcome = own("fleet", rate=200.0, job_interval=0.1, sample=0.1)
    result = report(outcome, "proxy")
    assert result["fan_out"]["jobs"] > 0
    assert all(job["served"] <= 20 for job in result["jobs"])
    assert 0 < result["fan_out"]["first"] <= result["fan_out"]["last"]
    assert result["series"]
    assert sum(count for _, count in result["histogram"]) == result["reply"]["count"]
    assert outcome.median("proxy", "memory.all")
    assert outcome.median("proxy", "late.p99") is not None


def test_two_processes_share_the_miners() -> None:
    result = report(own("processes"), "2 processes")
    assert result["pool"]["sessions"] == 2
    assert result["server"]["processes"] == 3


def test_several_loads() -> None:
    scenario = Scenario(vary={"miners": [10, 20]})
    assert [(name, each.miners) for name, each in single_loads("by", scenario)] == [
        ("by miners=10", 10),
        ("by miners=20", 20),
    ]
    assert [name for name, _ in single_loads("one", Scenario())] == ["one"]


@pytest.mark.parametrize(
    ("settings", "proxies", "text"),
    [
        ({}, False, "1,000 miners, each with 1 share under way; 8 s, 3 times"),
        ({"miners": 500, "rate": 20, "shares": "invalid"}, False, "500 miners, 20 shares/s, inva"),
        ({"forward": 0.01, "job_interval": 5, "clean_every": 2}, True, "one in 2 clean, 1 % forw"),
        ({"forward": 1.0, "repeats": 1}, True, "all forwarded; 8 s, once"),
    ],
)
def test_a_title_says_what_was_run(settings: dict, proxies: bool, text: str) -> None:
    assert text in title(Scenario.model_validate(settings), proxies=proxies)
