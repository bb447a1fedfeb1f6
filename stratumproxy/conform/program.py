"""A program that is tried: started for a case, or for all, and ended."""

import os
import shlex
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import trio

from stratumproxy.errors import StratumProxyError

ENDS_IN = 5.0
"""Seconds that a program has to end when it is asked to; then it is killed."""


@asynccontextmanager
async def program(
    command: Sequence[str],
    places: Mapping[str, str],
    *,
    folder: Path | None = None,
    log: Path | None = None,
) -> AsyncIterator[trio.Process]:
    """Run a program as long as the block lasts; it and what it started is ended with it.

    Args:
        command: its words; ``{name}`` in one of them is a place.
        places: what stands for the names.
        folder: where it runs; None: here.
        log: a file that what it says is added to; None: it is thrown away.

    Raises:
        StratumProxyError: it can't be started.
    """
    words = [filled(word, places) for word in command]
    with _opened(log) as out:
        try:
            process = await trio.lowlevel.open_process(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            raise StratumProxyError(f"{shlex.join(words)} can't be started: {error}") from None
        try:
            yield process
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 2 * ENDS_IN):
                await _end(process)


def _opened(log: Path | None) -> IO[bytes]:
    try:
        return Path(os.devnull if log is None else log).open("ab")
    except OSError as error:
        raise StratumProxyError(f"{log} can't be written: {error}") from None


def filled(text: str, places: Mapping[str, str]) -> str:
    """A text with the places in it; other braces stay."""
    for name, place in places.items():
        text = text.replace("{" + name + "}", place)
    return text


async def _end(process: trio.Process) -> None:
    """Ask its group to end, and see that it does. A miner is often a shell's child."""
    for signal in (15, 9):
        try:
            os.killpg(process.pid, signal)
        except ProcessLookupError:
            break
        with trio.move_on_after(ENDS_IN):
            await process.wait()
            break
