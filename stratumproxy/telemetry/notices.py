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
