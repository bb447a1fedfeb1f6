"""A file of servers and scenarios, and what is said of one that can't be used."""

import re
from pathlib import Path

import pytest

from stratumproxy.bench.config import Generator, PoolSide, Scenario, Server, load
from stratumproxy.bench.figures import BY_NAME
from stratumproxy.errors import ConfigError

SERVER = '[[server]]\nname = "pool"\nconnect = "127.0.0.1:3333"\n'
SCENARIO = "[scenario.open]\nminers = 5\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "bench.toml"
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str, *allowed: str) -> str:
    with pytest.raises(ConfigError) as told:
        load(written(folder, text), list(allowed))
    return str(told.value)


def test_what_is_in_it(tmp_path: Path) -> None:
    text = """
    files."all.conf" = "everybody's"
    [[server]]
    name = "ckpool"
    command = ["ckpool", "--config", "ck.conf"]
    files."ck.conf" = '{"proxy": "{pool}"}'
    user = "bc1q.m%d"
    handshake = ["subscribe", "authorize"]
    pool = { sessions = 0, set_difficulty = false, notify_delay = 0.3 }
    [[server]]
    name = "pool"
    connect = "[::1]:3333"
    [scenario.open]
    rate = 500
    shares = "invalid"
    expect = ["reply.p99 < 25 ms", "unanswered == 0"]
    """
    bench = load(written(tmp_path, text), [])
    ckpool, pool = bench.servers().values()
    assert ckpool.pool
    assert (ckpool.pool.sessions, pool.pool) == (0, None)
    assert sorted(ckpool.files) == ["all.conf", "ck.conf"]
    assert bench.scenario["open"].rate == 500


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SERVER, "bench.toml: scenario: field required"),
        (SCENARIO, "bench.toml: server: field required"),
        (SERVER + SCENARIO + "minors = 5", ":6: scenario.open.minors: unknown key"),
        (SERVER + SCENARIO + "rate = -1", ":6: scenario.open.rate: "),
        (SERVER + SCENARIO + 'expect = ["fast"]', ":6: scenario.open.expect: 'fast' is no expect"),
        (SERVER + SCENARIO + 'show = ["speed"]', "'speed' is no figure; there are cpu.share, "),
        (SERVER + SCENARIO + 'shares = "hash"', 'shares = "hash" needs a rate'),
        (SERVER + SCENARIO + 'servers = ["x"]', "scenario 'open': there is no server 'x'"),
        (SERVER + SERVER + SCENARIO, "server 'pool': the name is taken"),
        ('[[server]]\nname = "a"\n' + SCENARIO, ":1: server[0]: has one of command and connect"),
        ('[[server]]\nname = "a"\ncommand = ["x", "{pool}"]\n' + SCENARIO, "has pool = {} at"),
        (SERVER + "pool = {}\n" + SCENARIO, ":1: server[0]: runs already, so pool.listen has to"),
        (SERVER.replace("127.0.0.1:3333", "3333") + SCENARIO, ":3: server[0].connect: '3333': an"),
        (SERVER.replace("127.0.0.1", "pool.example") + SCENARIO, "'pool.example' does not appear"),
        ("[[server]\n" + SCENARIO, ":1: not TOML"),
    ],
)
def test_what_is_wrong_with_it(tmp_path: Path, text: str, told: str) -> None:
    assert told in problems(tmp_path, text)


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "0.0.0.0"])
def test_other_machines_are_loaded_only_if_they_are_named(tmp_path: Path, host: str) -> None:
    address = f"[{host}]:3333" if ":" in host else f"{host}:3333"
    text = SERVER.replace("127.0.0.1:3333", address) + SCENARIO
    refused = f"{host} is another machine; only --allow {host} allows it"
    assert refused in problems(tmp_path, text)
    assert refused in problems(tmp_path, text, "192.0.2.2")
    assert load(written(tmp_path, text), [host])


def test_nor_do_they_give_load(tmp_path: Path) -> None:
    text = SERVER + SCENARIO + '[[generator]]\nhost = "192.0.2.9"\ncommand = ["ssh", "x", "load"]'
    assert "192.0.2.9 is another machine" in problems(tmp_path, text)
    assert load(written(tmp_path, text), ["192.0.2.9"])


ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "bench").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_files_of_the_repository(path: Path) -> None:
    assert load(path, []).server


def test_the_documented_file(tmp_path: Path) -> None:
    text = (ROOT / "docs/bench.md").read_text("utf-8")
    [block] = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert load(written(tmp_path, block), []).scenario["open"].shares == "invalid"


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs/bench.md").read_text("utf-8")
    tables = Server, Scenario, Generator, PoolSide
    missing = [key for table in tables for key in table.model_fields if f"{key}`" not in text]
    assert missing == []
    shown = [figure for figure in BY_NAME if f".{figure.rpartition('.')[2]}`" not in text]
    assert [figure for figure in shown if f"`{figure}`" not in text] == []
