"""A hall that is lost and comes back, as the log and the record tell of it."""

from collections.abc import Iterator, Sequence
from itertools import count
from random import Random
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from stratumproxy.control.control import Control
from stratumproxy.fleet import Fleet
from stratumproxy.fleet.watch import Watch
from stratumproxy.telemetry.clock import Clock
from stratumproxy.telemetry.records import Batch, MinerRecord, WorkRecord
from tests.control.sinks import Memory

NOON = 1_800_014_400.0
"""2027-01-15T12:00:00Z"""

SITE = [f"farm.h{n // 900:02}-r{n // 15 % 60:02}-u{n % 15:02}" for n in range(17_595)]


class Site:
    """Machines on one process of the data plane, and the control process that is told of them."""

    def __init__(self, machines: Sequence[str]) -> None:
        began = trio.current_time()
        clock = Clock(lambda: NOON - began + trio.current_time(), trio.current_time)
        self.fleet = Fleet(clock.now())
        self.sink = Memory()
        self.control = Control("run", [], fleet=self.fleet, sinks={"sink": self.sink}, clock=clock)
        self.clock = clock
        self.machines = machines
        self._seq = count(1)
        self.connect(machines)
        self.mine(machines)

    def _tell(self, **records: Any) -> None:
        batch = Batch("run", 0, next(self._seq), self.clock.unix(), **records)
        self.fleet.apply(batch, self.clock.now())

    def mine(self, machines: Sequence[str]) -> None:
        self._tell(work=[WorkRecord(name, "pool", 2, 2048.0, {}, 0.0, 1024.0) for name in machines])

    def connect(self, machines: Sequence[str], is_open: bool = True) -> None:
        reason = "" if is_open else "broken"
        known = {name: number for number, name in enumerate(self.machines)}
        for start in range(0, len(machines), 1000):
            self._tell(
                miners=[
                    MinerRecord(
                        known[name], name, "10.0.0.1:1", "", 1024.0, NOON, "pool", is_open, reason
                    )
                    for name in machines[start : start + 1000]
                ]
            )

    def disconnect(self, machines: Sequence[str]) -> None:
        self.connect(machines, is_open=False)


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as logs:
        yield logs


@pytest.fixture(autouse=True)
def _nothing_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that these machines are on tells no snapshots, which is not as usual."""
    monkeypatch.setattr(Watch, "turns", lambda *_: [])


async def looks(site: Site, seconds: int) -> None:
    with trio.move_on_after(seconds + 0.5):
        await site.control._look()


@pytest.mark.parametrize("goodbye", [True, False], ids=["reset", "silent"])
async def test_a_power_cut_of_a_whole_site_is_one_event_and_its_return_another(
    goodbye: bool, autojump_clock: MockClock, logs: list[Any]
) -> None:
    site, dice = Site(SITE), Random(1)
    for _ in range(10):  # the last share of each was some time before it
        await looks(site, 1)
        site.mine(dice.sample(SITE, 3000))
    if goodbye:
        site.disconnect(SITE)
    else:
        await trio.sleep(570)
    await looks(site, 90)
    site.connect(SITE)
    for _ in range(5):
        await looks(site, 2)
        site.mine(dice.sample(SITE, 3000))
    site.mine(SITE)
    await looks(site, 30)
    told = [log for log in logs if log["log_level"] != "debug"]
    assert [(log["event"], log["log_level"]) for log in told] == [
        ("machines are lost", "warning"),
        ("machines are back", "info"),
    ]
    assert [(log["machines"], log["names"], log["alike"]) for log in told] == [
        (17_595, "farm.h*", 17_595)
    ] * 2
    assert told[0]["began"].startswith("2027-01-15T12:00:15Z" if goodbye else "2027-01-15T12:1")
    assert len(logs) == len(told)
    assert [entry.record.event for entry in site.fleet.journal.events] == [
        "machines are back",
        "machines are lost",
    ]


async def test_a_single_machine_is_a_line_for_those_who_debug(
    autojump_clock: MockClock, logs: list[Any]
) -> None:
    site = Site(SITE[:100])
    await looks(site, 1)
    site.disconnect(SITE[:1])
    await looks(site, 20)
    site.connect(SITE[:1])
    await looks(site, 20)
    assert logs == [
        {"event": "a machine is lost", "log_level": "debug", "worker": SITE[0]},
        {"event": "a machine is back", "log_level": "debug", "worker": SITE[0]},
    ]
    assert site.fleet.journal.events == []


async def test_those_that_were_gone_before_this_process_are_not_lost_again(
    autojump_clock: MockClock, logs: list[Any]
) -> None:
    """A control process that starts hears of a hall that was switched off yesterday."""
    site = Site(SITE[:100])
    await looks(site, 1)
    yesterday = site.clock.now() - 86_000
    for name in SITE[100:200]:
        worker = site.fleet._worker(("default", name), site.clock.now(), yesterday, None)
        worker.last_share = yesterday
    await looks(site, 60)
    assert site.fleet.attention["gone"] == 100
    assert logs == []
