"""What the core tells the operator, in words: the seam to whatever logs it."""

from collections import Counter
from typing import Protocol


class Notices(Protocol):
    """Where rare events go. Never called once per share. structlog's loggers fit."""

    def debug(self, event: str, **values: object) -> object:
        """Something that is worth knowing of one machine only, and that happens to many."""

    def info(self, event: str, **values: object) -> object:
        """Something worth knowing."""

    def warning(self, event: str, **values: object) -> object:
        """Something an operator should look at."""


class NoNotices:
    """Tells nobody."""

    def debug(self, event: str, **values: object) -> None:
        """Drop it."""

    def info(self, event: str, **values: object) -> None:
        """Drop it."""

    def warning(self, event: str, **values: object) -> None:
        """Drop it."""


class NoticesTo:
    """Tells several.

    Args:
        notices: whom, in this order.
    """

    def __init__(self, *notices: Notices) -> None:
        self._notices = notices

    def debug(self, event: str, **values: object) -> None:
        """Tell each."""
        for notices in self._notices:
            notices.debug(event, **values)

    def info(self, event: str, **values: object) -> None:
        """Tell each."""
        for notices in self._notices:
            notices.info(event, **values)

    def warning(self, event: str, **values: object) -> None:
        """Tell each."""
        for notices in self._notices:
            notices.warning(event, **values)


LINES, WINDOW = 10, 10
"""Lines of one kind that are told in so many seconds. There are some fifty kinds, so neither a pool
nor miners make more than a few lines a second of whatever they do."""


class Limited:
    """Tells each kind of event at a limited rate, and of the rest only how many.

    Some of them follow from what pools and miners send, and some happen to thousands at once.

    Args:
        notices: whom.
        lines: how many of one kind, in `WINDOW` calls of `tend`.
    """

    def __init__(self, notices: Notices, lines: int = LINES) -> None:
        self._notices = notices
        self._lines = lines
        self._told: Counter[tuple[bool, str]] = Counter()
        self._untold: Counter[tuple[bool, str, str]] = Counter()
        """By whether it is for those who debug, by event, and by key."""
        self._left = WINDOW

    def debug(self, event: str, **values: object) -> None:
        """Tell, if there is room for it."""
        if self._room(event, values, debug=True):
            self._notices.debug(event, **values)

    def info(self, event: str, **values: object) -> None:
        """Tell, if there is room for it."""
        if self._room(event, values):
            self._notices.info(event, **values)

    def warning(self, event: str, **values: object) -> None:
        """Tell, if there is room for it."""
        if self._room(event, values):
            self._notices.warning(event, **values)

    def _room(self, event: str, values: dict[str, object], *, debug: bool = False) -> bool:
        self._told[debug, event] += 1
        if self._told[debug, event] <= self._lines:
            return True
        self._untold[debug, event, str(values.get("key", ""))] += 1
        return False

    def tend(self) -> None:
        """Called once a second: tell, at the end of a window, how many more there were."""
        self._left -= 1
        if self._left:
            return
        self._left = WINDOW
        self._told.clear()
        untold, self._untold = self._untold, Counter()
        for (debug, event, key), count in untold.items():
            values = {"key": key} if key else {}
            tell = self._notices.debug if debug else self._notices.info
            tell("and more like it", what=event, count=count, **values)
