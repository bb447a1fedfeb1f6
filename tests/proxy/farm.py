"""Simulated pools and miners on a proxy without I/O: everybody judges what the other does."""

from typing import Any

from stratumproxy.testing import PoolConnection, PoolSettings, SimulatedMiner, SimulatedPool
from tests.proxy.peers import MinerEnd, PoolEnd
from tests.proxy.playbook import Playbook

UNIX = 1_700_000_000
"""What the proxy's clock has to be ahead by to be Unix time."""


class Farm(Playbook):
    """A playbook whose peers are simulated ones: strict miners, and pools that verify every share.

    Args:
        pools: by name; their knobs.
        settings: as a playbook's.
    """

    def __init__(self, pools: dict[str, PoolSettings], **settings: Any) -> None:
        self.simulated = {name: SimulatedPool(each) for name, each in pools.items()}
        self.down: set[str] = set()
        """Pools that can't be reached."""
        self.connections: dict[str, PoolConnection] = {}
        self.machines: dict[str, SimulatedMiner] = {}
        super().__init__(*pools, **settings)

    def start(self, *styles: str) -> None:
        """Connect the pools, and a miner of each style."""
        self.talk()
        for number, style in enumerate(styles):
            name = f"{style}-{number}"
            self.machines[name] = SimulatedMiner(style, name, seed=number, strict=True)
            self.connect_miner(name)
        self.talk()

    def connect_miner(self, name: str) -> None:
        """A miner connects, or again."""
        self.peers.pop(name, None)
        self.miner(name).says(self.machines[name].connect())

    def mine(self, hashes: int) -> None:
        """Everybody tries so many hashes, and whatever follows from that."""
        for name, machine in self.machines.items():
            if self.peers[name].closed is None:
                shares = machine.mine(hashes, self.now)
                if shares:
                    self.miner(name).says(shares)
        self.talk()

    def cut(self, pool: str, settings: PoolSettings | None = None) -> None:
        """A pool is cut, for good; with settings it is back at once as another one."""
        if settings is None:
            self.down.add(pool)
        self.simulated[pool].restart(settings)
        for name, end in list(self.peers.items()):
            if isinstance(end, PoolEnd) and name.split(".")[0] == pool and end.closed is None:
                end.lose("cut")
                self.connections.pop(name)
                if settings is not None:
                    end.connect()
        self.talk()

    def talk(self) -> None:
        """Carry bytes to and fro until nobody has more to say."""
        busy = True
        while busy:
            busy = False
            self._settle()
            for name, end in list(self.peers.items()):
                if end.closed is not None:
                    if name in self.machines:
                        self.machines[name].disconnected()
                    continue
                heard = "".join(end.heard).encode()
                end.heard.clear()
                answer = b""
                if isinstance(end, PoolEnd) and name.split(".")[0] in self.down:
                    end.lose("cut")
                elif isinstance(end, PoolEnd):
                    answer = self._pool_hears(name, heard)
                elif isinstance(end, MinerEnd) and heard:
                    answer = self.machines[name].receive(heard, self.now)
                if answer:
                    end.says(answer)  # type: ignore[attr-defined]
                busy = busy or bool(heard or answer)

    def _pool_hears(self, name: str, data: bytes) -> bytes:
        if name not in self.connections:
            self.connections[name] = self.simulated[name.split(".")[0]].connect()
        return self.connections[name].receive(data, UNIX + self.now)

    def new_job(self, pool: str, *, clean: bool) -> None:
        """The pool has a new job."""
        self.simulated[pool].new_job(UNIX + self.now, clean=clean)
        self.talk()

    def check(self) -> None:
        """The books of all sides agree, and nobody did what it must not."""
        for machine in self.machines.values():
            assert not machine.violations
        snapshot = self.snapshot()
        for pool, told in zip(self.simulated.values(), snapshot.pools, strict=True):
            assert not pool.violations
            assert told.accepted == pool.total.accepted
            assert told.rejected == pool.total.rejected.total()
        accepted = sum(machine.counts.accepted for machine in self.machines.values())
        assert accepted == snapshot.accepted
        rejected = sum(machine.counts.rejected.total() for machine in self.machines.values())
        assert rejected == sum(snapshot.rejected.values())
