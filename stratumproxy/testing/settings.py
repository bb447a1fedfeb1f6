"""The knobs of a simulated pool."""

from dataclasses import dataclass
from typing import Literal

from stratumproxy.testing.jobs import MAINNET_NBITS

RejectShape = Literal["array", "pair", "object", "string", "false", "false-array", "true"]
"""How a pool says no. All of them are seen in the wild:

``array``       ``"result": null, "error": [23, "low difficulty share", null]``
``pair``        ``"result": null, "error": [23, "low difficulty share"]`` (NOMP)
``object``      ``"error": {"code": 23, "message": "…", "data": null}``, no result (CoiniumServ)
``string``      ``"result": null, "error": "low difficulty share"``
``false``       ``"result": false, "error": null, "reject-reason": "…"`` (ckpool)
``false-array`` ``"result": false, "error": [23, "…", null]`` (NiceHash)
``true``        ``"result": null, "error": true`` (NOMP)
"""


SecondName = Literal["allowed", "per-submit", "always", "last", "ignored", "not-subscribed", "kick"]
"""What becomes of a second ``mining.authorize`` on a connection, and of shares under either name:

``allowed``         true; a share counts under any name that was authorized (slush, Braiins)
``per-submit``      true; a share counts under whatever name it came (NOMP)
``always``          true; a share counts under whatever name, authorized or not (DATUM)
``last``            true; all shares count under the name that was authorized last, whatever their
                    own (foundation-stratum)
``ignored``         no answer at all; only the first name's shares count, and others are refused
                    for "Worker mismatch" (ckpool)
``not-subscribed``  ``[25, "not subscribed"]``; all shares count under the first name (btcpool)
``kick``            ``[24, "Already authorized"]``, and the connection is closed (NiceHash)
"""


PoolFault = Literal[
    "ascii-only",
    "authorize-first-unanswered",
    "clean-never",
    "coinbase-cut",
    "configure-unanswered",
    "crlf-ignored",
    "difficulty-early",
    "difficulty-late",
    "duplicate-code",
    "duplicates-accepted",
    "duplicates-by-text",
    "empty-line-ends",
    "extranonce-subscribe-refused",
    "extranonce-unasked",
    "extranonce2-unchecked",
    "first-line-only",
    "five-refused",
    "http-cuts-all",
    "ids-of-32-bits",
    "ids-as-text",
    "job-id-repeated",
    "low-accepted",
    "mask-omitted",
    "mask-superset",
    "method-unknown",
    "notify-short",
    "ntime-of-yesterday",
    "ntime-strict",
    "ntime-unchecked",
    "null-id-answered",
    "prevhash-as-displayed",
    "share-answered-null",
    "six-refused",
    "split-lines",
    "subscribe-once",
    "subscribe-needs-params",
    "suggest-unanswered",
    "unauthorized-accepted",
    "unknown-job-accepted",
    "unknown-unanswered",
    "unpadded-refused",
    "upper-case-refused",
    "version-ignored",
    "version-unchecked",
]
"""What a pool can do wrong: `stratumproxy.testing.broken_pool`. Each breaks one rule of the
catalogue of `stratumproxy.conform`, which is what they are for."""


@dataclass(slots=True, kw_only=True)
class PoolSettings:
    """What a simulated pool is like. May be changed while it runs; says from when it counts."""

    extranonce1_size: int = 4
    """Bytes, `extranonce1_prefix` included. Each new connection gets another extranonce1."""
    extranonce1_prefix: bytes = b""
    extranonce2_size: int = 8
    """Bytes, 2 to 16. From the next subscribe, or the next `SimulatedPool.set_extranonce`."""
    difficulty: float = 1e-6
    """From the next connection's first job; `SimulatedPool.set_difficulty` for those there are.
    1e-6 is some 4,295 hashes a share."""
    version_mask: int | None = 0x1FFFE000
    """What BIP310 may roll; None: configure is known, version rolling is not."""
    supports_configure: bool = True
    """False: ``mining.configure`` is an unknown method, as with old pools."""
    resume: bool = True
    """A subscribe with a session id known here gets the extranonce1 of that session again."""
    work_after: Literal["authorize", "subscribe"] = "authorize"
    """When set_difficulty and the first job are sent. Many pools don't wait for authorize."""
    integer_ids_only: bool = False
    """Close on a request whose id is no integer, as DATUM does."""

    job_interval: float = 30.0
    """Seconds between jobs; 0: only when `SimulatedPool.new_job` is called."""
    clean_every: int = 5
    """Every so many jobs one is clean: a new block was found. 0: only the first."""
    coinbase_size: int = 250
    """Bytes of the coinbase without witness, about; the smallest is some 180."""
    merkle_branches: int = 12
    job_version: int = 0x20000000
    nbits: int = MAINNET_NBITS
    """`EASY_NBITS` makes every second hash a block."""
    ntime_roll: int = 7000
    """Seconds that a share's ntime may be after its job's."""
    jobs_kept: int = 16
    """Jobs of one connection that still take shares, as long as none was clean."""

    reply_delay: float = 0.0
    """Seconds before any reply leaves; what follows it waits behind it."""
    drop_every: int = 0
    """Every so many shares one gets no reply, though it is counted. 0: none."""
    reject_every: int = 0
    """Every so many good shares one is rejected all the same, as ``pool``. 0: none."""
    reject_shape: RejectShape = "array"
    refuse_authorize: bool = False
    second_name: SecondName = "allowed"
    silent: bool = False
    """Take everything, say nothing."""
    fault: PoolFault | None = None
    """From the next connection: one thing that it does wrong."""
    keep_hashes: int = 100_000
    """How many of the newest accepted header hashes are kept for comparison."""

    def __post_init__(self) -> None:
        """Sizes that no subscribe reply can carry are a mistake in the test.

        Raises:
            ValueError: naming the setting.
        """
        if not len(self.extranonce1_prefix) <= self.extranonce1_size <= 32:
            raise ValueError("extranonce1_size: from the prefix's length to 32 bytes")
        if not 1 <= self.extranonce2_size <= 16:
            raise ValueError("extranonce2_size: 1 to 16 bytes")
        if self.difficulty <= 0:
            raise ValueError("difficulty: above 0")
