"""Times in a query, as people write them on the command line too."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from stratumproxy.ledger.period import parse_time

LONGEST = 64
"""Characters of a time at most: what is wrong is told again in the answer."""

LAST = 1e11
"""Unix seconds: the year 5138."""

FORMS = (
    "`24h` ago (m, h, d, w), `now`, `today`, `yesterday`, `2026-11-01`, `2026-11-01T06:00` (UTC "
    "unless it says otherwise, and `+` is `%2B` in a query), or Unix seconds"
)


def _parse(given: Any, info: ValidationInfo) -> float:
    """A time in Unix seconds.

    Args:
        given: the query's.
        info: its context has the time it is `now`.

    Raises:
        ValueError: it is none, or none that a ledger could have.
    """
    if not isinstance(given, str) or len(given) > LONGEST:
        raise ValueError(f"expected a time of at most {LONGEST} characters")
    assert info.context is not None
    at = parse_time(given, info.context["now"])
    if not 0 <= at <= LAST:
        raise ValueError(f"expected a time from 1970 on and before 5138, not {given!r}")
    return at


Moment = Annotated[
    float,
    BeforeValidator(_parse),
    WithJsonSchema({"type": "string", "maxLength": LONGEST, "examples": ["24h", "2026-11-01"]}),
]
"""Unix seconds, given in one of `FORMS`."""
