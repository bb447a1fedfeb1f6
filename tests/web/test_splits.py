"""/api/splits: what each target of a split was promised, got, was credited, and is owed."""

from dataclasses import replace

import pytest

from stratumproxy.fleet.hashrate import HASHES_PER_DIFFICULTY
from stratumproxy.telemetry.splits import SplitSnapshot
from stratumproxy.web.splits import SplitsAnswer
from tests.fleet.telling import NOW, Told, share, snapshot
from tests.telemetry.test_splits import ONE
from tests.web.asking import Web

OTHER = replace(
    ONE, target="other", part=0.3, wanted=300.0, delivered=320.0, debt=-15.0, forgiven=-5.0
)


def told(*splits: SplitSnapshot, process: int = 0) -> Told:
    told = Told()
    told.fleet.snapshot(process, f"run-{process + 1}", snapshot(splits=splits), told.now)
    return told


def credit(told: Told, target: str, *verdicts: str, after: float = 0.0) -> None:
    found = [share(verdict=each)._replace(tenant="acme", target=target) for each in verdicts]
    told.tell(after=after, shares=found)


async def test_what_was_promised_and_what_came_of_it() -> None:
    here = told(ONE, OTHER)
    credit(here, "main", "accepted", "accepted", "rejected", "accepted", "lost")
    credit(here, "other", "accepted", after=60)
    main, other = (await Web(here).read("/api/splits", SplitsAnswer))["splits"]
    assert (main["tenant"], main["target"], main["part"], main["age"]) == ("acme", "main", 0.7, 100)
    assert (main["wanted"], main["delivered"], main["delivered_part"]) == (700, 680, 0.68)
    assert (main["debt"], main["debt_seconds"], main["reach_seconds"]) == (15, 0.75, 6)
    assert other["debt_seconds"] == -0.75
    assert main["wanted"] == main["delivered"] + main["debt"] + main["forgiven"]
    assert (main["credited"], main["credited_part"]) == (3 * 65536, 0.75)
    assert (other["credited"], other["credited_since"]) == (65536, NOW)
    assert main["hashrate"] == pytest.approx(7 * HASHES_PER_DIFFICULTY, rel=1e-6)
    assert (main["miners"], main["ready"]) == (3, True)


async def test_several_processes_are_one_split() -> None:
    here = told(ONE, OTHER)
    here.fleet.snapshot(1, "run-2", snapshot(splits=(ONE, OTHER)), here.now)
    main, other = (await Web(here).read("/api/splits", SplitsAnswer))["splits"]
    assert (main["debt"], other["delivered"], main["delivered_part"]) == (30, 640, 0.68)
    here.fleet.ended("run-2", here.now)
    assert (await Web(here).read("/api/splits", SplitsAnswer))["splits"][0]["debt"] == 15


async def test_other_parts_are_another_promise_and_what_was_credited_begins_anew() -> None:
    here = told(ONE, OTHER)
    credit(here, "main", "accepted", "accepted")
    here.now += 60
    half = [replace(each, part=0.5, delivered=0.0, age=1.0) for each in (ONE, OTHER)]
    here.fleet.snapshot(0, "run-1", snapshot(splits=tuple(half)), here.now)
    main, other = (await Web(here).read("/api/splits", SplitsAnswer))["splits"]
    assert (main["credited"], main["credited_part"], main["delivered_part"]) == (0, None, None)
    assert main["credited_since"] == here.now
    credit(here, "other", "accepted", after=60)
    main, other = (await Web(here).read("/api/splits", SplitsAnswer))["splits"]
    assert (main["credited_part"], other["credited_part"]) == (0, 1)


async def test_nobody_has_any_before_something_is_told_nor_without_several_targets() -> None:
    assert await Web(Told()).read("/api/splits", SplitsAnswer) == {"splits": []}
    assert await Web(told()).read("/api/splits", SplitsAnswer) == {"splits": []}


async def test_one_tenant_of_all() -> None:
    web = Web(told(ONE, OTHER, replace(ONE, tenant="beta")))
    found = (await web.read("/api/splits?tenant=beta", SplitsAnswer))["splits"]
    assert [each["tenant"] for each in found] == ["beta"]
    assert found[0]["delivered_part"] == 1
    assert await web.read("/api/splits?tenant=none", SplitsAnswer) == {"splits": []}
