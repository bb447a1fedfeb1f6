"""Numbers with a range."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from stratumproxy.config.number import Within

number = TypeAdapter[int | float](Annotated[int | float, Within(0.5, 10)])


@pytest.mark.parametrize("value", [1, 0.5, 10, 10.0, 9.999])
def test_kept_as_written(value: int | float) -> None:
    kept = number.validate_python(value)
    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.parametrize(
    "value", [0, 11, -1, float("nan"), float("inf"), 10**400, True, "1", None, [1], 1j]
)
def test_refused_once(value: object) -> None:
    with pytest.raises(ValidationError, match=r"expected a number from 0\.5 to 10") as refused:
        number.validate_python(value)
    assert refused.value.error_count() == 1


def test_schema() -> None:
    assert number.json_schema() == {"type": "number", "minimum": 0.5, "maximum": 10}
