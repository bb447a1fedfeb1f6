"""Logs on standard error: lines for people, or JSON for a collector; UTC times, ISO 8601."""

import atexit
import os
import signal
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO

import structlog

from stratumproxy.config import Log
from stratumproxy.errors import ConfigError, StratumProxyError
from stratumproxy.net.unblocked import Unblocked

Event = MutableMapping[str, Any]

LAST_SECONDS = 1.0
"""At the end of a process, for what it said last to be written; then it is lost."""


def unblock(*, output: bool = False, **process: object) -> None:
    """From now on nobody in this process waits for whoever reads what it writes.

    Args:
        output: standard output as well, and not standard error alone.
        **process: what each line of the log says of the process.
    """
    for descriptor in range(3):  # else the next socket gets a closed one's number, and the log
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    # A terminal may stop all that is in its background as soon as it writes (stty tostop).
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    structlog.contextvars.bind_contextvars(**process)
    sys.stderr = Unblocked(2, _lines_are_lost)
    atexit.register(sys.stderr.drain, LAST_SECONDS)
    if output:
        sys.stdout = Unblocked(1)
        atexit.register(sys.stdout.drain, LAST_SECONDS)


@contextmanager
def ends_in_log() -> Iterator[None]:
    """Where the log is JSON, an error that ends the process is a line of it.

    Raises:
        SystemExit: with the status that `stratumproxy.cli.Failure` would end with.
    """
    try:
        yield
    except StratumProxyError as error:
        processors = structlog.get_config()["processors"]
        if not isinstance(processors[-1], structlog.processors.JSONRenderer):
            raise
        log = structlog.get_logger()
        if isinstance(error, ConfigError):
            log.critical("the configuration can't be used", problems=error.problems)
            raise SystemExit(2) from None
        log.critical(str(error))
        raise SystemExit(1) from None


def _lines_are_lost(lines: int) -> str:
    """That they are, as a line in the log's own form. An error: it is told at every level."""
    log = structlog.wrap_logger(structlog.ReturnLogger())
    line: str = log.error("log lines were lost: not read in time, or not writable", lines=lines)
    return line + "\n"


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
    if isinstance(stream, Unblocked):
        stream.room = log.buffer_bytes
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
