"""A lock that is one process's, and says whose."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stratumproxy.lockfile import LockFile

HOLD = """
import sys
from pathlib import Path
from stratumproxy.lockfile import LockFile
LockFile(Path(sys.argv[1])).acquire()
print("mine", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process, which has it."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"mine\n"
        yield process
        process.kill()


def test_says_which_process_has_it(path: Path, other: subprocess.Popen[bytes]) -> None:
    with pytest.raises(BlockingIOError) as caught:
        LockFile(path).acquire()
    pattern = rf"process {other.pid} on \S+, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    assert re.fullmatch(pattern, str(caught.value.strerror))


def test_a_kill_lets_go_of_it(path: Path, other: subprocess.Popen[bytes]) -> None:
    other.kill()
    other.wait()
    lock = LockFile(path)
    lock.acquire()
    assert path.read_text().startswith(f"process {os.getpid()} on ")
    lock.release()


def test_is_had_and_let_go_of_as_often_as_one_likes(path: Path) -> None:
    lock, another = LockFile(path), LockFile(path)
    for _ in range(2):
        lock.acquire()
    with pytest.raises(BlockingIOError):
        another.acquire()
    for _ in range(2):
        lock.release()
    another.acquire()
    another.release()


def test_is_for_this_user_alone(path: Path) -> None:
    lock = LockFile(path)
    lock.acquire()
    assert path.stat().st_mode & 0o777 == 0o600
    lock.release()


@pytest.mark.parametrize("words", [b"", b"\xff\x1b[31m\n", b"no\ntwo lines"])
def test_words_that_a_terminal_should_not_see_are_not_shown(path: Path, words: bytes) -> None:
    lock = LockFile(path)
    lock.acquire()
    path.write_bytes(words)
    with pytest.raises(BlockingIOError, match="another process, since "):
        LockFile(path).acquire()
    lock.release()


def test_a_link_is_not_followed(path: Path) -> None:
    """In a folder that others may write to, it could have this user empty one of its files."""
    victim = path.with_name("victim")
    victim.write_text("precious")
    path.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"):
        LockFile(path).acquire()
    assert victim.read_text() == "precious"
