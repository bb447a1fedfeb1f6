"""Hashrates as the API says them, and the spans that histories are told for."""

from typing import Literal

from pydantic import BaseModel, Field

from stratumproxy.fleet.hashrate import WINDOWS, Figure, Rates

WindowName = Literal["1m", "5m", "1h", "24h"]


class Hashrate(BaseModel):
    """A hashrate, and what it is worth."""

    rate: float = Field(description="Hashes a second.")
    window: float = Field(description="Seconds that it really covers.")
    shares: int = Field(description="Accepted shares in that time.")
    error: float | None = Field(
        description="One standard deviation as a part of the rate, 1/sqrt(shares); null without."
    )


Hashrates = dict[WindowName, Hashrate]


def told(rate: float) -> float:
    """A rate without digits that mean nothing."""
    return round(rate) if rate >= 1e6 else rate


def hashrates(rates: Rates, now: float) -> dict[str, dict[str, float | None]]:
    """All windows, by name."""
    figures = rates.figures(now)
    return {window.name: _told(figure) for window, figure in zip(WINDOWS, figures, strict=True)}


def _told(figure: Figure) -> dict[str, float | None]:
    return {
        "rate": told(figure.rate),
        "window": figure.window,
        "shares": figure.shares,
        "error": figure.error,
    }
