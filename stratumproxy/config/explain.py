"""A validation error in an operator's words: which key, what is wrong, what was expected."""

import difflib
import json
import re
from typing import Any

from pydantic_core import ErrorDetails

from stratumproxy.config.locate import Path
from stratumproxy.config.models import Config


def explain(error: ErrorDetails) -> str:
    """Say it in one line, ``what is wrong; what was expected``.

    Args:
        error: one of a pydantic ValidationError's.
    """
    path, kind, value = error["loc"], error["type"], error["input"]
    if kind == "missing":
        return f"is missing; expected {expected(path)}"
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "value_error":
        return str(error["ctx"]["error"])
    return f"expected {expected(path)}, not {_shown(value, path)}{_meant(path, value)}"


def _meant(path: Path, value: object) -> str:
    """The choice that a word is close to, if there is one."""
    word = value.lower() if isinstance(value, str) else ""
    close = difflib.get_close_matches(word, schema_at(path).get("enum", ()), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


FORMER = {("workers",): "processes"}
"""Names that settings had before 0.2.0, and what they are called."""


def _unknown(path: Path) -> str:
    """An unknown key: the table it belongs to, or the key that was meant, or those there are."""
    name = str(path[-1])
    if path in FORMER:
        return f"is called {FORMER[path]!r} now"
    known = list(schema_at(path[:-1])["properties"])
    if len(path) > 1 and name in SCHEMA["properties"]:
        return "unknown key here; it belongs at the top, before the first [table]"
    for home in SCHEMA["properties"]:
        for inside, header in (((home,), f"[{home}]"), ((home, 0), f"[[{home}]]")):
            if home != path[0] and name in schema_at(inside).get("properties", ()):
                return f"unknown key here; it belongs in {header}"
    if close := difflib.get_close_matches(name, known, n=1):
        return f"unknown key; did you mean {close[0]!r}?"
    return f"unknown key; known here: {', '.join(known)}"


def expected(path: Path) -> str:
    """What the setting at a path takes, in words.

    Returns:
        A phrase with its article, such as ``a whole number from 1 to 65535``.
    """
    schema = schema_at(path)
    if "anyOf" in schema:
        schema = next(option for option in schema["anyOf"] if option.get("type") != "null")
    if "enum" in schema:
        *choices, last = (f'"{choice}"' for choice in schema["enum"])
        return f"{', '.join(choices)} or {last}"
    match schema.get("type"):
        case "integer":
            return f"a whole number from {schema['minimum']} to {schema['maximum']}"
        case "number":
            return f"a number from {number(schema['minimum'])} to {number(schema['maximum'])}"
        case "boolean":
            return "true or false"
        case "array" if schema["items"].get("type") == "string":
            example = json.dumps(schema["examples"][0])
            return f"an array of strings, such as {example}"
        case "array":
            header = ".".join(part for part in path if isinstance(part, str))
            return f"{'one' if schema.get('minItems') else 'any number of'} [[{header}]] table" + (
                " at least" if schema.get("minItems") else "s"
            )
        case "object":
            return "a table"
    if schema.get("format") == "date-time":
        return f"a date and time with its zone, such as {schema['examples'][0]}"
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    length = f" of {low} to {high} characters" if high else ""
    examples = "".join(f', such as "{example}"' for example in schema.get("examples", [])[:1])
    return f"a string{length}{examples}"


SCHEMA = Config.model_json_schema()


def schema_at(path: Path) -> dict[str, Any]:
    """The JSON schema of what stands at a path, references resolved; empty if nothing does."""
    schema = SCHEMA
    for part in path:
        if isinstance(part, int):
            schema = schema.get("items", {})
        else:
            schema = schema.get("properties", {}).get(part, {})
        schema = _resolved(schema)
    return schema


def number(value: float) -> str:
    """As an operator would write it: 1e15, 1e-9, 8192."""
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:g}")


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        found: dict[str, Any] = SCHEMA["$defs"][name]
        return found
    return schema


def _shown(value: object, path: Path) -> str:
    """The value that was given, short, and never a password."""
    if path[-1] in ("password", "proxy"):
        return "what is there"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "an empty array" if not value else "an array"
    try:
        text = repr(value) if isinstance(value, str | int | float) else str(value)
    except ValueError:  # an integer past Python's 4300 digits (hexadecimal ones get that long)
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."
