"""A group: miners that share one session at a time, and the channels that they have.

For every login of its target a group has a channel, so the next pool's current job is at hand and a
switch is one clean job. One channel is active: that of the first login, in the policy's order, that
is ready. How many miners a group has follows from the extranonce layout and `miners_per_session`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from stratumproxy.downstream.miner import Miner
from stratumproxy.mining.extranonce import Layout, SlotSpace
from stratumproxy.mining.issued import Job
from stratumproxy.mining.prefix import NO_PAST, Past
from stratumproxy.routing.fanout import Fanouts
from stratumproxy.routing.target import Target
from stratumproxy.telemetry.notices import Notices
from stratumproxy.upstream.channel import Channel
from stratumproxy.upstream.login import Login
from stratumproxy.upstream.names import Who
from stratumproxy.upstream.pool import Pool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all groups have in common."""

    fanouts: Fanouts
    """How jobs go out."""
    notices: Notices
    open_channel: Callable[["Group", Login], Channel]
    """Makes a channel of a group's."""
    place: Callable[[Miner, "Group"], bool]
    """Gives a miner that has a session to itself its bytes of the extranonce."""
    moved: Callable[["Group"], None]
    """Called when its miners mine somewhere else."""
    mining_on: Callable[["Group", Job], None]
    """Called when it has a job to mine on, before that goes out."""


