"""What `stratumproxy check` finds that a start would fail on."""

import resource
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from stratumproxy.cli import cli
from tests.ledger.told import batch, keep, open_ledger, work

GOOD = """\
[[listen]]
address = ":3333"
[[pool]]
url = "stratum+tcp://pool.example:3333"
user = "farm"
"""

KAFKA = '[kafka]\nbrokers = "kafka-1:9092"\nspool = "spool"\n'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(more: str, text: str = GOOD) -> list[str]:
    """What is found; nothing may come to be by looking."""
    path = Path("farm.toml")
    path.write_text(text + more, encoding="utf-8")
    before = {each: each.stat().st_size for each in Path().rglob("*")}
    shown = CliRunner().invoke(cli, ["check", "--config", str(path)])
    assert {each: each.stat().st_size for each in Path().rglob("*")} == before
    assert (shown.exit_code == 2) == bool(shown.stderr), shown.output
    assert "librdkafka" not in shown.output
    return [line.strip() for line in shown.stderr.splitlines()[1:]]


def test_what_can_be_made_is_no_obstacle() -> None:
    assert problems('[ledger]\npath = "ledger.sqlite3"\n') == []


def test_a_ledger_that_is_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert problems('[ledger]\npath = "empty"\n') == []


def test_a_real_ledger_is_none_and_stays_as_it_is(tmp_path: Path) -> None:
    keep(tmp_path / "ledger", [batch(1, work=[work("rig")])])
    assert problems('[ledger]\npath = "ledger"\n') == [], "nor is its log made, as root perhaps"
    with closing(open_ledger(tmp_path / "ledger")) as ledger:
        ledger.open()
        assert problems('[ledger]\npath = "ledger"\n') == [], "it is checked before a restart"


def test_a_ledger_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert problems('[ledger]\npath = "no/ledger.sqlite3"\n') == [
        f"farm.toml:7: ledger.path: no/ledger.sqlite3: there is no folder {tmp_path}/no; "
        f"make it: mkdir -p {tmp_path}/no"
    ]


def test_a_ledger_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert problems('[ledger]\npath = "data"\n') == [
        "farm.toml:7: ledger.path: data: it can't be opened: it is a folder; name a file in it"
    ]


def test_a_ledger_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear miner, " * 100)
    with sqlite3.connect(tmp_path / "other") as connection:
        connection.execute("CREATE TABLE other (it)")
    connection.close()
    (letter,) = problems('[ledger]\npath = "letter"\n')
    assert "not an SQLite database; name another file" in letter
    (other,) = problems('[ledger]\npath = "other"\n')
    assert "a database of some other program" in other


def test_a_ledger_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anything.
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
    (problem,) = problems('[ledger]\npath = "ledger.sqlite3"\n')
    assert f"this user may not write in {tmp_path}" in problem


def test_a_spool_that_can_not_be_made(tmp_path: Path) -> None:
    pytest.importorskip("confluent_kafka")
    assert problems(KAFKA) == []
    (tmp_path / "spool").touch(stat.S_IRUSR)
    assert problems(KAFKA) == [f"farm.toml:8: kafka.spool: {tmp_path}/spool is no folder; name one"]


def test_kafka_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "stratumproxy.kafka.client", raising=False)
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    assert problems(KAFKA) == [
        "farm.toml:7: kafka.brokers: the package confluent-kafka is not installed; "
        f"install it where stratumproxy is: {sys.executable} -m pip install confluent-kafka"
    ]


def test_every_option_that_librdkafka_does_not_take() -> None:
    pytest.importorskip("confluent_kafka")
    assert problems(
        KAFKA
        + "[kafka.options]\n"
        + '"linger.ms" = "20"\n'
        + '"conpression.type" = "lz4"\n'
        + 'acks = "1"\n'
        + '"compression.type" = "rar"\n'
    ) == [
        "farm.toml:11: kafka.options.'conpression.type': "
        'No such configuration property: "conpression.type"',
        "farm.toml:12: kafka.options.acks: can't be set here",
        "farm.toml:13: kafka.options.'compression.type': "
        'Invalid value "rar" for configuration property "compression.codec"',
    ]


def test_options_are_looked_at_also_where_the_brokers_are_wrong() -> None:
    pytest.importorskip("confluent_kafka")
    found = problems(KAFKA.replace(":9092", "") + 'options = { "conpression.type" = "lz4" }\n')
    assert [line.split(": ")[1] for line in found] == [
        "kafka.brokers",
        "kafka.options.'conpression.type'",
    ]


def test_an_address_of_another_machine() -> None:
    assert problems("[api]\nlisten = '127.0.0.1:8080'", GOOD.replace(":3333", "192.0.2.1:1")) == [
        "farm.toml:2: listen[0].address: 192.0.2.1 is no address of this machine"
    ]


def test_more_connections_than_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1024, 4096))
    assert problems("[limits]\nconnections = 5000\n") == [
        "farm.toml:7: limits.connections: needs 5100 file descriptors, and a process may have 4096 "
        "here; raise that (ulimit -Hn, LimitNOFILE= in systemd), or lower it"
    ]
    assert problems("") == [], "a default asks for nothing"


def test_all_are_found_beside_mistakes_of_every_kind() -> None:
    found = problems(
        '[ledger]\npath = "no/ledger.sqlite3"\nshares_days = "x"\n'
        '[kafka]\nbrokers = "kafka-1"\nspool = "farm.toml"\n',
        GOOD.replace('"farm"', '"farm'),
    )
    assert [line.split(": ")[0] for line in found] == [
        "farm.toml:5:8",
        "farm.toml:7",
        "farm.toml:8",
        "farm.toml:10",
    ]
