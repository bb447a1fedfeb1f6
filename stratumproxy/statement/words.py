"""Figures of a statement as people read them."""

from stratumproxy.statement.statement import Figures

PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")

UNKNOWN = "?"


def rate(value: float) -> str:
    """Hashes a second: ``1.234 PH/s``."""
    return f"{scaled(value)}H/s"


def scaled(value: float) -> str:
    """To four digits, with the prefix of a unit behind a space."""
    for prefix in PREFIXES[:-1]:
        if abs(value) < 999.95:
            return f"{value:.4g} {prefix}"
        value /= 1000
    return f"{value:.4g} {PREFIXES[-1]}"


def work(value: float) -> str:
    """The sum of difficulties: ``5.112 T``."""
    return scaled(value).rstrip()


def hours(seconds: float | None) -> str:
    """A time of machines: ``1,204.5 h``."""
    return UNKNOWN if seconds is None else f"{seconds / 3600:,.1f} h"


def minutes(seconds: float | None) -> str:
    """The same by minutes: ``41 min``."""
    return UNKNOWN if seconds is None else f"{seconds / 60:,.0f} min"


def percent(part: float | None, digits: int = 2) -> str:
    """A part of one: ``99.71 %``. It is not rounded up to all of it."""
    if part is None:
        return UNKNOWN
    text = f"{100 * part:.{digits}f}"
    if part < 1 and float(text) == 100:
        text = f"{100 - 10**-digits:.{digits}f}"
    return f"{text} %"


def error(figures: Figures) -> str:
    """How far chance moves the work, as two standard deviations."""
    return UNKNOWN if figures.error is None else f"± {200 * figures.error:.2g} %"


def reasons(counts: dict[str, int]) -> str:
    """Such as ``12 stale, 1 duplicate``."""
    return ", ".join(
        f"{count:,} {plain(text) or 'without words'}" for text, count in counts.items()
    )


def plain(text: str) -> str:
    """Names and reasons come from the network: nothing in them may steer what shows them."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
