"""A share on its way to the pool."""

from typing import Any, Protocol

from stratumproxy.accounting.workers import Worker
from stratumproxy.mining.issued import Found, Job
from stratumproxy.mining.rejects import Reject

Submit = tuple[bytes, str, str, bytes, int, int, int | None]
"""A share as a miner sends it: what its codec answers it by (``b""`` where no answer is wanted),
worker name, job id, extranonce2, ntime, nonce, version bits or None."""


class Finder(Protocol):
    """Who found a share, as the pool's side sees it."""

    @property
    def peer(self) -> str:
        """Its address and port, for logs."""

    host: str
    """The same without the port."""

    @property
    def listener(self) -> Any:
        """Where it came in; has a `name`."""

    def settle(self, share: "Submission", reject: Reject | None) -> None:
        """What became of a share is known: count it, and tell the miner if it waits.

        Args:
            share: which.
            reject: why it does not count; None if it does.
        """


class Submission:
    """What is remembered of a share until the pool's verdict on it is there.

    Args:
        miner: who found it, and hears the verdict if it still wants to.
        worker: who is credited.
        reply_to: what the miner's codec answers it by, which nobody else reads; empty when no
            answer is wanted, or it was given at once.
        difficulty: what the miner was asked to meet, and is credited for.
        met: the difficulty of its hash.
        sent: when it went upstream.
        job: what it was found on.
    """

    __slots__ = (
        "again",
        "block",
        "difficulty",
        "error",
        "found",
        "job",
        "met",
        "miner",
        "name",
        "reply_to",
        "sent",
        "worker",
    )

    found: Found
    """What was found, to be sent once more."""

    error: tuple[int, str] | None
    """The pool's verdict, once it is there: None if it accepted, else code and reason."""

    name: str
    """What the pool was told of who found it; only where workers have names of their own there."""

    def __init__(
        self,
        miner: Finder,
        worker: Worker,
        reply_to: bytes,
        difficulty: float | int,
        met: float,
        sent: float,
        job: Job,
    ) -> None:
        self.again = False
        """It was sent twice: see `Channel`."""
        self.block = ""
        """Hash of the block that it makes, as explorers show it; empty if it makes none."""
        self.miner = miner
        self.worker = worker
        self.reply_to = reply_to
        self.difficulty = difficulty
        self.met = met
        self.sent = sent
        self.job = job
