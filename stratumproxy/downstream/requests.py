"""What a Stratum V1 miner may say besides mining.submit, and what it is answered.

Each handler gets the miner, the params and the time, and returns what to send: usually a reply.
A request without an id is acted on but never answered: bfgminer sends suggest_target that way
before it subscribes, and would take an answer for the reply to something else.
"""

from collections.abc import Callable
from typing import Any

from stratumproxy.downstream.drops import Reason
from stratumproxy.downstream.miner import Miner
from stratumproxy.errors import ProtocolError
from stratumproxy.mining.prefix import Prefix
from stratumproxy.protocol.v1.configure import Wishes, is_difficulty
from stratumproxy.protocol.v1.messages import Message, encode_error, encode_result
from stratumproxy.shares.difficulty import difficulty_of

MAX_PASSWORD = 255
"""Characters of a password that are looked at; all that counts in one is a difficulty."""

MAX_AGENT = 128
OLD_SUGGEST = "mining.suggest_difficulty("


class Answer:
    """What a handler wants sent: the reply, and what follows it; perhaps the end, and why."""

    __slots__ = ("after", "end", "error", "result")

    def __init__(
        self,
        result: object = True,
        after: bytes = b"",
        error: tuple[int, str] | None = None,
        end: Reason | None = None,
    ) -> None:
        self.result = result
        self.after = after
        self.error = error
        self.end = end

    def encode(self, request_id: bytes) -> bytes:
        """The reply, and what follows it."""
        if self.error is not None:
            return encode_error(request_id, *self.error)
        return encode_result(request_id, self.result) + self.after


LATER = Answer()
"""Not to be answered yet."""


def answer(miner: Miner, method: object, message: Message, reply_to: bytes, now: float) -> bytes:
    """Answer one message that is not mining.submit.

    Args:
        miner: whose it is.
        method: its method.
        message: the whole.
        reply_to: its id as JSON; empty if no reply is wanted.
        now: the time.

    Returns:
        The bytes to send: the reply, if the request has an id, and what has to follow it.

    Raises:
        ProtocolError: the answer is the last one.
    """
    if method is None or method == "pong":
        return b""  # a reply to something of ours; Bitaxe answers pings by a request named pong
    params = message.get("params")
    if not isinstance(params, list):
        params = [params] if is_difficulty(params) else []  # some suggest a bare number
    if not isinstance(method, str):
        reply = Answer(error=(20, "method is not a string"))
    elif handler := HANDLERS.get(method):
        reply = handler(miner, params, now)
    elif method.startswith(OLD_SUGGEST):
        reply = _old_suggest(miner, method, now)
    else:
        reply = Answer(error=(20, f"Unknown method {method[:64]}"))
    if reply.end is not None:
        last_words = reply.encode(reply_to) if reply_to else b""
        raise ProtocolError(reply.end, key=reply.end.key, last_words=last_words)
    if not reply_to:
        return reply.after
    if reply is LATER:
        miner.parked = reply_to
        return b""
    return reply.encode(reply_to)


def subscribed(miner: Miner, now: float) -> bytes:
    """Answer the mining.subscribe that had to wait for its pool session."""
    request_id, miner.parked = miner.parked, b""
    assert miner.prefix is not None
    reply = _subscription(miner, miner.prefix, now)
    return reply.encode(request_id) if request_id else reply.after


def _configure(miner: Miner, params: list[Any], _now: float) -> Answer:
    """BIP310. Nothing may stand between this and its reply: cgminer reads exactly one line."""
    wishes = Wishes.parse(params)
    miner.announced = None
    if wishes.version_mask is not None:
        miner.roll(wishes.version_mask)
    if wishes.minimum_difficulty is not None:
        miner.want_at_least(wishes.minimum_difficulty)
    if "subscribe-extranonce" in wishes.extensions:
        miner.takes_extranonce = True
    return Answer(wishes.answer(miner.mask))


def _subscribe(miner: Miner, params: list[Any], now: float) -> Answer:
    """Reply first, then set_difficulty, then the job: cgminer resets to 1 on the reply."""
    if params and isinstance(params[0], str):
        miner.agent = params[0][:MAX_AGENT]
    resume = params[1] if len(params) > 1 and isinstance(params[1], str) else ""
    if miner.route is None:
        miner.house.allocator.admit(miner, resume, now)
    return _subscription(miner, miner.prefix, now) if miner.prefix is not None else LATER


