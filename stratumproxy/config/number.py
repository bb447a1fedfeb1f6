"""Numbers with a range, kept as they were written: 8192 stays an integer, 0.001 a float."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True)
class Within:
    """Annotation of an ``int | float`` field: finite, and from `low` to `high`.

    Where pydantic validates such a union as two types, with two errors for one mistake, this is
    one check with one error.
    """

    low: int | float
    high: int | float

    def check(self, value: object) -> int | float:
        """The value itself; a PydanticCustomError that names the range otherwise."""
        # bool is an int to Python, never to an operator. NaN fails the comparison.
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
        ):
            return value
        raise PydanticCustomError(
            "number", "expected a number from {low} to {high}", {"low": self.low, "high": self.high}
        )

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}
