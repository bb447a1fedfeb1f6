"""What imports what: no I/O below net/, one way only, and no circle."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.importing import OURS, ROOT, imports

SANS_IO = [
    "accounting",
    "downstream",
    "fleet",
    "mining",
    "protocol",
    "proxy",
    "routing",
    "shares",
    "telemetry",
    "upstream",
]
WORLD = {"trio", "socket", "ssl", "time", "random", "asyncio", "threading", "select", "secrets"}
"""Clocks, sockets, dice: the shell has them and passes in what they say."""

MINING = {"errors", "telemetry", "config", "accounting", "shares", "mining", "protocol"}
"""What both ends of a share's way stand on."""

ALLOWED = {
    "shares": {"errors"},
    "telemetry": {"errors"},
    "config": {"errors"},
    "accounting": {"errors", "telemetry"},
    "mining": {"errors", "shares", "accounting"},
    "protocol": {"errors", "shares", "mining"},
    # Siblings: what passes between them are values of mining.
    "downstream": MINING,
    "upstream": MINING,
    "routing": {*MINING, "downstream", "upstream"},
    "proxy": {*MINING, "downstream", "upstream", "routing"},
    # The control plane lives on telemetry alone: nothing of it reaches into the proxy.
    "fleet": {"errors", "shares", "telemetry"},
    "ledger": {"errors", "lockfile", "telemetry", "config"},
    "statement": {"errors", "telemetry", "config", "ledger"},
    "kafka": {"errors", "lockfile", "telemetry", "config"},
    "web": {"errors", "telemetry", "config", "fleet", "ledger", "statement"},
    "control": {"errors", "telemetry", "fleet"},
    "top": {"errors"},
    "net": {*MINING, "downstream", "upstream", "routing", "proxy"},
    # The controller of a split is simulated as it is: it needs nothing else of routing.
    "bench": {"errors", "freeport", "config", "routing.split"},
    "testing": {"errors", "shares", "protocol", "net.proxy_header"},
    "conform": {"errors", "freeport", "shares", "testing"},
}
"""What each room may import, itself aside; `cli` alone may import everything."""

MODULES = sorted(
    path
    for part in ALLOWED
    for path in (ROOT / part).rglob("*.py*")
    if path.suffix in (".py", ".pyi")
)
by_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


def test_every_room_is_looked_at() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert rooms == ALLOWED.keys() | {"cli"}
    assert rooms > set(SANS_IO)


@by_module
def test_the_core_knows_no_world(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] in SANS_IO:
        tops = {name.split(".")[0] for name in imports(path)}
        assert not tops & WORLD


@by_module
def test_imports_run_one_way(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for name in imports(path):
        package, _, inner = name.partition(".")
        if package != "stratumproxy" or inner in ("", "__version__"):
            continue
        own = inner.split(".")[0] == part
        allowed = ALLOWED[part]
        assert own or inner in allowed or inner.split(".")[0] in allowed, f"{path} imports {name}"


def test_trio_is_known_to_the_shell_alone() -> None:
    shells = {"net", "cli", "testing", "web", "control", "top", "conform"}
    for path in ROOT.rglob("*.py"):
        part = path.relative_to(ROOT).parts[0]
        if any(name.split(".")[0] == "trio" for name in imports(path)):
            assert part in shells, f"{path} imports trio"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


def test_no_file_imports_one_that_needs_it() -> None:
    """Not even for a type: two files that need each other are one idea, or lack a third."""
    files = [path for part in OURS for path in (ROOT.parent / part).rglob("*.py")]
    needs = {module_of(path): set(imports(path)) - {module_of(path)} for path in files}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        pytest.fail(" is needed by ".join(error.args[1]))