def _subscription(miner: Miner, prefix: Prefix, now: float) -> Answer:
    miner.forget_announced()
    session_id = prefix.session_id
    subscriptions = [["mining.set_difficulty", session_id], ["mining.notify", session_id]]
    result = [subscriptions, prefix.slot.hex(), prefix.extranonce2_size]
    return Answer(result, after=miner.start_mining(now))


def _authorize(miner: Miner, params: list[Any], now: float) -> Answer:
    """Names are the operator's business and all are welcome. Some send this before subscribe."""
    name = params[0] if params else None
    most = miner.house.misbehaviour.limits.worker_name_bytes
    if not isinstance(name, str):
        return Answer(error=(24, "The worker name is not a string"))
    if not name:
        return Answer(error=(24, "The worker name is empty"))
    if len(name) > most or len(name.encode()) > most:
        return Answer(error=(24, f"The worker name has more than {most} bytes"))
    if refusal := miner.authorize(name, now):
        return Answer(error=(24, refusal.text), end=refusal.end)
    asked = difficulty_in_password(params[1] if len(params) > 1 else None)
    after = miner.suggest(asked, now) if asked and not miner.difficulty.suggested else b""
    miner.house.allocator.authorized(miner, now)
    if not miner.mining:
        after += miner.start_mining(now)
    return Answer(after=after)


def difficulty_in_password(password: object) -> float | int:
    """The difficulty in a password such as ``x,d=1024`` or ``diff=0.5``; 0 if there is none."""
    if not isinstance(password, str) or len(password) > MAX_PASSWORD:
        return 0
    for part in password.replace(";", ",").split(","):
        key, _, value = part.strip().partition("=")
        if key.lower() in ("d", "diff"):
            return _number(value)
    return 0


def _number(text: str) -> float | int:
    """A positive number in plain decimal; 0 for anything else."""
    try:
        number: float | int = int(text) if text.isdecimal() and len(text) < 19 else float(text)
    except ValueError:
        return 0
    return number if is_difficulty(number) else 0


def _suggest_difficulty(miner: Miner, params: list[Any], now: float) -> Answer:
    value = params[0] if params else None
    if isinstance(value, str):
        value = _number(value)
    if value is None or not is_difficulty(value):
        return Answer(error=(20, "suggest_difficulty wants a positive number"))
    return Answer(after=miner.suggest(value, now))


def _old_suggest(miner: Miner, method: str, now: float) -> Answer:
    """Old firmware puts the number inside the method's name: ``mining.suggest_difficulty(1000``."""
    return _suggest_difficulty(miner, [method[len(OLD_SUGGEST) :].rstrip(")").strip()], now)


def _suggest_target(miner: Miner, params: list[Any], now: float) -> Answer:
    target = params[0] if params else None
    try:
        number = int(target, 16) if isinstance(target, str) and len(target) == 64 else 0
    except ValueError:
        number = 0
    if number <= 0:
        return Answer(error=(20, "suggest_target wants 64 hex digits"))
    return Answer(after=miner.suggest(difficulty_of(number), now))


def _subscribe_extranonce(miner: Miner, _params: list[Any], _now: float) -> Answer:
    """Always true: bmminer drops a pool over an error text it does not know."""
    miner.takes_extranonce = True
    return Answer()


def _true(_miner: Miner, _params: list[Any], _now: float) -> Answer:
    return Answer()


def _ping(_miner: Miner, _params: list[Any], _now: float) -> Answer:
    return Answer("pong")


def _get_transactions(_miner: Miner, _params: list[Any], _now: float) -> Answer:
    """A list of none: a pool's miners never see the transactions, and a proxy has none."""
    return Answer([])


HANDLERS: dict[str, Callable[[Miner, list[Any], float], Answer]] = {
    "mining.configure": _configure,
    "mining.subscribe": _subscribe,
    "mining.authorize": _authorize,
    "mining.suggest_difficulty": _suggest_difficulty,
    "mining.suggest_target": _suggest_target,
    "mining.extranonce.subscribe": _subscribe_extranonce,
    "mining.multi_version": _true,
    "mining.get_transactions": _get_transactions,
    "mining.ping": _ping,
}
