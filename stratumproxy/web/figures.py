"""Hashrates as the API says them, and the spans that histories are told for."""

from collections.abc import Iterable
from typing import Literal, overload

from pydantic import BaseModel, Field

from stratumproxy.fleet.hashrate import WINDOWS, Figure

WindowName = Literal["1m", "5m", "1h", "24h"]


class Hashrate(BaseModel):
    """A hashrate, and what it is worth."""

    rate: float | None = Field(
        description="Hashes a second; null as long as it would cover less than 10 s."
    )
    window: float = Field(description="Seconds that it really covers.")
    shares: int = Field(description="Accepted shares in that time.")
    error: float | None = Field(
        description="One standard deviation as a part of the rate: sqrt(sum of d^2) / sum of d "
        "over the difficulties d of its shares, 1/sqrt(shares) where these are alike; null without."
    )


Hashrates = dict[WindowName, Hashrate]


@overload
def told(rate: float) -> float: ...
@overload
def told(rate: None) -> None: ...
def told(rate: float | None) -> float | None:
    """A rate without digits that mean nothing."""
    return round(rate) if rate is not None and rate >= 1e6 else rate


def hashrates(figures: Iterable[Figure]) -> dict[str, dict[str, float | None]]:
    """All windows, by name."""
    return {window.name: _told(figure) for window, figure in zip(WINDOWS, figures, strict=True)}


def _told(figure: Figure) -> dict[str, float | None]:
    return {
        "rate": told(figure.rate),
        "window": figure.window,
        "shares": figure.shares,
        "error": figure.error,
    }
