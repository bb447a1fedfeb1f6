"""Where a miner mines, and what it is asked for there: job by job, as it was told."""

from math import inf

from stratumproxy.downstream.codec import Codec
from stratumproxy.downstream.house import House, Listener, Route, Tenant
from stratumproxy.mining.difficulty import NO_TARGET, DifficultyState
from stratumproxy.mining.issued import Job
from stratumproxy.mining.job import Terms
from stratumproxy.mining.prefix import MOST_PREFIXES, Past, Prefix
from stratumproxy.mining.vardiff import Vardiff
from stratumproxy.shares.difficulty import target_bytes

ANY_BITS = 0xFFFFFFFF


def _common(wished: int, allowed: int) -> int:
    """The bits of both. It is nearly always all that are allowed, and then the very same object:
    one for a pool, and not for each miner.
    """
    common = wished & allowed
    return allowed if common == allowed else common


class Place(Codec):
    """A miner's place.

    Args:
        house: what all miners share.
        listener: where it came in.
        tenant: to whom it belongs; None while its name will say that.
        now: seconds.
    """

    __slots__ = (
        "announced",
        "difficulty",
        "earlier",
        "house",
        "last_job",
        "listener",
        "mask",
        "may_roll",
        "mining",
        "prefix",
        "route",
        "since",
        "takes_extranonce",
        "tenant",
        "wished_mask",
    )

    def __init__(self, house: House, listener: Listener, tenant: Tenant | None, now: float) -> None:
        self.house = house
        self.listener = listener
        self.tenant = tenant
        self.route: Route | None = None
        """Where its jobs come from; None before it subscribed."""
        self.prefix: Prefix | None = None
        """None before it is known which bytes of the extranonce are its own."""
        self.earlier: tuple[Prefix, ...] = ()
        """What it had before, on which shares may still be under way."""
        self.mining = False
        """Subscribed and authorized: gets jobs."""
        self.takes_extranonce = False
        """It can be given other bytes while it is connected."""
        self.last_job = 0
        """Number of the newest job it was sent, on this connection or on one that it resumes."""
        self.since: float = inf
        """Number of the first job that went out on this prefix and for this difficulty."""
        self.announced: Terms | None = None
        """The terms that it was told everything about: on another job under the very same there is
        nothing to say but the job. None while it is to be told something."""
        self.wished_mask = 0
        self.mask = 0
        """The bits it was last told it may roll."""
        self.may_roll = ANY_BITS
        """All bits that it may have rolled: what it wished, ever. If it never said what it rolls,
        it may roll what the pool lets it."""
        self.difficulty = DifficultyState(now)

    # -- jobs ------------------------------------------------------------------------------------

    def deliver(self, job: Job, clean: bool, now: float) -> bytes:
        """What to send so that this miner mines on a job: the job, and before it what changed.

        Difficulty and mask bind from the next job (cgminer, cpuminer, ESP-Miner), so they travel in
        front of it. Nothing is sent to a miner that has the job or a newer one.
        """
        prefix = self.prefix
        if prefix is None or job.number <= self.last_job:
            return b""
        data = b""
        if job.room < prefix.total or job.whole or prefix.space is None:
            moved = self.house.allocator.fit(self, job, now)
            if moved is None:
                return b""
            if moved:
                assert self.prefix is not None
                prefix, clean = self.prefix, True
                data = self.say_extranonce(prefix.slot, prefix.extranonce2_size)
        if self.wished_mask & job.version_mask != self.mask:
            self.mask = _common(self.wished_mask, job.version_mask)
            data += self.say_version_mask(self.mask)
        state = self.difficulty
        difficulty = min(state.wanted, job.difficulty)
        if difficulty != state.announced and state.bind(
            difficulty, job.number, self.house.jobs.oldest, now
        ):
            data += self.say_difficulty(difficulty)
            self.since = job.number
            self.changed()
        self.last_job = job.number
        if not prefix.first_job:
            self.since = prefix.first_job = job.number
        self.announced = job.terms if state.announced == difficulty else None
        line = job.line(self.encode_job, prefix.total, clean)
        return data + line if data else line

    def asked_on(self, job: Job) -> tuple[Prefix | None, float | int, bytes]:
        """The prefix, difficulty and target with which a job went out to this miner.

        Returns:
            No prefix, or a difficulty of 0, if it did not, or that is not known any more.
        """
        difficulty = self.difficulty.bound_to(job.number)
        target = target_bytes(difficulty) if difficulty else NO_TARGET
        prefix = self.prefix
        if prefix is not None and prefix.had(job, self.last_job):
            return prefix, difficulty, target
        for prefix in self.earlier:
            if prefix.had(job, prefix.last_job):
                return prefix, difficulty, target
        return None, 0, NO_TARGET

    def enter(self, route: Route) -> None:
        """Its jobs come from there from now on."""
        self.route = route

    # -- bytes of the extranonce -----------------------------------------------------------------

    def take_prefix(self, prefix: Prefix) -> None:
        """Mine with these bytes of the extranonce, from the next job on."""
        self.earlier = self._prefixes()
        self.prefix = prefix

    def forget_past(self) -> None:
        """What it was here before, it was for somebody else: nothing of that counts any more."""
        self.earlier = ()

    def take_up(self, past: Past) -> None:
        """It was here before: shares that it found then still count for what they were asked."""
        self.earlier = past.prefixes
        self.last_job = past.last_job
        self.difficulty.take_up(past.difficulties, past.last_job + 1)
        self.may_roll |= past.may_roll

    def past(self) -> Past:
        """What it may want to take up when it comes back."""
        return Past(self._prefixes(), self.difficulty.history(), self.may_roll, self.last_job)

    def _prefixes(self) -> tuple[Prefix, ...]:
        """Every prefix that shares may still be under way on, this one being over."""
        if self.prefix is not None:
            self.prefix.last_job = self.last_job
        prefixes = (*self.earlier, self.prefix) if self.prefix is not None else self.earlier
        if not prefixes:
            return prefixes
        oldest = self.house.jobs.oldest
        return tuple(each for each in prefixes if each.first_job and each.last_job >= oldest)[
            -MOST_PREFIXES:
        ]

    # -- what it is asked for --------------------------------------------------------------------

    def want(self, difficulty: float | int) -> None:
        """Ask for a difficulty, within the configured limits, from the next job on."""
        self.difficulty.want(difficulty)
        self.announced = None

    def stay_within(self, vardiff: Vardiff) -> None:
        """Other limits are configured: ask for what is within them from the next job on."""
        within = vardiff.clamp(self.difficulty.wanted)
        if self.mining and within != self.difficulty.wanted:
            self.want(within)

    def forget_announced(self) -> None:
        """The miner has reset: its difficulty is 1 again, because it subscribed."""
        self.difficulty.announced = 0
        self.announced = None

    def roll(self, mask: int) -> None:
        """It says which version bits it rolls."""
        self.announced = None
        rolled = self.may_roll if self.last_job else 0
        self.may_roll = rolled | mask if rolled else mask
        self.wished_mask = mask
        job = self.route.job if self.route is not None else None
        allowed = (job or self.tenant or self.listener).version_mask
        self.mask = _common(mask, allowed)

    def want_at_least(self, difficulty: float | int) -> None:
        """It says what the least difficulty is that it takes (BIP310 minimum-difficulty)."""
        self.announced = None
        tenant = self.tenant
        self.difficulty.minimum = tenant.vardiff.clamp(difficulty) if tenant else difficulty
        self.difficulty.floor = 0

    def suggest(self, difficulty: float | int, now: float) -> bytes:
        """The miner names the difficulty it would like.

        Said again unchanged (NerdMiner does so every 30 s to stay connected) it changes nothing.
        """
        if difficulty == self.difficulty.suggested:
            return b""
        self.difficulty.suggested = difficulty
        self.difficulty.floor = 0
        if not self.mining or self.difficulty.fixed or self.tenant is None:
            return b""
        self.want(self.tenant.vardiff.clamp(difficulty))
        return self.renotify(now)

    def fix(self, difficulty: float | int | None) -> None:
        """The operator says what it is asked for from the next job on; None: vardiff says again."""
        self.difficulty.fixed = difficulty is not None
        if difficulty is not None and self.mining:
            self.want(difficulty)

    def retarget(self, now: float) -> bytes:
        """Let vardiff judge this miner.

        Returns:
            A job with the new difficulty, when the old one is too far off to wait for the pool's.
        """
        tenant = self.tenant
        better = self.difficulty.better(tenant.vardiff, now) if tenant is not None else None
        if better is None:
            return b""
        self.want(better)
        return self.renotify(now) if self.difficulty.urgent else b""

    def renotify(self, now: float) -> bytes:
        """Bind what is wanted now, by a job of its own."""
        route = self.route
        if route is None or route.job is None or not self.mining:
            return b""
        if min(self.difficulty.wanted, route.job.difficulty) == self.difficulty.announced:
            return b""
        job = route.reissue(now)
        # If a clean job is still on its way to this miner, this one takes its place.
        return self.deliver(job, route.owes_clean, now) if job else b""

    def changed(self) -> None:
        """What the control plane is told about it is not as it was."""
        self.house.recorder.mark(self)
