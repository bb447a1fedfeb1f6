"""Only files are read, and never waited for."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from stratumproxy.config import Config, load, loads
from stratumproxy.config.reading import MAX_BYTES, check_kind, read_file
from stratumproxy.errors import ConfigError


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


others = pytest.mark.parametrize(
    ("make", "said"),
    [
        (pipe, "it is a pipe; expected a file"),
        (listening, "it is a socket; expected a file"),
        (device, "it is a device; expected a file"),
    ],
)
Make = Callable[[Path], None]

FARM = """\
[[listen]]
address = "127.0.0.1:0"
[[pool]]
url = "stratum+ssl://pool.example:3333"
user = "farm"
"""


@others
def test_what_is_no_file_is_not_read(tmp_path: Path, make: Make, said: str) -> None:
    make(tmp_path / "it")
    with pytest.raises(ValueError, match=said):
        read_file(tmp_path / "it")
    with pytest.raises(ValueError, match=said):
        check_kind(tmp_path / "it")


def test_a_file_is_read_through_a_link_and_up_to_a_size(tmp_path: Path) -> None:
    (tmp_path / "it").write_bytes(bytes(MAX_BYTES))
    (tmp_path / "link").symlink_to(tmp_path / "it")
    assert read_file(tmp_path / "link") == bytes(MAX_BYTES)
    (tmp_path / "it").write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(ValueError, match="longer than 1048576 bytes"):
        read_file(str(tmp_path / "link"))


def test_what_can_not_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such file"):
        read_file(tmp_path / "absent")
    with pytest.raises(FileNotFoundError):
        check_kind(tmp_path / "absent")
    with pytest.raises(ValueError, match="Is a directory"):
        read_file(tmp_path)
    check_kind(tmp_path)
    with pytest.raises(ValueError, match="null"):
        read_file("a\0b")


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "it")
    monkeypatch.setattr("stratumproxy.config.reading.check_kind", lambda path: None)
    assert read_file(tmp_path / "it") == b""


@others
def test_no_configuration_is_waited_for(tmp_path: Path, make: Make, said: str) -> None:
    make(tmp_path / "farm.toml")
    with pytest.raises(ConfigError, match=rf"farm\.toml: can't be read: {said}"):
        load(tmp_path / "farm.toml")


@others
@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ('[ledger]\npath = "{}"', "ledger.path"),
        ('[api]\nlisten = "127.0.0.1:0"\ntoken_file = "{}"', "api.token_file"),
        ('[[listen]]\naddress = "127.0.0.1:1"\ntls_certificate = "{}"', "tls_certificate"),
        ('[[pool]]\nurl = "stratum+ssl://a.example:1"\nuser = "b"\ntls_ca = "{}"', "tls_ca"),
    ],
)
def test_nothing_that_a_configuration_names_is_waited_for(
    tmp_path: Path, make: Make, said: str, settings: str, key: str
) -> None:
    make(tmp_path / "it")
    text = FARM + settings.format(tmp_path / "it")
    with pytest.raises(ConfigError) as raised:
        loads(text)
    [problem] = raised.value.problems
    assert said in problem
    assert key in problem


def test_a_ledger_that_is_not_there_yet_is_no_problem(tmp_path: Path) -> None:
    config = loads(FARM + f'[ledger]\npath = "{tmp_path}/ledger.sqlite3"')
    assert isinstance(config, Config)
