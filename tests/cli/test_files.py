"""The limit of open files: raised as far as it may be, and said once."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from stratumproxy.cli.files import raise_file_limit
from stratumproxy.config import Config
from tests.short import short


@pytest.fixture
def config() -> Config:
    return short(more="[limits]\nconnections = 50_000")


def test_what_can_not_be_raised_is_said_once_for_all(
    monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: raised.append(limits))
    with capture_logs() as logs:
        raise_file_limit(config, say=False)
    assert (raised, logs) == ([(4096, 4096)], [])
    with capture_logs() as logs:
        raise_file_limit(config)
    assert [(each["open_files"], each["needed"]) for each in logs] == [(4096, 50_100)]


def test_the_api_needs_descriptors_too(monkeypatch: pytest.MonkeyPatch) -> None:
    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1024, 99_999))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: raised.append(limits))
    for listen in ("", "127.0.0.1:8080"):
        api = f'[api]\nlisten = "{listen}"\nconnections = 50_000'
        raise_file_limit(short(more=f"[limits]\nconnections = 10\n{api}"))
    assert raised == [(50_100, 99_999)]


TABLE = r"""
import os, re, resource
from stratumproxy.cli.files import grow_descriptor_table
resource.setrlimit(resource.RLIMIT_NOFILE, (5000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
before = os.listdir("/proc/self/fd")
grow_descriptor_table()
assert os.listdir("/proc/self/fd") == before, "nothing is left open"
with open("/proc/self/status") as status:
    assert int(re.search(r"FDSize:\s+(\d+)", status.read())[1]) >= 5000
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells its size")
def test_the_table_of_descriptors_is_made_ahead() -> None:
    """Where threads share it, each time that it grows stops the process for 10 to 60 ms."""
    subprocess.run([sys.executable, "-W", "error", "-c", TABLE], check=True)
