"""Times in a query."""

import pytest
from pydantic import BaseModel, ValidationError

from stratumproxy.web.moment import LONGEST, Moment

NOW = 1_790_000_000.5


class Asked(BaseModel):
    at: Moment | None = None


def parsed(text: object) -> float | None:
    return Asked.model_validate({"at": text}, context={"now": NOW}).at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOW),
        ("24h", NOW - 86_400),
        ("2w", NOW - 14 * 86_400),
        ("2026-09-01", 1_788_220_800),
        ("2026-09-01T06:00+02:00", 1_788_220_800 + 4 * 3600),
        ("1700000000", 1_700_000_000),
        ("1700000000.25", 1_700_000_000.25),
    ],
)
def test_the_forms_of_the_command_line(text: str, at: float) -> None:
    assert parsed(text) == at


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("tomorrow", "expected a time such as 24h, yesterday, 2026-11-01, .* not 'tomorrow'"),
        ("nan", "expected a time such as"),
        ("", "expected a time such as"),
        ("24", "expected a time such as"),
        ("0001-01-01", "from 1970 on"),
        ("999999w", "from 1970 on"),
        ("9999-12-31", "before 5138"),
        ("1" * (LONGEST + 1), "at most 64 characters"),
        (1_700_000_000, "at most 64 characters"),
    ],
)
def test_what_is_no_time_is_said_to_be_none(given: object, why: str) -> None:
    with pytest.raises(ValidationError, match=why) as refused:
        parsed(given)
    assert [problem["loc"] for problem in refused.value.errors()] == [("at",)]


def test_it_may_be_left_out() -> None:
    assert Asked().at is None
