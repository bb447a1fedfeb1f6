"""Real vectors, and a connection that is mining."""

import json
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.testing import (
    PoolConnection,
    PoolSettings,
    SimulatedMiner,
    SimulatedPool,
    Style,
    converse,
)

VECTORS = Path(__file__).parents[1] / "vectors"
NOW = 1_700_000_000.0


class Table:
    """A pool, a miner on it, and what they said so far."""

    def __init__(
        self,
        style: Style | str = "cgminer",
        settings: PoolSettings | None = None,
        *,
        strict: bool = True,
    ) -> None:
        self.now = NOW
        self.pool = SimulatedPool(settings or PoolSettings(difficulty=1e-8))
        self.miner = SimulatedMiner(style, "farm.1", seed=1, strict=strict)
        self.connection: PoolConnection = self.pool.connect()
        self.transcript: list[str] = []

    def talk(self, to_pool: bytes = b"") -> list[str]:
        said = converse(self.miner, self.connection, to_pool, now=self.now)
        self.transcript += said
        return said

    def start(self) -> "Table":
        self.talk(self.miner.connect())
        return self

    def mine(self, count: int = 1) -> list[str]:
        """Mine until so many shares were found, and hand them in."""
        return self.talk(b"".join(self.miner.submit(self.share()) for _ in range(count)))

    def share(self, **changes: Any) -> Any:
        share = self.miner.find(1_000_000, self.now, **changes)
        assert share is not None
        return share


@pytest.fixture
def table() -> type[Table]:
    return Table


@pytest.fixture(scope="session")
def vectors() -> list[dict[str, Any]]:
    """Captured shares, and real blocks taken apart into shares, in one form."""
    shares: list[dict[str, Any]] = json.loads((VECTORS / "stratum_shares.json").read_text())
    blocks = json.loads((VECTORS / "blocks.json").read_text())
    return [*shares, *({"expect": block, **block["derived_stratum"]} for block in blocks)]
