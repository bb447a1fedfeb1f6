"""What is said of a setting."""

import pytest

from stratumproxy.config import Config, Pool
from stratumproxy.config.explain import expected, number, schema_at


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("listen",), "one [[listen]] table at least"),
        (("listen", 0, "address"), 'a string, such as "0.0.0.0:3333"'),
        (("pool", 3), "a table"),
        (("pool", 3, "extranonce2_size"), "a whole number from 2 to 16"),
        (("pool", 3, "connect_timeout_seconds"), "a number from 0.1 to 300"),
        (("difficulty",), "a table"),
        (("difficulty", "vardiff"), "true or false"),
        (("verdict",), '"pool" or "local"'),
        (("log", "level"), '"debug", "info", "warning" or "error"'),
    ],
)
def test_expected(path: tuple[str | int, ...], text: str) -> None:
    assert expected(path) == text


def test_every_setting_has_an_expectation() -> None:
    for name in Config.model_fields:
        assert expected((name,))
    for name in Pool.model_fields:
        assert expected(("pool", 0, name))


def test_nothing_stands_at_an_unknown_path() -> None:
    assert schema_at(("difficulty", "start", "deeper", 0)) == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e15, "1e15"), (1e-12, "1e-12"), (1e-9, "1e-9"), (0.001, "0.001"), (8192, "8192")],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text
