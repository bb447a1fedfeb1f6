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
