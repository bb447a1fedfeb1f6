from typing import Any

import orjson
import pytest

from stratumproxy.testing import STYLES

Requests = list[tuple[object, str, list[object]]]


@pytest.mark.parametrize("name", STYLES)
def test_every_style_mines(table: Any, name: str) -> None:
    at = table(name).start()
    assert at.miner.ready
    at.mine(20)
    assert (at.miner.counts.accepted, at.pool.total.accepted) == (20, 20)
    assert at.miner.counts.pending == 0
    assert not at.pool.violations


def said(at: Any) -> Requests:
    """Id, method and params of what the miner said."""
    messages = [orjson.loads(line[3:]) for line in at.transcript if line.startswith(">> ")]
    return [(each["id"], each["method"], each["params"]) for each in messages if "method" in each]


def test_cgminer_waits_for_each_reply(table: Any) -> None:
    at = table("cgminer").start()
    assert said(at) == [
        (1, "mining.configure", [["version-rolling"], {"version-rolling.mask": "ffffffff"}]),
        (2, "mining.subscribe", ["cgminer/4.11.1"]),
        (3, "mining.authorize", ["farm.1", "x"]),
    ]
    assert [line[:2] for line in at.transcript[:6]] == [">>", "<<"] * 3


def test_bitaxe_says_it_all_at_once(table: Any) -> None:
    at = table("bitaxe").start()
    assert [line[:2] for line in at.transcript[:6]] == [">>"] * 5 + ["<<"]
    assert [method.removeprefix("mining.") for _, method, _ in said(at)] == [
        "configure",
        "subscribe",
        "authorize",
        "suggest_difficulty",
        "extranonce.subscribe",
    ]


def test_bfgminer_has_names_for_ids_and_a_null_one(table: Any) -> None:
    at = table("bfgminer").start()
    assert [(request_id, method) for request_id, method, _ in said(at)] == [
        (None, "mining.suggest_target"),
        (1, "mining.subscribe"),
        ("auth", "mining.authorize"),
    ]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("cpuminer-vmask", {"version-rolling.min-bit-count": "2"}),
        ("whatsminer", {}),
        ("antminer", {"version-rolling.min-bit-count": 2}),
        ("braiins", {"version-rolling.min-bit-count": 16}),
    ],
)
def test_min_bit_count(table: Any, name: str, values: dict[str, object]) -> None:
    _, method, params = said(table(name).start())[0]
    assert method == "mining.configure"
    assert params == [["version-rolling"], {"version-rolling.mask": "1fffe000", **values}]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("whatsminer", ["whatsminer/v1.0", "b08cf00d1"]),
        ("braiins", ["Braiins OS 2019-06-05", None, "pool.example:3333", None]),
        ("nerdminer", ["NerdMinerV2/V1.8"]),
    ],
)
def test_subscribe(table: Any, name: str, params: list[object]) -> None:
    assert [p for _, method, p in said(table(name).start()) if method == "mining.subscribe"] == [
        params
    ]


def test_cpuminers_shares_all_have_id_4(table: Any) -> None:
    at = table("cpuminer").start()
    at.mine(3)
    assert [request_id for request_id, method, _ in said(at) if method == "mining.submit"] == [
        4,
        4,
        4,
    ]
    assert at.miner.counts.accepted == 3
