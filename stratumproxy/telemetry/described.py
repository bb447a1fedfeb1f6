"""What a record's fields are, said once: who stores, sends or shows records follows from it.

A field of a named tuple is annotated with `About`. The ledger's columns (`ledger/stored.py`), the
schema of the messages in Kafka (`kafka/schema.py`) and the models of the API (`web/described.py`)
are made of that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

UNIX, SECONDS, DIFFICULTY, SHARES = UNITS = "Unix seconds", "seconds", "difficulty", "shares"

REQUIRED = object()
"""A field without a default: every version tells it."""


@dataclass(frozen=True, slots=True)
class About:
    """What a field says."""

    text: str = ""
    """For people, without a full stop where it is but a phrase."""
    unit: str = ""
    """One of `UNITS`, or empty."""
    one_of: tuple[str, ...] = ()
    """What it may be, where that is a word."""


class Field(NamedTuple):
    """One field of a record."""

    name: str
    type: Any
    about: About
    default: Any
    """What it is taken for where it was not told; `REQUIRED` for none."""


def fields(record: type[tuple[Any, ...]]) -> Iterator[Field]:
    """The fields of a kind of record, in their order.

    Args:
        record: a `NamedTuple`.
    """
    defaults: dict[str, Any] = record._field_defaults  # type: ignore[attr-defined]
    for name, hint in get_type_hints(record, include_extras=True).items():
        about = About()
        if get_origin(hint) is Annotated:
            hint, *extras = get_args(hint)
            about = next((each for each in extras if isinstance(each, About)), about)
        yield Field(name, hint, about, defaults.get(name, REQUIRED))
