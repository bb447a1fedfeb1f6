"""How different firmwares speak: the order of their handshake, and their habits.

Read from the sources of the real ones; each style says which.
"""

from dataclasses import dataclass, replace
from typing import Literal

Step = Literal[
    "configure",
    "subscribe",
    "authorize",
    "extranonce.subscribe",
    "suggest_difficulty",
    "suggest_target",
    "multi_version",
]


MinerFault = Literal[
    "breaks-at-carriage-return",
    "breaks-at-pieces",
    "difficulty-ignored",
    "extranonce2-short",
    "ids-as-text",
    "low-shares",
    "mask-set-ignored",
    "needs-configure",
    "ntime-ahead",
    "reconnect-ignored",
    "set-extranonce-ignored",
    "shares-twice",
    "stale-shares",
    "stays-away",
    "stops-at-reject-reason",
    "stops-at-unknown-method",
    "subscribes-twice",
    "version-outside-mask",
    "version-unanswered",
]
"""What a miner can do wrong: `stratumproxy.testing.broken_miner`."""


@dataclass(frozen=True, slots=True)
class Style:
    """One firmware's way to speak Stratum."""

    name: str
    user_agent: str
    steps: tuple[tuple[Step, ...], ...]
    """What is sent together; the next group waits until each of these is answered."""
    version_mask: int = 0xFFFFFFFF
    """What it asks to roll, if `steps` has "configure"."""
    min_bit_count: int | str | None = 2
    """As it stands in configure: a number, a string, or not at all."""
    named_ids: tuple[tuple[Step, str], ...] = ()
    """Steps whose ids are names, as bfgminer's authorize."""
    takes_next_line: bool = True
    """Takes the next line for the reply to configure and to subscribe, whatever it is."""
    retries_without: tuple[Step, ...] = ()
    """Left out on the next connection, if subscribe was not answered as it should be."""
    submit_id: int | None = None
    """The id of every share, instead of a new one each time."""
    six_params: bool = False
    """Shares have version bits also when none were negotiated."""
    pads_nonce: bool = True
    """Nonces are always eight digits."""
    subscribe_tail: tuple[str | None, ...] = ()
    """Subscribe's params after the user agent and the session id."""
    first_session_id: str | None = None
    """A session id it sends before it was ever given one."""
    suggests: float | None = None
    """What "suggest_difficulty" asks for."""
    fault: MinerFault | None = None
    """One thing that it does wrong."""
    pongs: bool = False
    """Answers ``mining.ping`` with a request named ``pong``, as ESP-Miner does."""

    def without(self, left_out: tuple[Step, ...]) -> "Style":
        """The same, leaving out some steps."""
        steps = tuple(tuple(step for step in group if step not in left_out) for group in self.steps)
        return replace(self, steps=tuple(filter(None, steps)), retries_without=())

    def request(
        self, step: Step, worker: str, password: str, session_id: str | None
    ) -> tuple[str, list[object]]:
        """Method and params of one step of the handshake."""
        match step:
            case "configure":
                values: dict[str, object] = {"version-rolling.mask": f"{self.version_mask:08x}"}
                if self.min_bit_count is not None:
                    values["version-rolling.min-bit-count"] = self.min_bit_count
                return "mining.configure", [["version-rolling"], values]
            case "subscribe":
                params: list[object] = [self.user_agent]
                if session_id is not None or self.subscribe_tail:
                    params.append(session_id)
                return "mining.subscribe", [*params, *self.subscribe_tail]
            case "authorize":
                return "mining.authorize", [worker, password]
            case "extranonce.subscribe":
                return "mining.extranonce.subscribe", []
            case "suggest_difficulty":
                return "mining.suggest_difficulty", [self.suggests]
            case "suggest_target":
                return "mining.suggest_target", ["f" * 64]
            case "multi_version":
                return "mining.multi_version", [1]


_ALL = (
    Style(  # cgminer util.c: one line is read after configure, and one after subscribe
        "cgminer",
        "cgminer/4.11.1",
        (("configure",), ("subscribe",), ("authorize",)),
        min_bit_count=None,
    ),
    Style(  # bmminer, the S9's cgminer: authorize is answered, then these two go out
        "antminer",
        "bmminer/2.0.0",
        (
            ("configure",),
            ("subscribe",),
            ("authorize",),
            ("multi_version", "extranonce.subscribe"),
        ),
        version_mask=0x1FFFE000,
    ),
    Style(  # ESP-Miner stratum_api.c, stratum_task.c
        "bitaxe",
        "bitaxe/BM1370/v2.9.0",
        (("configure", "subscribe", "authorize", "suggest_difficulty", "extranonce.subscribe"),),
        min_bit_count=None,
        takes_next_line=False,
        six_params=True,
        suggests=1e-6,
        pongs=True,
    ),
    Style(  # pooler's cpuminer, util.c and cpu-miner.c
        "cpuminer", "cpuminer/2.5.1", (("subscribe",), ("authorize",)), submit_id=4
    ),
    Style(  # the cpuminers that grew BIP310; the bit count is a string there
        "cpuminer-vmask",
        "cpuminer-opt/23.5",
        (("configure",), ("subscribe",), ("authorize",)),
        version_mask=0x1FFFE000,
        min_bit_count="2",
        submit_id=4,
    ),
    Style(
        "whatsminer",
        "whatsminer/v1.0",
        (("configure",), ("subscribe",), ("authorize",)),
        version_mask=0x1FFFE000,
        min_bit_count=None,
        first_session_id="b08cf00d1",
    ),
    Style(  # NerdMiner_v2 stratum.cpp: String(nonce, HEX)
        "nerdminer",
        "NerdMinerV2/V1.8",
        (("subscribe",), ("authorize", "suggest_difficulty")),
        pads_nonce=False,
        suggests=1e-7,
    ),
    Style(  # bfgminer util.c: a request with a null id comes first; if it is answered, it begins
        # again without. It asks for extranonces only where the url says so (#xnsub).
        "bfgminer",
        "bfgminer/5.5.0",
        (("suggest_target", "subscribe"), ("authorize",)),
        named_ids=(("authorize", "auth"),),
        retries_without=("suggest_target",),
    ),
    Style(  # bosminer
        "braiins",
        "Braiins OS 2019-06-05",
        (("configure",), ("subscribe",), ("authorize",)),
        version_mask=0x1FFFE000,
        min_bit_count=16,
        subscribe_tail=("pool.example:3333", None),
    ),
    Style(  # some firmwares have it the other way round
        "authorize-first",
        "early/1.0",
        (("authorize", "subscribe"),),
        takes_next_line=False,
    ),
)

STYLES: dict[str, Style] = {style.name: style for style in _ALL}
"""All of them, by name."""
