"""The steps of a miner's cases, as ``cases.json`` describes them: the suite is its pool."""

from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import trio

from stratumproxy.conform.catalogue import Case, Step
from stratumproxy.conform.conversation import LINES_KEPT
from stratumproxy.conform.outcome import Fault, Skip, Terms
from stratumproxy.conform.tap import Tap
from stratumproxy.testing.pool import SimulatedPool
from stratumproxy.testing.rules import MINER_ID_INTEGER
from stratumproxy.testing.serve import make_jobs, serve_stream
from stratumproxy.testing.settings import PoolSettings

Accept = Callable[[], Awaitable[trio.abc.Stream]]

REFUSED_AS = {
    "low-difficulty": "SV1-MINER-SUBMIT-TARGET",
    "duplicate": "SV1-MINER-SUBMIT-DUPLICATE",
    "bad-ntime": "SV1-MINER-SUBMIT-NTIME",
    "bad-version": "SV1-MINER-SUBMIT-VERSION",
    "malformed": "SV1-MINER-SUBMIT-SIZES",
    "unknown-job": "SV1-MINER-SUBMIT-JOB",
    "unauthorized": "SV1-MINER-SUBMIT-WORKER",
}
"""Whose fault a share is that does not count. A stale one may have been on its way."""
ON_ITS_WAY = 2.0
"""Seconds in which a share of before may come."""
EVENTS_KEPT = 10_000


