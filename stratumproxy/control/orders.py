"""Orders to the data plane: given to every mining process, and what they answer put together."""

import itertools
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import trio

from stratumproxy.control.channel import Channel
from stratumproxy.errors import StratumProxyError

TIMEOUT = 5.0
"""Seconds for every process to answer."""


class Orders:
    """Gives orders on channels.

    Args:
        run: of this process, so that no answer is taken for one to another's order.
        channels: one a process; may be filled later.
        supervisor: the process that is sent SIGHUP for `reload`; None: nobody.
        record: called with a level, a text and values: what should be on record.
    """

    def __init__(
        self,
        run: str,
        channels: Sequence[Channel],
        supervisor: int | None = None,
        record: Callable[..., None] = lambda *_, **__: None,
    ) -> None:
        self._ids = (f"{run}-{number}" for number in itertools.count(1))
        self._channels = channels
        self._supervisor = supervisor
        self._record = record
        self.here: dict[str, Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]] = {}
        """Actions that this process carries out itself, or has a part in."""
        self._open: dict[str, _Order] = {}

    async def give(
        self, action: str, arguments: dict[str, Any], by: str = "somebody"
    ) -> dict[str, Any]:
        """Carry out an operator's order, and put on record who gave it.

        Args:
            action: ``disconnect``, ``ban``, ``switch-pool``, ``weights``, ``difficulty``,
                ``reload``, or one of `here`.
            arguments: what goes with it.
            by: who gives it.

        Returns:
            What was done, as `to_processes`.

        Raises:
            StratumProxyError: nothing was done; the text says why.
        """
        if action == "reload":
            done = self._reload()
        elif action in self.here:
            done = await self.here[action](arguments, by)
        else:
            done = await self.to_processes(action, arguments)
        self._record("info", "an operator's order", action=action, by=by, **{**arguments, **done})
        return done

    async def to_processes(self, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Have something done by all processes.

        Args:
            action: what they know.
            arguments: what goes with it.

        Returns:
            What was done: numbers added up, lists put together, of anything else the first. If
            some processes could not, ``failed`` says why, by process.

        Raises:
            StratumProxyError: no process has done it; the text says why.
        """
        order = _Order({channel.process for channel in self._channels})
        number = next(self._ids)
        self._open[number] = order
        try:
            for channel in self._channels:
                if not channel.order({**arguments, "do": number, "action": action}):
                    order.answer(channel.process, {"error": "it reads no orders"})
            with trio.move_on_after(TIMEOUT):
                await order.answered.wait()
        finally:
            del self._open[number]
        return order.outcome()

    def done(self, process: int, number: object, answer: dict[str, Any]) -> None:
        """A process has answered an order."""
        if isinstance(number, str) and number in self._open:
            self._open[number].answer(process, answer)

    def _reload(self) -> dict[str, Any]:
        """Ask the supervisor to read the configuration again."""
        if self._supervisor is None:
            raise StratumProxyError("there is no configuration file to read again")
        os.kill(self._supervisor, signal.SIGHUP)
        return {"reload": "asked for; the log says what changed"}


class _Order:
    """One order, and who has not answered it yet."""

    def __init__(self, waited_for: set[int]) -> None:
        self.answered = trio.Event()
        self._waited_for = waited_for
        self._results: dict[int, Any] = {}
        self._failed: dict[str, str] = {}
        if not waited_for:
            self.answered.set()

    def answer(self, process: int, answer: dict[str, Any]) -> None:
        """What a process says."""
        if process not in self._waited_for:
            return
        self._waited_for.discard(process)
        if "error" in answer:
            self._failed[str(process)] = str(answer["error"])
        else:
            self._results[process] = answer.get("result")
        if not self._waited_for:
            self.answered.set()

    def outcome(self) -> dict[str, Any]:
        """What all of them say together."""
        failed = self._failed | {
            str(process): f"no answer within {TIMEOUT:g} s" for process in sorted(self._waited_for)
        }
        if not self._results:
            reasons = dict.fromkeys(failed.values())
            raise StratumProxyError("; ".join(reasons) or "there is no mining process to do it")
        merged = merge_results([result for _, result in sorted(self._results.items())])
        return {**merged, "failed": failed} if failed else merged


def merge_results(results: Sequence[Any]) -> dict[str, Any]:
    """Several processes' results as one."""
    merged: dict[str, Any] = {}
    for result in results:
        for key, value in result.items() if isinstance(result, dict) else [("result", result)]:
            merged[key] = _together(merged[key], value) if key in merged else value
    return merged


def _together(one: Any, other: Any) -> Any:
    match one, other:
        case bool(), bool():  # what one of them did was done
            return one or other
        case (int() | float(), int() | float()) | (list(), list()):
            return one + other
    return one
