"""What only a proxy has to do: one check a case, with a pool behind it and miners in front."""

from collections.abc import Callable

import trio

from stratumproxy.conform.catalogue import Case
from stratumproxy.conform.conversation import Conversation, refusal
from stratumproxy.conform.outcome import Fault, Terms
from stratumproxy.conform.pool_steps import Connect, PoolSteps
from stratumproxy.testing.pool import SimulatedPool

TRIES = 200
"""Shares that miss the pool's difficulty before one is expected to reach it."""


class ProxyChecks:
    """The checks of one case.

    Args:
        pool: the one behind, which the proxy is connected to.
        connect: opens a connection to the proxy, as a miner.
        terms: how to go about it.
        nursery: where connections are heard.
    """

    def __init__(
        self, pool: SimulatedPool, connect: Connect, terms: Terms, nursery: trio.Nursery
    ) -> None:
        self._pool = pool
        self._connect = connect
        self._terms = terms
        self._nursery = nursery
        self._miners: list[PoolSteps] = []

    @property
    def transcript(self) -> tuple[str, ...]:
        """What its miners said and heard."""
        return tuple(line for miner in self._miners for line in miner.transcript)

    async def run(self, case: Case) -> None:
        """Take the case's steps.

        Raises:
            Fault: a rule is broken.
        """
        for step in case.steps:
            await getattr(self, f"_{step['check']}")()

    async def _miner(self) -> PoolSteps:
        """A miner that has a job."""
        case = Case("", "pool", "", "must", "", "", steps=(_HANDSHAKE,))
        miner = PoolSteps(case, self._connect, self._terms, self._nursery)
        self._miners.append(miner)
        await miner.run()
        return miner

    async def _until(self, holds: Callable[[], bool]) -> bool:
        """Whether the pool behind comes to see something in time."""
        changed = trio.Event()

        def notice() -> None:
            changed.set()

        self._pool.watchers.add(notice)
        try:
            with trio.move_on_after(self._terms.timeout):
                while not holds():
                    changed = trio.Event()
                    await changed.wait()
            return holds()
        finally:
            self._pool.watchers.discard(notice)

    async def _share(self, miner: PoolSteps) -> dict[str, object]:
        """Submit shares until one is the pool's business; the reply to that one."""
        for _ in range(TRIES):
            before = self._pool.total.submitted
            reply = await miner.submitted({"difficulty": self._pool.settings.difficulty})
            if self._pool.total.submitted > before:
                return reply
        raise Fault(f"none of {TRIES} shares got to the pool")

    async def _forwards(self) -> None:
        before = self._pool.total.accepted
        await self._share(await self._miner())
        if not await self._until(lambda: self._pool.total.accepted > before):
            raise Fault(f"the pool refused it: {dict(self._pool.total.rejected)}")

    async def _disjoint(self) -> None:
        one, other = (await self._miner()).at, (await self._miner()).at
        if _coinbase(one) == _coinbase(other):
            raise Fault("two miners have the same coinbase for the same extranonce2")

    async def _difficulty(self) -> None:
        asked, pools = (await self._miner()).at.difficulty, self._pool.settings.difficulty
        if asked > pools * (1 + 1e-9):
            raise Fault(f"the pool asks for {pools:g}, and the miner is asked for {asked:g}")

    async def _mask(self) -> None:
        mask = (await self._miner()).at.mask
        allowed = max((each.version_mask for each in self._pool.connections), default=0)
        if mask & ~allowed:
            raise Fault(f"the pool allows {allowed:08x}, and the miner may roll {mask:08x}")

    async def _clean(self) -> None:
        at = (await self._miner()).at
        before = at.job
        self._pool.new_job(self._terms.now(), clean=True)

        def came() -> bool | None:
            return True if at.job is not before and at.job is not None and at.job.clean else None

        if not await at.until(came, self._terms.timeout):
            raise Fault(f"no clean job in {self._terms.timeout:g} s")

    async def _verdict(self) -> None:
        miner = await self._miner()
        self._pool.settings.reject_every = 1
        try:
            reply = await self._share(miner)
        finally:
            self._pool.settings.reject_every = 0
        if refusal(reply) is None:
            raise Fault(f"the pool refused it, and the miner was told {reply!r:.120}")

    async def _pool_back(self) -> None:
        connected = self._pool.connected
        self._pool.restart()
        if not await self._until(lambda: self._pool.connected > connected and self._has_job()):
            raise Fault(f"the proxy did not come back to the pool in {self._terms.timeout:g} s")
        await self._forwards()

    def _has_job(self) -> bool:
        return any(each.ready for each in self._pool.connections)


_HANDSHAKE = {"handshake": ["configure", "subscribe", "authorize"]}


def _coinbase(at: Conversation) -> bytes:
    """A header of its job for an extranonce2 of zeros: of another coinbase it is another."""
    assert at.job is not None
    return at.job.header(bytes(at.job.extranonce2_size), 0, 0)
