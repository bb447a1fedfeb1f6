"""The steps of a pool's cases, as ``cases.json`` describes them."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import trio

from stratumproxy.conform.catalogue import Case, Step
from stratumproxy.conform.conversation import Conversation, key_of, refusal
from stratumproxy.conform.mining import Digger, Share
from stratumproxy.conform.outcome import Fault, Skip, Terms
from stratumproxy.testing.jobs import swap_words

Connect = Callable[[], Awaitable[trio.abc.Stream]]

AGENT = "stratumproxy-conform/1"
SAYS = {
    "configure": ("mining.configure", "SV1-CONFIGURE-ANSWERED"),
    "subscribe": ("mining.subscribe", "SV1-SUBSCRIBE-ANSWERED"),
    "authorize": ("mining.authorize", "SV1-AUTHORIZE-ANSWERED"),
}
"""The steps of a handshake, and whose fault it is if one is not answered."""
FUTURE = 7200
"""Seconds that a block may be ahead: Bitcoin Core, MAX_FUTURE_BLOCK_TIME."""
ZEROS = 3
"""Bytes of zeros that tell in which order a hash stands."""


class Refused(Skip):
    """The user name is not taken: nothing more can be said."""


class PoolSteps:
    """One run of one case.

    Args:
        case: whose steps.
        connect: opens a connection to the pool.
        terms: how to go about it.
        nursery: where connections are heard.
        configures: whether the pool is known not to answer mining.configure: False.
    """

    def __init__(
        self,
        case: Case,
        connect: Connect,
        terms: Terms,
        nursery: trio.Nursery,
        *,
        configures: bool = True,
    ) -> None:
        self._case = case
        self._connect = connect
        self._terms = terms
        self._nursery = nursery
        self._configures = configures
        self._named: dict[str, Conversation] = {}
        self._ids: dict[str, object] = {}
        self._last: Share | None = None
        self._digger: Digger | None = None
        self.at: Conversation

    @property
    def transcript(self) -> tuple[str, ...]:
        """Of all connections; each line with its connection's name, if there are several."""
        if len(self._named) == 1:
            return tuple(self.at.transcript)
        return tuple(
            f"{name}: {line}" for name, at in self._named.items() for line in at.transcript
        )

    async def run(self) -> None:
        """Take all steps.

        Raises:
            Fault: a rule is broken.
            Skip: it can't be tried here.
        """
        await self._open({"open": "first"})
        for step in self._case.steps:
            await self._take(step)

    async def _take(self, step: Step) -> None:
        verb = next(iter(step))
        await getattr(self, f"_{verb}")(step)

    # Connections and what is said on them.

    async def _open(self, step: Step) -> None:
        name = step["open"]
        if name not in self._named:
            conversation = Conversation(await self._connect(), self._terms.timeout)
            self._named[name] = conversation
            self._nursery.start_soon(conversation.hear)
        self.at = self._named[name]
        self._digger = None

    async def _handshake(self, step: Step) -> None:
        for name in step["handshake"]:
            if name == "configure" and not self._configures:
                continue
            method, case_id = SAYS[name]
            self._ids[name] = request_id = self.at.new_id()
            await self.at.send(self._line(method, self._params(name), request_id))
            try:
                message = await self.at.reply(request_id)
            except Fault as fault:
                raise Fault(str(fault), fault.case_id or case_id) from None
            no = refusal(message)
            if name == "subscribe" and not self.at.extranonce2_size:
                raise Fault(f"subscribe is answered {message!r:.200}", "SV1-SUBSCRIBE-SHAPE")
            if name == "authorize" and no is not None:
                raise Refused(f"the pool does not take {self._terms.user} ({no[1]}): --user")
        if "authorize" in step["handshake"]:
            job = await self.at.until(lambda: self.at.job, self._terms.timeout)
            if job is None:
                raise Fault(f"no job in {self._terms.timeout:g} s", "SV1-JOB-SENT")

    def _params(self, name: str) -> list[Any]:
        match name:
            case "configure":
                values = {"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2}
                return [["version-rolling"], values]
            case "subscribe":
                return [AGENT]
        return [self._terms.user, self._terms.password]

    async def _send(self, step: Step) -> None:
        lines = []
        for each in (step, *step.get("together", ())):
            params = [self._filled(value) for value in each["params"]]
            line = self._line(each["send"], params, each.get("id", self.at.new_id()))
            lines.append(line[:-1] + each.get("end", "\n").encode())
        await self.at.send(b"".join(lines), step.get("pieces", 1))

    def _filled(self, value: object) -> object:
        words = {"$agent": AGENT, "$user": self._terms.user, "$password": self._terms.password}
        return words.get(value, value) if isinstance(value, str) else value

    def _line(self, method: str, params: list[Any], request_id: Any) -> bytes:
        self.at.note(request_id, method)
        message = {"id": request_id, "method": method, "params": params}
        return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)

    async def _raw(self, step: Step) -> None:
        data = step["raw"].encode() * step.get("repeat", 1) + bytes.fromhex(step.get("hex", ""))
        await self.at.send(data)

    # What comes of it.

    async def _reply(self, step: Step) -> None:
        wanted = step["reply"]
        message = await self.at.reply(self._ids.get(wanted, wanted))
        no = refusal(message)
        if "result" in step and (no is not None or message.get("result") != step["result"]):
            raise Fault(f"answered {_shown(message)}, not {step['result']!r}")
        if "error" in step and no is None:
            raise Fault(f"answered {_shown(message)}, and not with an error")
        match step.get("shape"):
            case "subscription":
                match message.get("result"):
                    case [list(), str(), int()]:
                        pass
                    case _:
                        raise Fault(f"answered {_shown(message)}, which is no subscription")
            case "error" if no is None:
                raise Skip("there was no error to look at")
            case "error":
                match message.get("error"):
                    case [int(), str(), _]:
                        pass
                    case error:
                        raise Fault(f"an error is [code, text, null], not {error!r:.120}")

    async def _silence(self, step: Step) -> None:
        key = key_of(step["silence"])
        came = await self.at.until(lambda: self.at.replies.get(key), step["seconds"])
        if came is not None:
            raise Fault(f"it was answered: {_shown(came)}")

    async def _refused(self, step: Step) -> None:
        key = key_of(step["refused"])
        message = await self.at.until(lambda: self.at.replies.get(key), self._terms.timeout)
        if message is None and not self.at.closed:
            raise Fault(f"neither an error nor the end came in {self._terms.timeout:g} s")
        if message is not None and refusal(message) is None:
            raise Fault(f"answered {_shown(message)}")

    async def _ends(self, step: Step) -> None:
        await self.at.until(lambda: next(iter(self.at.replies), None), self._terms.timeout)
        if not self.at.replies and not self.at.closed:
            raise Fault(f"neither an error nor the end came in {self._terms.timeout:g} s")

    async def _wait(self, step: Step) -> None:
        seconds = step.get("seconds", self._terms.timeout)
        seen = self.at.heard if "seconds" in step else 0

        def came() -> bool | None:
            new = list(self.at.told)[max(len(self.at.told) - (self.at.heard - seen), 0) :]
            return any(method == step["wait"] for method, _ in new) or None

        if not await self.at.until(came, seconds):
            raise Fault(f"no {step['wait']} in {seconds:g} s")

    async def _alive(self, step: Step) -> None:
        try:
            await self.submitted({"easy": True})
        except Fault as fault:
            raise Fault(f"afterwards a share was not answered: {fault}") from None

    # Shares.

    async def _share(self, step: Step) -> None:
        wanted = step["share"]
        if wanted.get("change", {}).get("bits") in ("all", "outside") and not self.at.mask:
            raise Skip("version rolling is not granted")
        try:
            message = await self.submitted(wanted)
        except Fault as fault:
            raise Fault(str(fault), fault.case_id or "SV1-SUBMIT-ANSWERED") from None
        no = refusal(message)
        if no is None and message.get("result") is not True:
            raise Fault(f"a share was answered {_shown(message)}", "SV1-SUBMIT-RESULT")
        match wanted["expect"]:
            case "accepted" if no is not None:
                raise Fault(f"it was answered {_shown(message)}")
            case "rejected" if no is None:
                raise Fault(f"it was answered {_shown(message)}")
        if "code" in wanted and no is not None and no[0] != wanted["code"]:
            if no[0] is None:
                raise Fault(f"there is no code: {_shown(message)}", "SV1-ERROR-SHAPE")
            raise Fault(f"the code is {no[0]}, not {wanted['code']}: {_shown(message)}")

    async def submitted(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Submit a share as a step wants it, or of another `difficulty` than the job's.

        Returns:
            The reply.

        Raises:
            Fault: there was none.
            Skip: finding it costs too much.
        """
        change = wanted.get("change", {})
        if wanted.get("again"):
            assert self._last is not None
            share = self._last.upper() if change.get("case") == "upper" else self._last
        else:
            self._digger = self._digger or Digger(self.at, self._terms)
            share = await self._digger.find(
                change, easy=wanted.get("easy", False), difficulty=wanted.get("difficulty")
            )
            self._last = share
        params: list[Any] = [*share.params(change.get("worker", self._terms.user))]
        self._ids["submit"] = request_id = wanted.get("id", self.at.new_id())
        await self.at.send(self._line("mining.submit", params, request_id))
        return await self.at.reply(request_id)

    # Looking back.

    async def _check(self, step: Step) -> None:
        await getattr(self, f"_check_{step['check']}")()

    async def _check_mask(self) -> None:
        if self.at.mask & ~0x6000:
            raise Fault(f"00006000 was asked for, and {self.at.mask:08x} granted")

    async def _check_extranonce1(self) -> None:
        first, second = (at.extranonce1.hex() for at in self._named.values())
        if first == second:
            raise Fault(f"both connections have the extranonce1 {first}")

    async def _check_resume(self) -> None:
        ids = [
            entry[1]
            for entry in self.at.subscriptions
            if isinstance(entry, list) and entry[:1] == ["mining.notify"] and len(entry) == 2
        ]
        if not ids:
            raise Fault("no session id: the reply has no entry of mining.notify")
        before = self.at.extranonce1
        await self.at.close()
        await self._open({"open": "again"})
        await self.at.send(self._line("mining.subscribe", [AGENT, ids[0]], 1))
        await self.at.reply(1)
        if self.at.extranonce1 != before:
            raise Fault(
                f"session {ids[0]} had the extranonce1 {before.hex()}, and resumed has "
                f"{self.at.extranonce1.hex()}"
            )

    async def _check_prevhash(self) -> None:
        wire = self.at.prevhash_on_wire
        orders = {
            "as displayed": wire[::-1],
            "word by word from the end": swap_words(wire)[::-1],
            "with its words as they are": wire,
        }
        right = _zeros(swap_words(wire))
        for order, data in orders.items():
            if _zeros(data) > max(right, ZEROS - 1):
                raise Fault(f"the previous hash stands {order}: {wire.hex()}")
        if right < ZEROS:
            raise Skip("the hashes of this chain have too few zeros to tell by")

    async def _check_ntime(self) -> None:
        assert self.at.job is not None
        ahead = self.at.job.ntime - self._terms.now()
        if abs(ahead) > FUTURE:
            raise Fault(f"the job's ntime is {ahead:.0f} s ahead of now")

    async def _check_clean(self) -> None:
        if self.at.first_job is None or not self.at.first_job.clean:
            raise Fault("its clean_jobs is false")


def _zeros(data: bytes) -> int:
    """Zero bytes at the end."""
    return len(data) - len(data.rstrip(b"\0"))


def _shown(message: dict[str, Any]) -> str:
    return orjson.dumps(message).decode()[:200]
