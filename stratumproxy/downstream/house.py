"""What a miner stands on: protocols that say what it needs of the rooms above, and no more."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from stratumproxy.accounting.books import Tally
from stratumproxy.accounting.workers import Worker, Workers
from stratumproxy.downstream.drops import Drops, Reason
from stratumproxy.downstream.misbehaviour import Misbehaviour
from stratumproxy.mining.issued import Found, Job
from stratumproxy.mining.submission import Submission
from stratumproxy.mining.table import JobTable
from stratumproxy.mining.vardiff import Vardiff

Miner = Any
"""A `Miner`, whose module stands on this one."""


class Refusal(NamedTuple):
    """Why a miner may not mine under a name."""

    text: str
    """In words, for it."""
    end: Reason | None = None
    """Why the connection ends with that; None if it does not."""


class Route(Protocol):
    """The group that a miner is in: where its jobs come from."""

    job: Job | None
    """What is mined on; None while no pool is ready."""

    def begin(self, miner: Miner) -> None:
        """It is sent jobs from now on."""

    def reissue(self, now: float) -> Job | None:
        """The current job once more, under a new id and with its ntime moved on."""

    def owe(self, miner: Miner, job: Job) -> None:
        """It needs a job under another id than this one, which it was sent this second."""

    @property
    def owes_clean(self) -> bool:
        """A clean job is on its way to some of its miners."""


class Tenant(Protocol):
    """To whom a miner belongs."""

    name: str
    vardiff: Vardiff
    miners: int
    """How many have authorized."""

    @property
    def fixed(self) -> Mapping[str, float | int]:
        """Difficulties that the operator fixed, by worker."""

    @property
    def version_mask(self) -> int:
        """What its miners may roll before it is known on which pool they mine."""


class Listener(Protocol):
    """Where a miner came in."""

    number: int
    """Which of those that are configured, from 0."""
    name: str

    @property
    def version_mask(self) -> int:
        """What any miner may roll that came in there."""


class Allocating(Protocol):
    """Who says which bytes of the extranonce are a miner's own."""

    def admit(self, miner: Miner, resume: str, now: float) -> None:
        """Give a miner that subscribes its group and its bytes, or have it wait for them.

        Args:
            miner: has neither yet.
            resume: the session id it names, from an earlier connection; may be anything.
            now: the time.
        """

    def authorized(self, miner: Miner, now: float) -> None:
        """A miner has authorized a name, the first or another."""

    def fit(self, miner: Miner, job: Job, now: float) -> bool | None:
        """See that a miner's bytes fit a job.

        Returns:
            Whether they are others than before; None if the miner has to reconnect.
        """

    def leave(self, miner: Miner, now: float) -> None:
        """A miner is gone: what it had is kept for a while, for its return."""


class Reporting(Protocol):
    """Who is told what the control plane should know."""

    def mark(self, miner: Miner) -> None:
        """What is told about a miner is not as it was."""

    def record_authorized(self, miner: Miner, worker: Worker) -> None:
        """A miner mines under that name, too."""

    def record_left(self, miner: Miner, worker: Worker) -> None:
        """A miner mines under that name no more, and stays."""

    def record_stale(self, job_id: str, now: float) -> None:
        """A share came for a job that is not taken."""


class Doors(Protocol):
    """When miners are let in."""

    open: bool
    """A pool was ready once, so miners can be answered."""


class House(Protocol):
    """What all miners share."""

    jobs: JobTable
    workers: Workers
    tally: Tally
    misbehaviour: Misbehaviour
    drops: Drops
    line_limit: int
    """Bytes of a line."""
    verdict_local: bool
    """A miner is answered by our own check, and not by the pool's."""

    @property
    def doors(self) -> Doors:
        """When it is answered."""

    @property
    def allocator(self) -> Allocating:
        """Who gives it its bytes of the extranonce."""

    @property
    def recorder(self) -> Reporting:
        """Who tells the control plane."""

    def tenant_for(self, miner: Miner, name: str, now: float) -> Tenant | Refusal:
        """To whom a miner belongs that authorizes under a name; or why it can't."""

    def forward(self, job: Job, share: Submission, found: Found) -> None:
        """Send a share to the pool its job came from."""

    def found_block(self, share: Submission, header_hash: bytes) -> None:
        """A share met the network's target."""

    def offence(self, miner: Miner, now: float) -> None:
        """A miner is about to be dropped for how it behaves."""
