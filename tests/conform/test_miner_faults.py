"""The mutation check: each fault of the simulated miner is found, under its own id only."""

import typing

import pytest
import trio
import trio.testing

from stratumproxy.conform.catalogue import select
from stratumproxy.conform.miner_steps import MinerSteps
from stratumproxy.conform.miner_suite import run_miner_cases
from stratumproxy.conform.outcome import Terms
from stratumproxy.errors import PoolError
from stratumproxy.testing import STYLES, SimulatedMiner, converse
from stratumproxy.testing.serve import trio_clock
from stratumproxy.testing.styles import MinerFault
from tests.conform.conftest import failed, try_miner

FOUND_AS = {
    "breaks-at-carriage-return": {"SV1-MINER-FRAME-CRLF"},
    "breaks-at-pieces": {"SV1-MINER-FRAME-SPLIT"},
    "difficulty-ignored": {"SV1-MINER-DIFFICULTY-NEXT-JOB"},
    "extranonce2-short": {"SV1-MINER-SUBMIT-SIZES"},
    "ids-as-text": {"SV1-MINER-FRAME-ID-INTEGER"},
    "low-shares": {"SV1-MINER-SUBMIT-TARGET"},
    "mask-set-ignored": {"SV1-MINER-MASK-SET"},
    "needs-configure": {"SV1-MINER-CONFIGURE-REFUSED"},
    "ntime-ahead": {"SV1-MINER-SUBMIT-NTIME"},
    "reconnect-ignored": {"SV1-MINER-RECONNECT-ASKED"},
    "set-extranonce-ignored": {"SV1-MINER-EXTRANONCE-SET"},
    "shares-twice": {"SV1-MINER-SUBMIT-DUPLICATE"},
    "stale-shares": {"SV1-MINER-CLEAN"},
    "stays-away": {"SV1-MINER-RECONNECT-CUT"},
    "stops-at-reject-reason": {"SV1-MINER-ERROR-FALSE"},
    "stops-at-unknown-method": {"SV1-MINER-CONTROL-UNKNOWN"},
    "subscribes-twice": {"SV1-MINER-SUBSCRIBE-ONCE"},
    "version-outside-mask": {"SV1-MINER-SUBMIT-VERSION"},
    "version-unanswered": {"SV1-MINER-CONTROL-VERSION"},
}


@pytest.mark.parametrize("style", STYLES)
def test_a_good_miner_has_no_faults(style: str) -> None:
    results = try_miner(style)
    faults = failed(results) - ({"SV1-MINER-FRAME-ID-INTEGER"} if style == "bfgminer" else set())
    assert faults == set()
    why = {result.text for result in results.values() if result.status == "skipped"}
    assert why <= {"the miner does not ask for it", "the miner rolls no versions"}


def test_every_fault_is_looked_for() -> None:
    assert set(typing.get_args(MinerFault)) == set(FOUND_AS)


@pytest.mark.parametrize("fault", FOUND_AS)
def test_a_fault_is_found_under_its_id(fault: str) -> None:
    assert failed(try_miner("antminer", fault=fault)) == FOUND_AS[fault]


def test_a_miner_that_never_comes_is_not_measured() -> None:
    async def run() -> None:
        await run_miner_cases(select(["miner"]), trio.sleep_forever, Terms(timeout=60.0))

    with pytest.raises(PoolError, match="no miner connected in 60 s"):
        trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_share_that_was_never_answered_may_come_once_more() -> None:
    """As a proxy's do that takes its session up again: they were counted, and it can't know."""

    async def run() -> dict[str, str]:
        async with trio.open_nursery() as nursery:
            case = select(["miner"], ["SV1-MINER-RECONNECT-CUT"])[0]
            terms = Terms(timeout=60.0, difficulty=1e-8, now=trio_clock())
            steps = MinerSteps(case, trio.sleep_forever, terms, nursery)
            miner = SimulatedMiner("cgminer", "farm.1")
            share = None
            for _ in range(2):
                connection = steps.pool.connect()
                converse(miner, connection, miner.connect(), now=terms.now())
                share = share or miner.find(1_000_000)
                assert share is not None
                connection.receive(miner.submit(share), terms.now())
                connection.close()
            assert steps.pool.total.rejected == {"duplicate": 1}
        return steps.faults()

    assert trio.run(run) == {}
