"""Names that no share counted for, over the API."""

from stratumproxy.web.strangers import StrangersAnswer
from stratumproxy.web.summary import Summary
from tests.fleet.telling import NOW, Told, miner, work
from tests.web.asking import Web


async def test_a_machine_whose_shares_are_all_refused_is_told_with_its_reasons(
    web: Web, told: Told
) -> None:
    assert await web.read("/api/strangers", StrangersAnswer) == {"strangers": []}
    names = "wrong", "x"
    told.tell(miners=[miner(9, "wrong", address="10.0.0.9:1")], unproven=names)
    told.tell(
        work=[work("x", 0, stale=1), work("wrong", 0, low_difficulty=7)], unproven=names, after=5
    )
    first, second = (await web.read("/api/strangers", StrangersAnswer))["strangers"]
    assert first == {
        "name": "wrong",
        "address": "10.0.0.9:1",
        "agent": "cgminer/4",
        "since": NOW + 30,
        "last": NOW + 30,
        "accepted": 0,
        "rejected": 7,
        "reasons": {"low-difficulty": 7},
    }
    assert (second["name"], second["address"]) == ("x", "")
    summary = await web.read("/api/summary", Summary)
    assert (summary["strangers"], summary["workers"]) == (2, 3)
    await web.refused("/api/workers/wrong", 404)
