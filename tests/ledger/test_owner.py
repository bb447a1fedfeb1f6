"""One process writes to a ledger, and its files are for one user."""

import os
import re
from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.errors import SinkError
from stratumproxy.ledger.owner import Owner
from tests.ledger.told import batch, keep, open_ledger, query


def test_a_second_instance_writes_nothing_and_is_told_who_does(path: Path) -> None:
    """It would have marked the first one's run as ended, and its miners as gone."""
    with closing(open_ledger(path)) as first, closing(open_ledger(path)) as second:
        first.take([batch(1, run="first")])
        says = (
            rf"{re.escape(str(path))}: process {os.getpid()} on \S+, since .* UTC, writes to this "
            r"ledger; end that, or name another file in ledger\.path"
        )
        with pytest.raises(SinkError, match=says):
            second.take([batch(1, run="second")])
        first.take([batch(2, run="first")])
        first.close()
        second.take([batch(1, run="second")])
    assert query(path, "SELECT high FROM receipts ORDER BY high") == [(1,), (2,)]


def test_another_name_of_the_same_ledger(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)
    with closing(open_ledger(path)) as first:
        first.open()
        with pytest.raises(SinkError, match="writes to this ledger"):
            open_ledger(link).open()


def test_a_failure_leaves_the_ledger_to_nobody_else(path: Path) -> None:
    with closing(open_ledger(path)) as first:
        first.take([batch(1)])
        path.rename(path.with_name("moved"))
        with pytest.raises(SinkError, match="moved or removed"):
            first.take([batch(2)])
        with pytest.raises(SinkError, match="writes to this ledger"):
            Owner(str(path)).claim()


def test_no_folder_for_it(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"there is no folder .*; make it: mkdir -p"):
        Owner(str(tmp_path / "a" / "ledger")).claim()


def test_a_lock_that_cant_be(path: Path) -> None:
    path.with_name(f"{path.name}.lock").mkdir()
    with pytest.raises(SinkError, match=r"ledger\.sqlite3\.lock: can't be locked: "):
        Owner(str(path)).claim()


def test_every_file_is_for_this_user_alone(path: Path) -> None:
    before = os.umask(0o022)
    try:
        with closing(open_ledger(path)) as ledger:
            ledger.take([batch(1)])
            modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {f"{path.name}{end}": 0o600 for end in ("", "-wal", "-shm", ".lock")}


def test_who_else_may_read_it_is_the_operators_to_say(path: Path) -> None:
    keep(path, [batch(1)])
    path.chmod(0o640)
    with closing(open_ledger(path)) as ledger:
        ledger.take([batch(2)])
        for name in ("", "-wal", "-shm"):
            assert Path(f"{path}{name}").stat().st_mode & 0o777 == 0o640
