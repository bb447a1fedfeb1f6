"""Shares on their way: the books balance, whatever pools and miners do."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from stratumproxy.mining.submission import Submission
from tests.proxy.playbook import POOL_EASY, Playbook, notify


def test_what_is_remembered() -> None:
    share: Any = Submission(None, None, b'"x"', 5, 7.5, 3.0, None)
    assert (share.reply_to, share.difficulty, share.met, share.sent) == (b'"x"', 5, 7.5, 3.0)
    assert not hasattr(share, "__dict__"), "there may be thousands of them"


class Books(RuleBasedStateMachine):
    """Miners submit what the pool has to judge; the pool judges, forgets, is lost, comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.play = Playbook(
            pool={"miners_per_session": 2, "reply_timeout_seconds": 10},
            limits={"resume_seconds": 5},
        )
        self.play.opens()
        self.miners = 0
        self.jobs = 1
        self.sent = 0

    def pools(self) -> list[str]:
        return [name for name in self.play.peers if name.startswith("pool")]

    @rule()
    def a_miner_comes(self) -> None:
        self.miners += 1
        name = f"m{self.miners}"
        self.play.joins(name)
        for pool in self.pools():
            end = self.play.pool(pool)
            if end.closed is None and not end.session.ready:
                self.play.opens(pool)
        self.play.skip()

    @precondition(lambda self: self.open_miners())
    @rule(data=st.data())
    def a_miner_leaves(self, data: st.DataObject) -> None:
        self.play.aside(f"{data.draw(st.sampled_from(self.open_miners()))} -- hangs up")

    @rule(count=st.integers(1, 3))
    def shares(self, count: int) -> None:
        for name in self.open_miners():
            miner = self.play.miner(name)
            for _ in range(count if miner.jobs else 0):
                self.sent += 1
                share = miner.share(meets=POOL_EASY)
                self.play.aside(f'{name} >> {self.sent} mining.submit "$s"', s=share)

    def judging(self) -> list[str]:
        return [name for name in self.pools() if self.play.pool(name).session.pending]

    @precondition(lambda self: self.judging())
    @rule(data=st.data(), verdict=st.sampled_from(["result true", "result false", 'error "no"']))
    def a_verdict(self, data: st.DataObject, verdict: str) -> None:
        pool = data.draw(st.sampled_from(self.judging()))
        pending = self.play.pool(pool).session.pending
        self.play.aside(f"{pool} >> {data.draw(st.sampled_from(sorted(pending)))} {verdict}")

    @rule(data=st.data(), clean=st.booleans())
    def a_job(self, data: st.DataObject, clean: bool) -> None:
        pool = data.draw(st.sampled_from(self.pools()))
        if self.play.pool(pool).closed is None:
            self.jobs += 1
            params = notify(f"{self.jobs}", clean=clean, height=800_000 + self.jobs * clean)
            self.play.aside(f'{pool} >> mining.notify "$n"', n=params)

    @rule(data=st.data())
    def a_pool_is_lost(self, data: st.DataObject) -> None:
        self.play.aside(f"{data.draw(st.sampled_from(self.pools()))} -- hangs up")

    @rule(data=st.data())
    def a_pool_is_back(self, data: st.DataObject) -> None:
        pool = data.draw(st.sampled_from(self.pools()))
        if self.play.pool(pool).closed == "hung up":
            self.play.aside(f"{pool} -- connects")
            self.play.opens(pool)
            self.play.skip()

    @rule(seconds=st.sampled_from([1, 7, 20]))
    def time_passes(self, seconds: int) -> None:
        self.play.aside(f"clock -- {seconds} s")

    def open_miners(self) -> list[str]:
        return [n for n, peer in self.play.peers.items() if n[0] == "m" and peer.closed is None]

    @invariant()
    def the_books_balance(self) -> None:
        play, snapshot = self.play, self.play.snapshot()
        (pool,) = snapshot.pools
        assert snapshot.forwarded == pool.accepted + pool.rejected + pool.pending + pool.lost
        assert play.proxy.pending == pool.pending
        assert snapshot.accepted == pool.accepted
        rejected = snapshot.rejected
        assert rejected.get("pool", 0) == pool.rejected
        assert rejected.get("lost", 0) + rejected.get("timed-out", 0) == pool.lost
        groups = play.proxy.router.groups
        assert sum(group.members for group in groups) == len(play.proxy.miners)
        assert all(group.members <= 2 for group in groups)
        for miner in play.proxy.miners:
            assert miner.route in groups
            assert miner.prefix is not None

    def teardown(self) -> None:
        for name in list(self.play.peers):
            self.play.aside(f"{name} -- hangs up")
        self.play.aside("clock -- 20 s")
        assert self.play.proxy.pending == 0
        assert not self.play.proxy.jobs
        assert not self.play.proxy.miners


Books.TestCase.settings = settings(max_examples=40, stateful_step_count=40)
TestBooks = Books.TestCase
