"""The live form of ``stratumproxy top``: events, keys and window sizes, until one quits."""

import os
import signal
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import trio
from rich.console import Console
from rich.live import Live

from stratumproxy.top.api import Api, ApiError, Unauthorized
from stratumproxy.top.fill import fill
from stratumproxy.top.keys import Keys
from stratumproxy.top.state import State
from stratumproxy.top.view import page

STDIN = 0

AGAIN_SECONDS = 2.0
"""Before the stream is asked for again, once it has ended."""

LOOK_SECONDS = 5.0
"""Between two looks at the workers. Those that are shown are asked for, but to find the first of
17,595 by hashrate takes the API tenths of a second."""


class Top:
    """Shows a state on a terminal, and keeps it new.

    Args:
        api: where it comes from.
        state: what to begin with.
        console: a terminal.
    """

    def __init__(self, api: Api, state: State, console: Console) -> None:
        self._api = api
        self._state = state
        self._console = console
        self._changed = trio.Event()
        """Something is to be drawn."""
        self._wanted = trio.Event()
        """Something is to be asked for, and now."""

    async def run(self) -> None:
        """Show it until the user quits.

        Raises:
            ApiError: the first answer did not come, or the token is not taken.
        """
        await fill(self._api, self._state)
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGWINCH)
        with trio.open_signal_receiver(*numbers) as signals, _unechoed(STDIN) as terminal:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._signals, signals)
                nursery.start_soon(self._follow)
                nursery.start_soon(self._look)
                if terminal:
                    nursery.start_soon(self._keys)
                await self._draw()
                nursery.cancel_scope.cancel()

    async def _draw(self) -> None:
        ascii_only = self._console.options.ascii_only
        with Live(console=self._console, screen=True, auto_refresh=False) as live:
            while not self._state.done:
                self._changed = trio.Event()
                rows = self._state.rows
                shown = page(
                    self._state, str(self._api.address), *self._console.size, ascii_only=ascii_only
                )
                live.update(shown, refresh=True)
                if self._state.rows > rows:
                    self._wanted.set()
                await self._changed.wait()

    async def _signals(self, signals: AsyncIterator[int]) -> None:
        async for number in signals:
            self._state.done |= number != signal.SIGWINCH
            self._changed.set()

    async def _follow(self) -> None:
        """Take in a summary a second; where the stream ends, begin it again."""

        def take(event: str, value: Any) -> None:
            if event == "summary":
                self._state.summary = value
                self._state.troubles.pop("summary", None)
                self._changed.set()

        while True:
            try:
                await self._api.follow(take)
                self._trouble("summary", "the event stream ended")
            except Unauthorized:
                raise
            except ApiError as error:
                self._trouble("summary", str(error))
            await trio.sleep(AGAIN_SECONDS)

    async def _look(self) -> None:
        """Ask for the workers that are shown, now and then, and at once where a key wants it."""
        while True:
            with trio.move_on_after(LOOK_SECONDS):
                await self._wanted.wait()
            self._wanted = trio.Event()
            try:
                await fill(self._api, self._state, summary=False)
                self._state.troubles.pop("workers", None)
            except Unauthorized:
                raise
            except ApiError as error:
                self._trouble("workers", str(error))
            self._changed.set()

    def _trouble(self, missing: str, why: str) -> None:
        self._state.troubles[missing] = why
        self._changed.set()

    async def _keys(self) -> None:
        keys = Keys()
        while True:
            await trio.lowlevel.wait_readable(STDIN)
            data = os.read(STDIN, 1024)
            if not data:  # the terminal is gone
                self._state.done = True
            for key in keys.feed(data):
                if self._state.press(key):
                    self._wanted.set()
            self._changed.set()
            if not data:
                return


@contextmanager
def _unechoed(descriptor: int) -> Iterator[bool]:
    """Have keys come one by one and unseen, and the terminal as it was afterwards.

    Yields:
        Whether it is a terminal at all.
    """
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:
        yield False
        return
    now = termios.tcgetattr(descriptor)
    now[0] &= ~termios.IXON
    now[3] &= ~(termios.ICANON | termios.ECHO)
    now[6] = list(now[6])
    now[6][termios.VMIN], now[6][termios.VTIME] = 1, 0
    now[6][termios.VSUSP] = b"\0"  # stopping would leave the other screen up
    try:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, now)
        yield True
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
