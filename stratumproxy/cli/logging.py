"""Logs on standard error: lines for people, or JSON for a collector; UTC times, ISO 8601."""

import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO

import structlog

from stratumproxy.config import Log
from stratumproxy.errors import StratumProxyError

Event = MutableMapping[str, Any]


def configure(log: Log, stream: TextIO | None = None) -> bool:
    """Set up structlog for this process.

    Args:
        log: format and level.
        stream: where lines go; standard error unless told.

    Returns:
        Whether the lines are JSON.
    """
    stream = stream or sys.stderr
    terminal = stream.isatty()
    json = log.format == "json" or (log.format == "auto" and not terminal)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=terminal, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _expected_errors,
            *([structlog.processors.format_exc_info] if json else [_printable]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(log.level),
        logger_factory=lambda *_: Lines(stream),
    )
    return json


class Lines:
    """Writes a line an event; what can't be written is lost, since no log may stop the mining."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write one line."""
        with suppress(OSError, ValueError):  # ValueError: the stream was closed
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


def _expected_errors(logger: object, method: str, event: Event) -> Event:
    """An error that was foreseen is told in its own words; only a surprise keeps its traceback."""
    cause = event.get("exc_info")
    if cause is True:
        cause = sys.exc_info()[1]
    if isinstance(cause, StratumProxyError | OSError):
        del event["exc_info"]
        event["error"] = str(cause)
    return event


def _printable(logger: object, method: str, event: Event) -> Event:
    """What a miner or a pool sent must not drive the operator's terminal."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable() and key != "exception":
            event[key] = value.encode("unicode_escape").decode("ascii")
    return event
