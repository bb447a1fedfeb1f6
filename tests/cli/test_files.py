"""The limit of open files: raised as far as it may be, and said once."""

import resource

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
