"""What a test of somebody else's imports is little: no web server, no models of configuration."""

import subprocess
import sys

import pytest

HEAVY = {"pydantic", "starlette", "click", "rich", "structlog", "prometheus_client"}


@pytest.mark.parametrize(
    "module",
    [
        "stratumproxy.testing",
        "stratumproxy.testing.blocking",
        "stratumproxy.testing.aio",
        "stratumproxy.conform.pool_suite",
        "stratumproxy.conform.miner_suite",
    ],
)
def test_imports_are_few(module: str) -> None:
    program = f"import sys, {module}; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_the_plugin_imports_nothing_of_the_package() -> None:
    program = (
        "import sys, stratumproxy.pytest_plugin;"
        "print(sorted(name for name in sys.modules if name.startswith('stratumproxy.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "['stratumproxy.pytest_plugin']\n"
