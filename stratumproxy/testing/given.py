"""Settings as they are given on a command line: ``reject_every=10``."""

import dataclasses
import types
import typing
from collections.abc import Iterable
from typing import Any, Literal, TypeVar

from stratumproxy.errors import StratumProxyError

Settings = TypeVar("Settings")

NO = ("no", "false", "off", "0")
YES = ("yes", "true", "on", "1")


def with_settings(settings: Settings, given: Iterable[str]) -> Settings:
    """The same settings, some of them changed.

    >>> with_settings(PoolSettings(), ["difficulty=1e-7", "version_mask=none"])

    Args:
        settings: a dataclass: `PoolSettings`, `Style`, `Faults`.
        given: each ``name=value``; whole numbers also as 0x1fffe000, bytes as hex, yes and no,
            none where there may be none; and for a style's `steps` groups with commas between,
            and + within them: ``configure,subscribe+authorize``.

    Raises:
        StratumProxyError: there is no such setting, or it can't have this value; names both, and
            what there is.
    """
    kinds = typing.get_type_hints(type(settings))
    changes: dict[str, Any] = {}
    for each in given:
        name, equals, text = each.partition("=")
        if name not in kinds or name.startswith("_"):
            raise StratumProxyError(
                f"there is no setting {name!r}; there are: {', '.join(sorted(kinds))}"
            )
        if not equals:
            raise StratumProxyError(f"{name} has no value; expected {name}=VALUE")
        try:
            changes[name] = _value(kinds[name], text)
        except ValueError as error:
            raise StratumProxyError(f"{name}={text}: {error}") from None
    try:
        return typing.cast("Settings", dataclasses.replace(typing.cast("Any", settings), **changes))
    except ValueError as error:
        raise StratumProxyError(str(error)) from None


def _value(kind: Any, text: str) -> object:
    """Read a value of one type; ValueError says what was expected."""
    origin = typing.get_origin(kind)
    if origin is Literal:
        if text not in typing.get_args(kind):
            raise ValueError(f"expected one of {', '.join(typing.get_args(kind))}")
        return text
    if origin in (types.UnionType, typing.Union):
        kinds = typing.get_args(kind)
        if type(None) in kinds and text == "none":
            return None
        for each in kinds:
            if each is not type(None):
                try:
                    return _value(each, text)
                except ValueError as error:
                    problem = error
        raise problem
    if origin is tuple:
        groups = (tuple(filter(None, group.split("+"))) for group in text.split(","))
        return tuple(filter(None, groups))
    return _plain(kind, text)


def _plain(kind: type, text: str) -> object:
    if kind is bool:
        if text.lower() not in YES + NO:
            raise ValueError("expected yes or no")
        return text.lower() in YES
    try:
        if kind is int:
            return int(text, 0)
        if kind is float:
            return float(text)
        if kind is bytes:
            return bytes.fromhex(text)
    except ValueError:
        expected = {int: "a whole number", float: "a number", bytes: "bytes in hex"}[kind]
        raise ValueError(f"expected {expected}") from None
    return text
