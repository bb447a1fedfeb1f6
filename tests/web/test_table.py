"""The table: all rows, and then only what changed."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stratumproxy.web.table import COLUMNS, Table
from tests.fleet.telling import Told, miner, work
from tests.web.asking import Web


def by_name(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row[1]: dict(zip(table["columns"], row, strict=True)) for row in table["rows"]}


async def test_at_first_all_rows(web: Web, told: Told) -> None:
    table = await web.read("/api/table", Table)
    assert table["all"] is True
    assert table["columns"] == COLUMNS
    assert table["revision"] == told.fleet.roll.revision
    row = by_name(table)["farm.b"]
    assert (row["pool"], row["accepted"], row["rejected"], row["connections"]) == (
        "pool",
        40,
        20,
        1,
    )
    assert row["attention"] == ["rejecting"]
    assert row["hashrate_1m"] == row["hashrate_24h"] > 0
    assert row["error_5m"] == round(40**-0.5, 4)
    assert by_name(table)["größe/c 100%.x"]["error_5m"] is None


async def test_then_those_that_changed(web: Web, told: Told) -> None:
    revision = (await web.read("/api/table", Table))["revision"]
    nothing = await web.read(f"/api/table?since={revision}", Table)
    assert (nothing["all"], nothing["rows"], nothing["revision"]) == (False, [], revision)
    told.works(work("farm.a"))
    table = await web.read(f"/api/table?since={revision}", Table)
    assert list(by_name(table)) == ["farm.a"]
    assert table["revision"] > revision


async def test_rows_that_are_gone_are_named() -> None:
    told = Told(retention=60.0)
    told.works(work("silent"))
    web = Web(told)
    revision = (await web.read("/api/table", Table))["revision"]
    told.passes(62)
    table = await web.read(f"/api/table?since={revision}", Table)
    assert table["gone"] == [["default", "silent"]]
    assert (table["all"], table["rows"]) == (False, [])


async def test_a_revision_of_another_process_gets_all_rows(web: Web) -> None:
    for since in (1, 2**53):
        assert (await web.read(f"/api/table?since={since}", Table))["all"] is True
    await web.refused("/api/table?since=-1", 422)


async def test_it_is_gzipped_when_asked_for() -> None:
    told = Told()
    told.works(*(work(f"rig {number}") for number in range(200)))
    web = Web(told)
    answer = await web.get("/api/table", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["rows"]) == 200
    plain = await web.get("/api/table", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("work"), st.integers(0, 5)),
        st.tuples(st.just("miner"), st.integers(0, 5)),
        st.tuples(st.just("left"), st.integers(0, 5)),
        st.tuples(st.just("time"), st.integers(1, 400)),
        st.tuples(st.just("ask"), st.just(0)),
    ),
    max_size=25,
)


@given(steps=STEPS)
async def test_a_copy_kept_by_changes_is_the_table(steps: list[tuple[str, int]]) -> None:
    told = Told(limit=4, retention=300.0)
    web = Web(told)
    copy: dict[str, Any] = {}
    revision = 0
    for step, number in [*steps, ("ask", 0)]:
        if step == "work":
            told.works(work(f"rig {number}"))
        elif step == "miner":
            told.miners(miner(number, f"rig {number}"))
        elif step == "left":
            told.miners(miner(number, f"rig {number}", open=False))
        elif step == "time":
            told.passes(number)
        else:
            table = (await web.get(f"/api/table?since={revision}")).json()
            if table["all"]:
                copy.clear()
            for _, name in table["gone"]:
                copy.pop(name, None)
            copy.update(by_name(table))
            revision = table["revision"]
    whole = by_name((await web.get("/api/table")).json())
    assert copy.keys() == whole.keys()
    steady = ("accepted", "rejected", "connections", "last_share", "attention", "address", "agent")
    for name, row in whole.items():
        assert {key: copy[name][key] for key in steady} == {key: row[key] for key in steady}
