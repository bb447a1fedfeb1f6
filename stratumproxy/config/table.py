"""What the tables of the configuration have in common."""

from pydantic import BaseModel, ConfigDict

Seconds = int | float
"""A duration, kept as it was written."""


class Table(BaseModel):
    """What every table shares: frozen, no unknown keys, no silent conversions."""

    # strict: TOML has types, so "8192" is a mistake and not a number.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)