class Group:
    """One group of miners.

    Args:
        around: what it has in common with others.
        number: differs from that of every other one.
        target: what its miners mine for.
        lasting: it is there whether anybody is in it or not.
        who: whose name its sessions have, where it is for one worker alone.
    """

    def __init__(
        self,
        around: Surroundings,
        number: int,
        target: Target,
        *,
        lasting: bool,
        who: Who | None = None,
    ) -> None:
        self._around = around
        self._order = target.order
        self.number = number
        self.target = target
        self.lasting = lasting
        self.who = who
        self.alone = not target.shared
        """One miner has the session to itself, and the pool's own extranonce1."""
        self.spaces: dict[Layout, SlotSpace[Past]] = {}
        """Where its miners' slots come from: of each layout they have to be of one space."""
        self.members = 0
        """Miners that subscribed here."""
        self.miners: dict[Miner, None] = {}
        """Of these, who gets jobs, in the order of the fan-out."""
        self.waiting: list[Miner] = []
        """Subscribed, but the answer needs this group's session to be ready."""
        self._owed: dict[Miner, int] = {}
        """They subscribed anew within the second that they were sent the job in: its number."""
        self.job: Job | None = None
        """What is mined on; None while no pool is ready."""
        self._job_sent = 0.0
        self.empty_since = 0.0
        self.active: Channel | None = None
        """What is mined on."""
        self.since = 0.0
        """When that began."""
        self.why = ""
        """Why that is mined on."""
        self.channels: dict[Login, Channel] = {}
        self.kept: tuple[str, Past] = "", NO_PAST
        """Session id and past of the miner that had this group to itself, once it is gone."""
        self.earned = False
        """A share counted of a miner that was here."""

    # -- members ---------------------------------------------------------------------------------

    def has_room(self, most: int) -> bool:
        """Whether one more may subscribe, if `most` may share a session; slots may run out."""
        return self.members < (1 if self.alone else most)

    def takes(self, space: SlotSpace[Past]) -> bool:
        """Whether a space's slots are nobody else's here; from now on no other's are taken."""
        return not self.alone and self.spaces.setdefault(space.layout, space) is space

    def join(self, miner: Miner) -> None:
        """A miner is in it from now on."""
        miner.enter(self)
        self.members += 1

    def leave(self, miner: Miner, now: float) -> None:
        """A miner is gone."""
        self.miners.pop(miner, None)
        self._owed.pop(miner, None)
        if miner in self.waiting:
            self.waiting.remove(miner)
        self.members -= 1
        self.earned = self.earned or miner.accepted > 0
        self.empty_since = now

    def begin(self, miner: Miner) -> None:
        """It is sent jobs from now on."""
        self.miners[miner] = None

    def owe(self, miner: Miner, job: Job) -> None:
        """It needs a job under another id than this one, which it was sent this second."""
        self._owed[miner] = job.number

    def sort_miners(self) -> None:
        """Make the order of the fan-out anew: most hashrate first."""
        order = sorted(self.miners, key=lambda miner: miner.hashrate, reverse=True)
        self.miners = dict.fromkeys(order)

    # -- pools -----------------------------------------------------------------------------------

    def open_channel(self, login: Login) -> Channel:
        """Mine by a login, too, from when there is a job."""
        channel = self._around.open_channel(self, login)
        self.channels[login] = channel
        return channel

    def drop_channel(self, channel: Channel) -> None:
        """A login is not configured any more, and nothing hangs on it."""
        self.channels.pop(channel.login, None)

    def job_came(self, channel: Channel, moved: bool, now: float) -> None:
        """A channel has another job: mine on it, if there is none that is before it."""
        if self.active is None:
            self.switch(channel, now, "it is ready")
        elif self._before(channel, self.active) and not channel.failed:
            self.switch(channel, now, "it comes first")
        elif self.active is channel and moved:
            self.switch(channel, now, "it asked to reconnect")  # shares for the former are stale
        elif self.active is channel:
            self._mine(channel, channel.clean, now)

    def terms_changed(self, channel: Channel, now: float) -> None:
        """A pool asks for something else, and not only from its next job on."""
        if self.active is channel:
            self.send_again(now)

    def channel_lost(self, channel: Channel, now: float) -> None:
        """Nothing that is mined on it counts any more, so move on at once."""
        if self.active is not channel:
            return
        channel.failed = True
        self.job = None
        self.active = None
        self._around.moved(self)
        self._around.fanouts.end(self, now)
        if (best := self._best()) is not None:
            self.switch(best, now, f"{channel.pool.name} was lost")

    def channel_unwell(self, channel: Channel, why: str, now: float) -> None:
        """Mine on any other pool, if one is ready."""
        if self.active is channel and (best := self._best()) is not channel and best is not None:
            self.switch(best, now, why)

    def mines_on(self, pool: Pool) -> bool:
        """Whether it mines on a pool now."""
        return self.active is not None and self.active.pool is pool

    def _ready(self) -> list[Channel]:
        """What can be mined on, in the pools' order."""
        ready = [channel for channel in self.channels.values() if channel.session is not None]
        return sorted(ready, key=lambda channel: self._order.rank(channel.login))

    def _best(self) -> Channel | None:
        """The first in the order that is ready and well, or else just ready."""
        return min(self._ready(), key=lambda channel: channel.unwell, default=None)

    def _before(self, channel: Channel, other: Channel) -> bool:
        """Whether one is rather mined on than the other."""
        return self._order.rank(channel.login) < self._order.rank(other.login)

    def prefer(self, well_for: float, pause: float, now: float) -> None:
        """Go back to an earlier pool in the order once it has been ready for some seconds.

        Args:
            well_for: the seconds.
            pause: seconds after which a pool that refused too many shares gets another chance.
            now: the time.
        """
        ready = self._ready()
        for channel in ready:
            if channel.unwell and now - channel.since >= pause:
                channel.unwell = False
                channel.since = now - well_for
        if self.active is None:
            return
        for channel in ready:
            if not self._before(channel, self.active):
                return
            if not channel.unwell and now - channel.since >= well_for:
                self.switch(channel, now, f"it comes first, and was well for {well_for:g} s")
                return

    def obey(self, wanted: Pool | None, now: float) -> bool:
        """The operator changed the order: mine on what is best by it, at once.

        Args:
            wanted: the pool that comes first, whatever it did so far; None: as configured.
            now: the time.

        Returns:
            Whether that is another pool than before.
        """
        for channel in self.channels.values():
            if channel.pool is wanted:
                channel.forgive()
        if self.active is None or (best := self._best()) is self.active or best is None:
            return False
        self.switch(best, now, "an operator ordered it")
        return True

    def leave_pool(self, channel: Channel, now: float) -> None:
        """Mine on any other pool that is ready: this one is not to be mined on any more."""
        channel.unwell = True
        self.channel_unwell(channel, f"{channel.pool.name} is not configured any more", now)

    def switch(self, channel: Channel, now: float, why: str) -> None:
        """Mine on another channel: for the miners nothing but a clean job.

        What was mined on before takes the shares that are under way for the grace, if it is well.
        """
        if self.active is not None and self.active is not channel:
            self.active.replaced(now)
        if self.active is not channel:
            self.since, self.why = now, why
        self.active = channel
        self._around.notices.info(
            "mining on pool",
            **channel.login.said,
            why=why,
            group=self.number,
            miners=len(self.miners),
        )
        self._mine(channel, True, now)
        self._around.moved(self)

    def is_for_one(self, now: float) -> None:
        """Nobody is here, and the next miner will have the session to itself."""
        self.alone = True
        self.spaces.clear()
        if self.active is not None:
            self.active.end_jobs(now)
            self.switch(self.active, now, "a miner has the session to itself")

    def close(self, now: float) -> None:
        """Nobody mines here any more: what is under way is lost."""
        # what is mined on comes last, so that no other pool takes over for a moment
        for channel in sorted(self.channels.values(), key=lambda each: each is self.active):
            channel.close(now)

    # -- jobs ------------------------------------------------------------------------------------

    def _mine(self, channel: Channel, clean: bool, now: float) -> None:
        """Mine on a channel's newest job from now on."""
        self.job = channel.issue(now)
        self._job_sent = now
        self._around.mining_on(self, self.job)
        waiting, self.waiting = self.waiting, []
        for miner in waiting:
            if self._around.place(miner, self):
                miner.link.send(miner.say_subscribed(now))
        self._around.fanouts.begin(self, self.job, clean, now)

    @property
    def owes_clean(self) -> bool:
        """A clean job is on its way to some of its miners."""
        return self._around.fanouts.owes_clean(self)

    def reissue(self, now: float) -> Job | None:
        """The current job once more, under a new id and with its ntime moved on.

        One is made for each second at most, and shared by all who ask within it. None while there
        is no job.
        """
        if self.active is None or self.job is None:
            return None
        return self.active.reissue(now)

    def keep_alive(self, after: float, now: float) -> None:
        """Send the job again when the pool has been silent: cgminer gives up after 90 s."""
        if self.job is not None and now - self._job_sent >= after:
            self.send_again(now)

    def serve_owed(self, now: float) -> None:
        """Called every second or so: who could not be sent the job under another id is now."""
        owed, self._owed = self._owed, {}
        for miner, number in owed.items():
            if miner.last_job == number and (data := miner.start_mining(now)):
                miner.link.send(data)

    def send_again(self, now: float) -> None:
        """Send every miner the job once more, under a new id, and with what changed for it."""
        job = self.reissue(now)
        if job is not None and self.active is not None:
            self.active.replaced(now, but=job)
            self._job_sent = now
            self.job = job
            self._around.fanouts.begin(self, job, False, now, news=False)