class MinerSteps:
    """One run of one case.

    Args:
        case: whose steps.
        accept: waits for the miner's next connection.
        terms: how to go about it; `Terms.difficulty` is what the pool asks for.
        nursery: where connections are served.
    """

    def __init__(self, case: Case, accept: Accept, terms: Terms, nursery: trio.Nursery) -> None:
        self._case = case
        self._accept = accept
        self._terms = terms
        self._nursery = nursery
        self._travel: dict[str, Any] = {}
        self._news = trio.Event()
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._events: deque[tuple[str, dict[str, Any]]] = deque(maxlen=EVENTS_KEPT)
        self._forgiven: Counter[str] = Counter()
        self._odd_id = ""
        self.pool = SimulatedPool(PoolSettings(difficulty=terms.difficulty))
        self.pool.on_event = self._heard

    @property
    def transcript(self) -> tuple[str, ...]:
        """The last lines."""
        return tuple(self._lines)

    async def run(self) -> None:
        """Take all steps.

        Raises:
            Fault: a rule is broken.
            Skip: it can't be tried with this miner.
        """
        steps = list(self._case.steps)
        while steps and "pool" in steps[0]:
            await self._pool(steps.pop(0))
        self._nursery.start_soon(make_jobs, self.pool, self._terms.now)
        self._nursery.start_soon(self._take_connections)
        for step in steps:
            await getattr(self, f"_{next(iter(step))}")(step)

    def faults(self) -> dict[str, str]:
        """What was broken besides, by the case's id."""
        found = {each.code: each.text for each in self.pool.violations}
        if self._odd_id:
            found[MINER_ID_INTEGER.code] = self._odd_id
        blamed = {step["never"] for step in self._case.steps if "never" in step}
        for reason, count in (self.pool.total.rejected - self._forgiven).items():
            if reason == "duplicate" and self.pool.connected > 1:
                continue  # what was not answered when the connection ended may come once more
            if reason in REFUSED_AS and reason not in blamed:
                found.setdefault(REFUSED_AS[reason], f"{count} shares were refused: {reason}")
        return found

    # The miner's connections, and what comes of them.

    async def _take_connections(self) -> None:
        while True:
            stream = await self._accept()
            self._lines.append("-- the miner connected")
            tapped = Tap(stream, self._lines, self._look_at, **self._travel)
            self._nursery.start_soon(serve_stream, self.pool, tapped, self._terms.now)

    def _look_at(self, text: bytes) -> None:
        """See what the pool does not mind: an id that is no integer."""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        if isinstance(message, dict) and "method" in message and type(message.get("id")) is not int:
            self._odd_id = self._odd_id or f"{message['method']} has the id {message.get('id')!r}"

    def _heard(self, event: str, facts: dict[str, Any]) -> None:
        self._events.append((event, facts))
        self._news.set()

    async def _wait(self, holds: Callable[[], bool], seconds: float | None = None) -> bool:
        """Whether something came to hold in time."""
        with trio.move_on_after(self._terms.timeout if seconds is None else seconds):
            while not holds():
                self._news = trio.Event()
                await self._news.wait()
            return True
        return holds()

    def _count(self, event: str) -> int:
        return sum(name == event for name, _ in self._events)

    # The steps.

    async def _pool(self, step: Step) -> None:
        for name, value in step["pool"].items():
            setattr(self.pool.settings, name, value)
        self._travel |= {key: step[key] for key in ("end", "pieces") if key in step}

    async def _until(self, step: Step) -> None:
        if not await self._wait(lambda: self._count(step["until"]) > 0):
            came = "it connected" if self.pool.connected else "it never connected"
            raise Fault(f"not {step['until']} in {self._terms.timeout:g} s: {came}")

    async def _shares(self, step: Step) -> None:
        total = self.pool.total
        wanted, before = total.accepted + step["shares"], total.rejected.copy()
        never = step.get("never", "")
        came = await self._wait(lambda: total.accepted >= wanted)
        refused = total.rejected - before
        if never and refused[never]:
            raise Fault(f"{refused[never]} of {refused.total() + step['shares']} shares: {never}")
        if not came:
            blamed = [REFUSED_AS[reason] for reason in refused if reason in REFUSED_AS]
            if refused["stale"]:
                blamed.append("SV1-MINER-CLEAN")
            why = f", but {dict(refused)} refused" if refused else ""
            missing = f"{wanted - total.accepted} of {step['shares']} shares"
            raise Fault(
                f"{missing} did not come in {self._terms.timeout:g} s{why}",
                blamed[0] if blamed else "",
            )

    async def _rejects(self, step: Step) -> None:
        settings, total = self.pool.settings, self.pool.total
        settings.reject_shape, settings.reject_every = step["shape"], 1
        wanted = total.rejected["pool"] + step["rejects"]
        came = await self._wait(lambda: total.rejected["pool"] >= wanted)
        settings.reject_shape, settings.reject_every = "array", 0
        if not came:
            raise Fault(f"after a share that was refused as {step['shape']} came no other")

    async def _connects(self, step: Step) -> None:
        before = self.pool.connected
        subscribed = self._count("subscribed")
        if not await self._wait(lambda: self._count("subscribed") > subscribed):
            came = "nor connected" if self.pool.connected == before else "though it connected"
            raise Fault(f"it did not subscribe again in {self._terms.timeout:g} s, {came}")

    async def _answer(self, step: Step) -> None:
        def answered() -> bool:
            return any(
                event == "answer" and facts["id"] == step["answer"] for event, facts in self._events
            )

        if not await self._wait(answered):
            raise Fault(f"no answer in {self._terms.timeout:g} s")

    async def _tell(self, step: Step) -> None:
        pool = self.pool
        match step["tell"]:
            case "job":
                pool.new_job(self._terms.now(), clean=step["clean"])
                await self._forgive()
            case "set_difficulty":
                pool.set_difficulty(pool.settings.difficulty * step["times"])
            case "set_extranonce":
                if not any(each.wants_extranonce for each in pool.connections):
                    raise Skip("the miner does not ask for it")
                pool.set_extranonce()
            case "set_version_mask":
                if not any(each.version_mask for each in pool.connections):
                    raise Skip("the miner rolls no versions")
                pool.set_version_mask(step["mask"])
                await self._forgive()
            case "drop":
                pool.drop_connections()
            case "raw":
                for connection in pool.connections:
                    connection.send_line(step["text"].encode())
            case "send":
                for connection in pool.connections:
                    connection.request(step["method"], step["params"], step["id"])

    async def _forgive(self) -> None:
        """What was on its way when the pool spoke is no fault of the miner's."""
        await trio.sleep(ON_ITS_WAY)
        self._forgiven = self.pool.total.rejected.copy()
