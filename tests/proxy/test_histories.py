"""Whatever happens, in whatever order: no more is credited than was asked of shares that were
found, no header twice, and no honest share on a job that is still taken is refused.

Miners come, go, take their session up again, wish difficulties, hold shares back, submit them
twice, under other ids and as somebody else's; pools change what they ask, repeat themselves, are
lost, come back with another extranonce1, are left and gone back to; time passes.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from stratumproxy.shares import sha256d
from stratumproxy.testing import MinerJob
from tests.proxy.peers import MinerEnd, PoolEnd
from tests.proxy.playbook import Playbook, notify

GRACE = 60
DIFFICULTIES = [1e-9, 2e-9, 3e-9, 5e-9]


@dataclass
class Sent:
    """A job that went out to a machine."""

    job: MinerJob
    mask: int
    session: object
    """Of the pool it came from."""
    pool_job_id: str
    until: float = float("inf")
    """How long it is taken at least, unless its pool ends it."""
    ended: bool = False


@dataclass
class Found:
    """A share."""

    params: list[str]
    sent: Sent
    header: bytes
    submitted: bool = False


@dataclass
class Machine:
    """A miner, over all its connections."""

    name: str
    connections: int = 0
    end: MinerEnd | None = None
    session_id: str = ""
    sent: dict[str, Sent] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)


class Histories(RuleBasedStateMachine):
    """Of a farm of few miners and two pools."""

    size = 8

    def __init__(self) -> None:
        super().__init__()
        self.play = Playbook(
            "main",
            "backup",
            jobs={"grace_seconds": GRACE},
            pool={"silence_seconds": 3600},
            limits={"invalid_share_percent": 100},
            failover={"return_seconds": 3, "reject_percent": 100},
            difficulty={"start": 1e-9},
        )
        self.machines: list[Machine] = []
        self.extranonces = 0
        self.heights = 800_000
        self.job_ids = 0
        self.last: dict[str, list[Any]] = {}
        """The newest notify of each session."""
        self.asked: dict[str, float] = {}
        self.counted: set[bytes] = set()
        self.credited = 0.0
        self._open_sessions()

    # -- the pools -------------------------------------------------------------------------------

    def _ends(self) -> list[PoolEnd]:
        return [each for each in self.play.peers.values() if isinstance(each, PoolEnd)]

    def _open_sessions(self, extranonce1: str = "") -> None:
        """Every session that a group wants is there."""
        for end in self._ends():
            if end.closed == "hung up":
                end.connect()
            if end.closed is None and not end.session.ready:
                self.extranonces += 1
                self.play.opens(
                    end.name,
                    extranonce1=extranonce1 or f"{self.extranonces:08x}",
                    size=self.size,
                    difficulty=self.asked.setdefault(end.name, 4e-9),
                    job=self.last.get(end.name) or self._notify(end.name, clean=True),
                )
        self._look()

    def _notify(self, name: str, *, clean: bool) -> list[Any]:
        self.job_ids += 1
        params = notify(
            f"{self.job_ids}", room=4 + self.size, clean=clean, height=self.heights, branches=1
        )
        self.last[name] = params
        return params

    def _sessions(self) -> list[PoolEnd]:
        return [end for end in self._ends() if end.closed is None and end.session.ready]

    @rule(data=st.data(), clean=st.booleans())
    def a_job(self, data: st.DataObject, clean: bool) -> None:
        end = data.draw(st.sampled_from(self._sessions()))
        self.heights += clean
        self._says(end, self._notify(end.name, clean=clean))

    @rule(data=st.data(), clean=st.booleans(), same_id=st.booleans())
    def a_job_again(self, data: st.DataObject, clean: bool, same_id: bool) -> None:
        end = data.draw(st.sampled_from(self._sessions()))
        params = [*self.last[end.name][:8], clean]
        if not same_id:
            self.job_ids += 1
            params[0] = f"{self.job_ids}"
            self.last[end.name] = params
        self._says(end, params, repeats=same_id)

    @rule(data=st.data())
    def an_id_again_for_other_work(self, data: st.DataObject) -> None:
        end = data.draw(st.sampled_from(self._sessions()))
        job_id = self.last[end.name][0]
        self._says(end, [job_id, *self._notify(end.name, clean=False)[1:]])
        self.last[end.name][0] = job_id

    def _says(self, end: PoolEnd, params: list[Any], *, repeats: bool = False) -> None:
        """A notify: a clean one is the end of all jobs but the one that it may repeat."""
        job_id, clean = params[0], params[-1]
        for sent in self._all_sent():
            if sent.session is end.session and (clean or sent.pool_job_id == job_id):
                sent.ended = sent.ended or not (repeats and sent.pool_job_id == job_id)
        self.play.aside(f'{end.name} >> mining.notify "$n"', n=params)
        self._look()

    def _all_sent(self) -> list[Sent]:
        return [sent for machine in self.machines for sent in machine.sent.values()]

    @rule(data=st.data(), difficulty=st.sampled_from(DIFFICULTIES))
    def another_difficulty_of_the_pool(self, data: st.DataObject, difficulty: float) -> None:
        end = data.draw(st.sampled_from(self._sessions()))
        self.asked[end.name] = difficulty
        self.play.aside(f"{end.name} >> mining.set_difficulty [{difficulty!r}]")
        self._look()

    @rule(data=st.data(), mask=st.sampled_from(["1fffe000", "00c00000", "00000000", "1c000000"]))
    def another_mask(self, data: st.DataObject, mask: str) -> None:
        end = data.draw(st.sampled_from(self._sessions()))
        self.play.aside(f'{end.name} >> mining.set_version_mask ["{mask}"]')
        self._look()

    @rule(data=st.data(), same=st.booleans())
    def a_session_is_lost(self, data: st.DataObject, same: bool) -> None:
        end = data.draw(st.sampled_from(self._sessions()))
        extranonce1 = end.session.extranonce1.hex() if same else ""
        for sent in self._all_sent():
            sent.ended = sent.ended or sent.session is end.session
        self.play.aside(f"{end.name} -- hangs up")
        self._open_sessions(extranonce1)

    @rule(pool=st.sampled_from(["", "main", "backup"]))
    def an_order(self, pool: str) -> None:
        router = self.play.proxy.router
        wanted = {each.name: each for each in router.pools}.get(pool)
        router.prefer(wanted, self.play.now)
        self.play._settle()
        self._look()

    # -- the miners ------------------------------------------------------------------------------

    @precondition(lambda self: len(self.machines) < 3)
    @rule(rolls=st.booleans())
    def a_machine_comes(self, rolls: bool) -> None:
        machine = Machine(f"m{len(self.machines)}")
        self.machines.append(machine)
        self._connects(machine, rolls=rolls)

    def _connects(
        self, machine: Machine, *, rolls: bool, says: str = "", password: str = "x"
    ) -> None:
        machine.connections += 1
        name = f"{machine.name}:{machine.connections}"
        machine.end = self.play.miner(name)
        if rolls:
            self.play.aside(f'{name} >> 1 mining.configure [["version-rolling"]]')
        self.play.aside(f"{name} >> 2 mining.subscribe {says or '[]'}")
        self._open_sessions()
        self.play.aside(f'{name} >> 3 mining.authorize ["{machine.name}", "{password}"]')
        seat = machine.end.session.prefix
        assert seat is not None
        machine.session_id = seat.session_id
        self._look()

    def _connected(self) -> list[Machine]:
        return [each for each in self.machines if each.end is not None and each.end.closed is None]

    @precondition(lambda self: self._connected())
    @rule(
        data=st.data(),
        seconds=st.sampled_from([0, 0.4, 2, 70]),
        resumes=st.booleans(),
        rolls=st.booleans(),
        wish=st.sampled_from(["x", "d=0.0000000015", "d=0.000000004"]),
    )
    def one_comes_back(
        self, data: st.DataObject, seconds: float, resumes: bool, rolls: bool, wish: str
    ) -> None:
        machine = data.draw(st.sampled_from(self._connected()))
        assert machine.end is not None
        self.play.aside(f"{machine.end.name} -- hangs up")
        self._until(machine, self.play.now + GRACE)
        self._pass(seconds)
        if not resumes:
            machine.sent.clear()
            machine.found.clear()
        says = f'["x", "{machine.session_id}"]' if resumes else ""
        self._connects(machine, rolls=rolls, says=says, password=wish)

    @precondition(lambda self: self._connected())
    @rule(data=st.data(), difficulty=st.sampled_from(DIFFICULTIES))
    def a_wish(self, data: st.DataObject, difficulty: float) -> None:
        machine = data.draw(st.sampled_from(self._connected()))
        assert machine.end is not None
        self.play.aside(f"{machine.end.name} >> 4 mining.suggest_difficulty [{difficulty!r}]")
        self._look()

    @precondition(lambda self: self._connected())
    @rule(data=st.data())
    def it_subscribes_again(self, data: st.DataObject) -> None:
        machine = data.draw(st.sampled_from(self._connected()))
        assert machine.end is not None
        self.play.aside(f"{machine.end.name} >> 5 mining.subscribe []")
        self._look()

    @rule(seconds=st.sampled_from([0.5, 1, 20, 56, GRACE + 2]))
    def time_passes(self, seconds: float) -> None:
        self._pass(seconds)

    def _pass(self, seconds: float) -> None:
        while seconds > 0:
            step = min(seconds, 1)
            self.play.aside(f"clock -- {step} s")
            seconds -= step
            self._look()

    def _until(self, machine: Machine, until: float) -> None:
        for sent in machine.sent.values():
            sent.until = min(sent.until, until)

    def _look(self) -> None:
        """Note which jobs have gone out, and what they took the place of."""
        for machine in self._connected():
            assert machine.end is not None
            for job_id, job in machine.end.jobs.items():
                taken = self.play.proxy.jobs.get(job_id)
                if job_id not in machine.sent and taken is not None:
                    self._until(machine, self.play.now + GRACE)
                    machine.sent[job_id] = Sent(
                        job, machine.end.mask, taken.source, taken.pool_job.pool_job_id
                    )

    # -- shares ----------------------------------------------------------------------------------

    @precondition(lambda self: any(each.sent for each in self._connected()))
    @rule(data=st.data(), count=st.integers(1, 3), ntime=st.sampled_from([0, 0, 1, 5]))
    def shares_are_found(self, data: st.DataObject, count: int, ntime: int) -> None:
        machine = data.draw(st.sampled_from([each for each in self._connected() if each.sent]))
        assert machine.end is not None
        job_id = data.draw(st.sampled_from(list(machine.sent)))
        sent, end = machine.sent[job_id], machine.end
        mask = sent.mask & end.mask
        for _ in range(count):
            bits = data.draw(st.sampled_from([None, 0, mask, mask & 0x00C00000])) if mask else None
            end.jobs[job_id] = sent.job
            before, end.mask = end.mask, mask
            params = end.share(job=job_id, ntime=ntime, bits=bits, worker=machine.name)
            end.mask = before
            version = sent.job.version
            if bits is not None:
                version = (version & ~mask) | bits
            header = sent.job.header(
                bytes.fromhex(params[2]), version, int(params[3], 16), int(params[4], 16)
            )
            machine.found.append(Found(params, sent, header))

    def _submit(self, machine: Machine, params: list[str]) -> bool:
        """Whether a share counts, and what for; pools say true to all that they are sent."""
        assert machine.end is not None
        self.play.step(f'{machine.end.name} >> 9 mining.submit "$share"', share=params)
        for end in self._sessions():
            for request_id in list(end.session.pending):
                self.play.step(f"{end.name} >> {request_id} result true")
        verdict = next(each for each in machine.end.heard if '"id":9' in each)
        self.play.skip()
        self._look()
        return '"result":true' in verdict

    def _work(self) -> float:
        return self.play.snapshot().work

    @precondition(lambda self: any(each.found for each in self._connected()))
    @rule(data=st.data())
    def one_is_submitted(self, data: st.DataObject) -> None:
        machine = data.draw(st.sampled_from([each for each in self._connected() if each.found]))
        found = data.draw(st.sampled_from(machine.found))
        taken = not found.sent.ended and self.play.now < found.sent.until - 1.5
        before = self._work()
        counts = self._submit(machine, found.params)
        hash_of_it = sha256d(found.header)
        if counts:
            assert hash_of_it not in self.counted, "a header counts once"
            worth = self._work() - before
            assert abs(worth - found.sent.job.difficulty) < 1e-13, "what was asked, and no more"
            self.counted.add(hash_of_it)
        else:
            assert not taken or hash_of_it in self.counted, "an honest share is refused"
            assert self._work() == before
        found.submitted = True

    @precondition(lambda self: any(each.found for each in self._connected()))
    @rule(data=st.data(), as_it_is=st.booleans())
    def one_is_submitted_as_something_else(self, data: st.DataObject, as_it_is: bool) -> None:
        """Under another id, or as another miner's: if it counts, it is another header."""
        machine = data.draw(st.sampled_from([each for each in self._connected() if each.found]))
        found = data.draw(st.sampled_from(machine.found))
        ids = [job_id for each in self.machines for job_id in each.sent]
        job_id = found.params[1] if as_it_is else data.draw(st.sampled_from(ids))
        other = data.draw(st.sampled_from(self._connected()))
        if other is machine and job_id == found.params[1]:
            return
        before = self._work()
        if self._submit(other, [other.name, job_id, *found.params[2:]]):
            # A range of numbers is what is known to have gone out to it. One that another miner of
            # the group was sent may lie within: it counts as its own would, once.
            own = other.sent.get(job_id)
            job = own.job if own is not None else self._as_sent_to(other, job_id)
            header = job.header(
                bytes.fromhex(found.params[2]),
                int.from_bytes(found.header[:4], "little"),
                int(found.params[3], 16),
                int(found.params[4], 16),
            )
            assert sha256d(header) not in self.counted
            assert self._work() - before <= max(DIFFICULTIES) + 1e-13
            if own is not None:
                assert self._work() - before <= job.difficulty + 1e-13
            self.counted.add(sha256d(header))

    def _as_sent_to(self, other: Machine, job_id: str) -> MinerJob:
        assert other.end is not None
        ends = [each.end for each in self.machines if each.end is not None]
        params = next(end.params[job_id] for end in ends if job_id in end.params)
        return MinerJob(params, other.end.extranonce1, other.end.extranonce2_size, 1)


class Histories4(Histories):
    """Miners have 2 or 3 bytes of their own, by whether they roll versions."""

    size = 4


class Histories2(Histories):
    """Every miner has a session to itself."""

    size = 2


LENGTH = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestHistories = Histories.TestCase
TestHistories.settings = LENGTH
TestHistories4 = Histories4.TestCase
TestHistories4.settings = LENGTH
TestHistories2 = Histories2.TestCase
TestHistories2.settings = LENGTH
