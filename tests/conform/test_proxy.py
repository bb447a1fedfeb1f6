"""`conform proxy` against this proxy, and against programs that are none."""

import re
import sys
from functools import partial
from pathlib import Path

import pytest
import trio

from stratumproxy.conform.catalogue import select
from stratumproxy.conform.outcome import Terms
from stratumproxy.conform.proxy_setup import ProxySetup, laid_out, read_setup
from stratumproxy.conform.proxy_suite import run_proxy_cases
from stratumproxy.errors import ConfigError, PoolError, StratumProxyError
from tests.conform.conftest import Results, failed
from tests.waiting import PATIENCE

STRATUMPROXY = [sys.executable, "-m", "stratumproxy"]

OURS = ProxySetup(
    name="stratumproxy",
    command=[*STRATUMPROXY, "run", "--config", "proxy.toml"],
    user="farm.1",
    difficulty=1e-6,
    files={
        "proxy.toml": """
        [[listen]]
        address = "{miners}"
        [[pool]]
        url = "stratum+tcp://{pool}"
        user = "farm"
        backoff_max_seconds = 1
        [difficulty]
        start = 1e-7
        min = 1e-9
        """
    },
)


def try_proxy(setup: ProxySetup, *wanted: str, timeout: float = PATIENCE) -> Results:
    cases = select(["proxy", "pool", "miner"], wanted)
    terms = Terms(user=setup.user, timeout=timeout, difficulty=setup.difficulty)
    results = trio.run(partial(run_proxy_cases, cases, setup, terms))
    return {result.case.id: result for result in results}


def test_ours_does_what_a_proxy_has_to() -> None:
    results = try_proxy(OURS, "SV1-PROXY-*")
    assert {result.status for result in results.values()} == {"passed"}


def test_ours_from_both_sides() -> None:
    wanted = "SV1-HANDSHAKE-*", "SV1-CONFIGURE-*", "SV1-FRAME-*", "SV1-MINER-RECONNECT-CUT"
    results = try_proxy(OURS, *wanted)
    assert failed(results) == set()
    assert results["SV1-MINER-RECONNECT-CUT"].status == "passed"


def test_a_proxy_that_swallows_refusals_is_found() -> None:
    local = OURS.files["proxy.toml"].replace("[[listen]]", 'verdict = "local"\n[[listen]]')
    setup = ProxySetup(command=OURS.command, user=OURS.user, files={"proxy.toml": local})
    assert failed(try_proxy(setup, "SV1-PROXY-VERDICT", "SV1-PROXY-FORWARDS")) == {
        "SV1-PROXY-VERDICT"
    }


def test_a_program_that_is_no_proxy_is_not_measured() -> None:
    setup = ProxySetup(command=["sleep", "60"], start_seconds=0.5)
    with pytest.RaisesGroup(
        pytest.RaisesExc(PoolError, match="no miner got a job of it in 0.5 s"),
        flatten_subgroups=True,
        allow_unwrapped=True,
    ):
        try_proxy(setup)


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(StratumProxyError, match="/no/proxy can't be started"):
        try_proxy(ProxySetup(command=["/no/proxy"]))


def test_miners_go_to_a_port_that_the_kernel_gives_to_nobody_else() -> None:
    """It may give one to a test next door before the proxy listens there."""
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not given.exists():
        pytest.skip("only Linux says which ports it gives")
    first, last = map(int, given.read_text().split())
    if first < 32_000:
        pytest.skip("this machine's kernel gives other ports than it does elsewhere")
    for _ in range(10):
        with laid_out(ProxySetup(command=["true"]), ("127.0.0.1", 1234)) as (_, places):
            assert not first <= int(places["miners_port"]) <= last


def test_the_file(tmp_path: Path) -> None:
    path = tmp_path / "theirs.toml"
    path.write_text('name = "theirs"\ncommand = ["p", "{miners}"]\n[files]\n"a" = "{pool} {x}"\n')
    setup = read_setup(path)
    assert (setup.name, setup.user) == ("theirs", "conform.1")
    with laid_out(setup, ("127.0.0.1", 1234)) as (folder, places):
        assert (folder / "a").read_text() == "127.0.0.1:1234 {x}"
        assert places["miners"].startswith("127.0.0.1:")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "command: a list of words is missing"),
        ('command = "run it"', "command: 'run it' is of the wrong type"),
        ('command = ["p"]\ncolour = 1', "colour: there is no such key"),
        ("command = [", "Invalid"),
    ],
)
def test_what_is_wrong_in_it(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "theirs.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=problem):
        read_setup(path)


def test_the_example_in_the_documentation_is_one(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "conformance.md"
    example = re.search(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    path = tmp_path / "theirs.toml"
    path.write_text(example[1])
    assert list(read_setup(path).files) == ["proxy.toml"]


def test_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_setup(tmp_path / "nothing.toml")
