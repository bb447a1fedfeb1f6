"""What the core tells the operator, in words: the seam to whatever logs it."""

from typing import Protocol


class Notices(Protocol):
    """Where rare events go. Never called once per share. structlog's loggers fit."""

    def info(self, event: str, **values: object) -> object:
        """Something worth knowing."""

    def warning(self, event: str, **values: object) -> object:
        """Something an operator should look at."""


class NoNotices:
    """Tells nobody."""

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

    def info(self, event: str, **values: object) -> None:
        """Tell each."""
        for notices in self._notices:
            notices.info(event, **values)

    def warning(self, event: str, **values: object) -> None:
        """Tell each."""
        for notices in self._notices:
            notices.warning(event, **values)


class Sparse:
    """Tells at a limited rate, what may happen to thousands at once; of the rest only how many.

    Args:
        notices: whom.
        lines: how many a second.
    """

    def __init__(self, notices: Notices, lines: int = 10) -> None:
        self._notices = notices
        self._lines = lines
        self._told = 0
        self._untold: dict[str, int] = {}

    def info(self, event: str, **values: object) -> None:
        """Tell, if there is room for it."""
        if self._room(event):
            self._notices.info(event, **values)

    def warning(self, event: str, **values: object) -> None:
        """Tell, if there is room for it."""
        if self._room(event):
            self._notices.warning(event, **values)

    def _room(self, event: str) -> bool:
        self._told += 1
        if self._told <= self._lines:
            return True
        self._untold[event] = self._untold.get(event, 0) + 1
        return False

    def tend(self) -> None:
        """Called once a second: tell how many more there were."""
        self._told = 0
        untold, self._untold = self._untold, {}
        for event, count in untold.items():
            self._notices.info("and more like it", what=event, count=count)
