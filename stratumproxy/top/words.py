"""Figures, times and names in words, as ``stratumproxy top`` shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "_.:-=+*#"


def clean(name: object) -> str:
    """A text from miners or pools without what would move the cursor or more."""
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(name)
    )


def scaled(value: float) -> tuple[str, str]:
    """Three digits, and the prefix they go with."""
    power = 0
    while value >= 999.5 and power < len(PREFIXES) - 1:
        value /= 1000
        power += 1
    # Three digits in every case: figures that change each second should not jump about.
    return (f"{value:#.3g}".rstrip(".") if power or value % 1 else f"{value:.0f}"), PREFIXES[power]


def rate(hashes_per_second: float | None) -> str:
    """Such as ``1.23 EH/s``; a dash for what is not known."""
    if hashes_per_second is None:
        return "-"
    figure, prefix = scaled(hashes_per_second)
    return f"{figure} {prefix}H/s"


def short(value: float) -> str:
    """A difficulty, such as ``65.5k``."""
    return "".join(scaled(value))


def percent(part: float) -> str:
    """Such as ``0.12%``."""
    return f"{100 * part:.2g}%" if part < 0.995 else f"{100 * part:.0f}%"


def exact(part: float | None) -> str:
    """Such as ``69.98%``: hundredths are what a split is about. A dash for what is not known."""
    return "-" if part is None else f"{100 * part:.2f}%"


def owed(seconds: float) -> str:
    """A debt in seconds of a farm, such as ``lacks 12s`` or ``4s too much``."""
    if abs(seconds) < 0.5:
        return "even"
    return f"lacks {age(seconds)}" if seconds > 0 else f"{age(-seconds)} too much"


def error(figure: Mapping[str, Any], sign: str) -> str:
    """A hashrate's, such as ``±0.8%``; empty where nothing is known."""
    return "" if figure["error"] is None else sign + percent(figure["error"])


def rejected(accepted: int, refused: int) -> str:
    """How many of all, such as ``12 (0.3%)``."""
    return f"{refused:,} ({percent(refused / (accepted + refused))})" if refused else "0"


def age(seconds: float | None) -> str:
    """Such as ``12s``, ``4m``, ``3h``, ``2d``."""
    if seconds is None:
        return "never"
    seconds = max(seconds, 0.0)
    for size, unit, most in ((1, "s", 100), (60, "m", 100), (3600, "h", 48)):
        if seconds < size * most:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds / 86400:.0f}d"


def delay(seconds: float) -> str:
    """Such as ``38 ms``, ``1.2 s``."""
    return f"{1000 * seconds:.2g} ms" if seconds < 0.0995 else f"{seconds:.2g} s"


def counts(by_key: Mapping[str, int]) -> str:
    """Such as ``stale 12, duplicate 3``, the most frequent first."""
    ranked = sorted(by_key.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{clean(key)} {count:,}" for key, count in ranked if count)


def bars(values: Sequence[float], glyphs: str) -> str:
    """One bar a value, from nothing to the highest."""
    highest = max(values, default=0.0)
    if highest <= 0:
        return ""
    last = len(glyphs) - 1
    return "".join(glyphs[min(int(value / highest * len(glyphs)), last)] for value in values)
