"""`stratumproxy example`."""

from click.testing import CliRunner

from stratumproxy.cli import cli
from tests.importing import ROOT

CONFIGS = ROOT.parent / "configs"


def test_every_file_of_configs_byte_for_byte() -> None:
    names = CliRunner().invoke(cli, ["example"]).stdout.splitlines()
    assert {CONFIGS / name for name in names} == {
        path for path in CONFIGS.rglob("*") if path.is_file()
    }
    for name in names:
        shown = CliRunner().invoke(cli, ["example", name])
        assert shown.stdout_bytes == (CONFIGS / name).read_bytes()


def test_a_name_that_is_not_there() -> None:
    shown = CliRunner().invoke(cli, ["example", "../pyproject.toml"])
    assert shown.exit_code == 2
    assert "minimal.toml" in shown.stderr
