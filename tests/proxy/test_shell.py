"""The seam to the world: whoever stands in for it has all that is asked of it, and no more."""

import inspect
from collections.abc import Iterator

import pytest

from stratumproxy.downstream.link import Link
from stratumproxy.net.connection import Connection
from stratumproxy.net.server import Server
from stratumproxy.proxy.shell import Shell
from tests.proxy.peers import MinerEnd
from tests.proxy.playbook import Playbook


def methods(protocol: type) -> Iterator[tuple[str, inspect.Signature]]:
    for name, method in vars(protocol).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            yield name, inspect.signature(method)


@pytest.mark.parametrize(
    ("protocol", "real"),
    [(Link, Connection), (Link, MinerEnd), (Shell, Server), (Shell, Playbook)],
    ids=lambda each: each.__name__,
)
def test_it_is_called_the_same_way(protocol: type, real: type) -> None:
    found = dict(methods(protocol))
    assert found
    for name, wanted in found.items():
        assert list(inspect.signature(getattr(real, name)).parameters) == list(wanted.parameters)
        assert not inspect.iscoroutinefunction(getattr(real, name)), "the core waits for nobody"
