"""`stratumproxy health`: a proxy's own word, as an exit status."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stratumproxy.cli import cli
from tests.ports import KeptPort
from tests.top.stand_in import stand_in

LISTEN_AND_POOL = '[[listen]]\naddress = ":3333"\n[[pool]]\nurl = "stratum+tcp://a:1"\nuser = "u"\n'


def health(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["health", *arguments])


@pytest.mark.parametrize(
    ("arguments", "path", "said"),
    [((), "/health", "ok\n"), (("--ready",), "/ready", "ready\n")],
)
def test_it_is_well(arguments: tuple[str, ...], path: str, said: str) -> None:
    with stand_in() as api:
        api.answers[path] = (200, b'{"status": "ok"}')
        shown = health("--url", api.url, *arguments)
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, said, "")


def test_it_is_not_ready_and_says_why() -> None:
    with stand_in() as api:
        api.answers["/ready"] = (503, b'{"error": "not ready: no pool is ready (eu)"}')
        shown = health("--url", api.url, "--ready")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr.endswith("answered 503: not ready: no pool is ready (eu)\n")


def test_nobody_is_there() -> None:
    with KeptPort() as nobody:
        shown = health("--url", f"http://127.0.0.1:{nobody.number}")
    assert shown.exit_code == 1
    assert "can't be reached" in shown.stderr


def test_a_configuration_says_where(tmp_path: Path) -> None:
    path = tmp_path / "farm.toml"
    with stand_in() as api:
        api.answers["/health"] = (200, b'{"status": "ok"}')
        port = api.url.rpartition(":")[2]
        # A token that this user may not read, and does not need.
        more = f'[api]\nlisten = "0.0.0.0:{port}"\ntoken_file = "{tmp_path}/none"\n'
        path.write_text(LISTEN_AND_POOL + more)
        shown = health("--config", str(path))
    assert (shown.exit_code, shown.stdout) == (0, "ok\n")


def test_a_configuration_without_an_api(tmp_path: Path) -> None:
    path = tmp_path / "farm.toml"
    path.write_text(LISTEN_AND_POOL)
    shown = health("--config", str(path))
    assert shown.exit_code == 2
    assert "api.listen: names no port" in shown.stderr
