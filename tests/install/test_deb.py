"""What the Debian package is made of, without making it: `make install-test` does that."""

import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from stratumproxy.config import load
from tests.importing import ROOT

DEB = ROOT.parent / "deb"
BUILD = runpy.run_path(str(DEB / "build.py"))


def as_packaged(name: str, words: str) -> str:
    text: str = BUILD["replaced"]((ROOT.parent / "configs" / name).read_text(), BUILD[words])
    return text


def test_the_configuration_is_one_and_has_a_place_for_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "stratumproxy.toml").write_text(as_packaged("farm.toml", "CONFFILE"))
    config = load(tmp_path / "stratumproxy.toml")
    assert config.api.listen == "127.0.0.1:8080"
    assert config.ledger.path == "/var/lib/stratumproxy/ledger.sqlite3"


def test_the_unit_has_the_user_and_the_command_that_the_package_makes() -> None:
    unit = as_packaged("stratumproxy.service", "UNIT").splitlines()
    assert {"User=stratumproxy", "Group=stratumproxy"} < set(unit)
    assert "DynamicUser=yes" not in unit
    (start,) = [line for line in unit if line.startswith("ExecStart=")]
    assert start.startswith("ExecStart=/usr/bin/stratumproxy run ")


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm", "stratumproxy"])
def test_the_scripts_are_sh(name: str) -> None:
    script = BUILD["filled"](
        (DEB / name).read_text(),
        {
            "functions": (DEB / "functions.sh").read_text(),
            "folder": "1.0-00000000",
            "python": "python3",
            "version": "1.0-1",
        },
    )
    assert "@" not in script.replace('"$@"', "")
    sh = shutil.which("dash") or "sh"
    done = subprocess.run([sh, "-n"], input=script, capture_output=True, text=True, check=False)
    assert done.stderr == ""
