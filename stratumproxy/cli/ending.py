"""The end of a process that was told to stop: in time, whatever its loop is doing then."""

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType

import structlog

from stratumproxy.cli.logging import LAST_SECONDS
from stratumproxy.net.unblocked import Unblocked

SIGNALS = (signal.SIGTERM, signal.SIGINT)

INSIST_SECONDS = 5.0
"""That the second signal leaves: processes are killed then, and that takes a moment."""


@contextmanager
def in_time(seconds: Callable[[], float]) -> Iterator[None]:
    """Within, SIGTERM or SIGINT ends this process after so long, if nothing else has.

    Whoever handled them before goes on doing so. A loop that hangs could not; a thread can.

    Args:
        seconds: what the first signal leaves; the second leaves `INSIST_SECONDS`.
    """
    limits: SimpleQueue[float | None] = SimpleQueue()  # whose put may interrupt itself
    threading.Thread(target=_end, args=(limits,), name="ending", daemon=True).start()
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    told = False

    def heed(number: int, frame: FrameType | None) -> None:
        nonlocal told
        limits.put(INSIST_SECONDS if told else seconds())
        told = True
        if callable(handler := handlers[signal.Signals(number)]):
            handler(number, frame)

    for number in SIGNALS:
        signal.signal(number, heed)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        limits.put(None)


def _end(limits: SimpleQueue[float | None]) -> None:
    """End the process when the first of the limits is reached; None is the end of it."""
    end = math.inf
    while True:
        left = end - time.monotonic()
        try:
            limit = limits.get(timeout=None if left == math.inf else max(left, 0))
        except Empty:
            break
        if limit is None:
            return
        end = min(end, time.monotonic() + limit)
    structlog.get_logger().error("it does not stop, and is ended by force; please report it")
    if isinstance(sys.stderr, Unblocked):
        sys.stderr.drain(LAST_SECONDS)
    os._exit(1)
