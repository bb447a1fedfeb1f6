"""Every kernel under one fixture, and the vectors as cases that any of them can check."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from stratumproxy.shares import _choose, _reference
from stratumproxy.shares.difficulty import target_of_nbits
from stratumproxy.shares.verdict import Verdict

# The machine may be busy: no test here fails for taking its time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

VECTORS = Path(__file__).parents[1] / "vectors"

NATIVE = _choose.load_native()[0]


@pytest.fixture(scope="module", params=_choose.available(NATIVE))
def shares(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The share check on one kernel: `_native` with it in use, or `_reference`."""
    module = _reference if NATIVE is None or request.param == "reference" else NATIVE
    before = module.kernel()
    module.use_kernel(request.param)
    yield module
    module.use_kernel(before)


@pytest.fixture(scope="module", params=NATIVE.kernels() if NATIVE else ())
def native(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The C share check on one kernel."""
    assert NATIVE is not None
    before = NATIVE.kernel()
    NATIVE.use_kernel(request.param)
    yield NATIVE
    NATIVE.use_kernel(before)


@dataclass(frozen=True)
class Case:
    """One share of the vectors: what `Work` and `Work.check` take, and what must come out."""

    name: str
    coinb1: bytes
    coinb2: bytes
    branches: tuple[bytes, ...]
    version: int
    prevhash: bytes
    nbits: int
    ntime: int
    extranonce1: bytes  # the miner's
    submit: tuple[bytes, int, int, int | None]  # extranonce2, ntime, nonce, version bits
    version_mask: int
    target: int  # that the share must meet
    header: bytes
    hash: bytes  # internal order

    @property
    def extranonce_size(self) -> int:
        return len(self.extranonce1) + len(self.submit[0])

    @property
    def value(self) -> int:
        return int.from_bytes(self.hash, "little")

    @property
    def is_block(self) -> bool:
        return self.value <= target_of_nbits(self.nbits)

    def work(self, module: ModuleType, pool_target: int = 0, seen: Any = None) -> Any:
        return module.Work(
            coinb1=self.coinb1,
            coinb2=self.coinb2,
            branches=self.branches,
            version=self.version,
            prevhash=self.prevhash,
            nbits=self.nbits,
            ntime=self.ntime,
            extranonce_size=self.extranonce_size,
            pool_target=pool_target.to_bytes(32, "little"),
            seen=module.Seen() if seen is None else seen,
        )

    def check(self, work: Any, target: int | None = None) -> tuple[Verdict, float, bytes]:
        verdict, difficulty, hash = work.check(
            self.extranonce1,
            *self.submit,
            self.version_mask,
            (self.target if target is None else target).to_bytes(32, "little"),
        )
        return Verdict(verdict), difficulty, hash

    def behind_a_proxy(self) -> "Case":
        """The same share where extranonce1 is the pool's: part of coinb1, and no slot."""
        return replace(
            self, name=f"{self.name}-pool", coinb1=self.coinb1 + self.extranonce1, extranonce1=b""
        )

    def with_slot(self) -> "Case":
        """The same share where the first byte of its extranonce2 is the miner's slot."""
        extranonce2, ntime, nonce, bits = self.submit
        return replace(
            self,
            name=f"{self.name}-slot",
            coinb1=self.coinb1 + self.extranonce1,
            extranonce1=extranonce2[:1],
            submit=(extranonce2[1:], ntime, nonce, bits),
        )


def case_of(name: str, entry: dict[str, Any], header: str, hash: str, target: str) -> Case:
    notify, submit = entry["notify_params"], entry["submit_params"]
    _job_id, prevhash, coinb1, coinb2, branches, version, nbits, ntime, _clean = notify
    extranonce2, at, nonce, *bits = submit[2:]
    assert len(extranonce2) == 2 * entry["extranonce2_size"]
    words = bytes.fromhex(prevhash)
    return Case(
        name=name,
        coinb1=bytes.fromhex(coinb1),
        coinb2=bytes.fromhex(coinb2),
        branches=tuple(bytes.fromhex(branch) for branch in branches),
        version=int(version, 16),
        prevhash=b"".join(words[i : i + 4][::-1] for i in range(0, 32, 4)),
        nbits=int(nbits, 16),
        ntime=int(ntime, 16),
        extranonce1=bytes.fromhex(entry["extranonce1"]),
        submit=(
            bytes.fromhex(extranonce2),
            int(at, 16),
            int(nonce, 16),
            int(bits[0], 16) if bits else None,
        ),
        version_mask=int(entry["version_mask"] or "0", 16),
        target=int(target, 16),
        header=bytes.fromhex(header),
        hash=bytes.fromhex(hash)[::-1],
    )


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


CASES = [
    *(
        case_of(
            f"{block['chain']}-{block['height']}",
            block["derived_stratum"],
            block["header"],
            block["hash"],
            block["network_target"],
        )
        for block in load("blocks.json")
    ),
    *(
        case_of(
            share["name"],
            share,
            share["expect"]["header"],
            share["expect"]["hash"],
            share["expect"]["target"],
        )
        for share in load("stratum_shares.json")
    ),
]
ALL_CASES = [form for case in CASES for form in (case, case.behind_a_proxy(), case.with_slot())]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", ALL_CASES, ids=[case.name for case in ALL_CASES])


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    return ALL_CASES
