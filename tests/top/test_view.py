"""How `top` looks, at given moments."""

import io

import pytest
from rich.console import Console

from stratumproxy.top.state import State
from stratumproxy.top.view import page
from tests.top.stand_in import figures, pool, split, summary, worker


def shown(
    state: State, width: int = 80, height: int | None = 24, *, encoding: str = "utf-8"
) -> list[str]:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(file=out, width=width, height=height or 24, color_system=None)
    ascii_only = console.options.ascii_only
    console.print(page(state, "http://127.0.0.1:8080", width, height, ascii_only=ascii_only))
    out.seek(0)
    lines = out.read().splitlines()
    assert max(map(len, lines)) <= width
    if height is not None:
        assert len(lines) <= max(height, 4)
    return lines


def busy(matched: int = 17_595) -> State:
    state = State(matched=matched)
    state.summary = summary(
        attention={"gone": 3, "slow": 0, "rejecting": 1, "reconnecting": 0},
        pools=[pool(), pool("us", "waiting", round_trip=None, detail="connection refused")],
    )
    state.needy = {"gone": ["farm.3", "farm.9"], "rejecting": ["farm.5"]}
    workers = [worker(f"farm.{number:05}") for number in range(60)]
    workers[2]["attention"] = ["gone"]
    state.took({"workers": workers, "matched": matched, "offset": 0})
    return state


def test_a_page_fits_a_plain_terminal_and_fills_it() -> None:
    lines = shown(busy())
    text = "\n".join(lines)
    assert len(lines) == 24
    assert "stratumproxy top" in lines[0]
    assert "up 2h" in lines[0]
    assert lines[1].split()[:8] == ["1m", "1.23", "EH/s", "±10%", "5m", "1.23", "EH/s", "±10%"]
    for part in ("39 mining of 40", "41 workers", "rejected 107 (0.087%)"):
        assert part in lines[2]
    assert "stale 100, duplicate 7" in lines[3]
    assert "dropped: idle 2" in lines[3]
    assert lines[4].startswith("mined on   eu  miners 3")
    assert lines[5].startswith("waiting    us")
    assert "gone 3  farm.3, farm.9, and 1 more" in lines[6]
    assert "rejecting 1  farm.5" in lines[7]
    assert lines[8].split()[0] == "Worker"
    assert "farm.00000" in lines[9]
    assert "gone" in lines[11]
    assert "of 17,595 by -hashrate" in lines[-1]
    assert "q quit" in lines[-1]
    assert "slow" not in text


def test_what_is_not_as_usual_comes_first() -> None:
    state = busy()
    state.summary["conditions"] = [
        condition("no pool is ready", "critical", why="eu is waiting: \x1b[2Jhung up"),
        condition("records can't be kept", subject="ledger", why="the disk is full"),
        condition("an operator's order of pools holds", "notice", subject="us"),
    ]
    lines = shown(state)
    assert lines[1] == "no pool is ready for 5m: eu is waiting: \N{REPLACEMENT CHARACTER}[2Jhung up"
    assert lines[2] == "records can't be kept (ledger) for 5m: the disk is full"
    assert lines[3] == "an operator's order of pools holds (us) for 5m"
    assert "39 mining of 40" in lines[5]
    state.detail, state.worker = "farm.00002", {**state.workers[2], "miners": []}
    assert shown(state)[1:4] == lines[1:4]


def condition(text: str, severity: str = "warning", **values: str) -> dict[str, object]:
    since = 1_700_000_000.0 - 300
    return {"text": text, "severity": severity, "since": since, "subject": "", "why": "", **values}


def test_it_says_how_many_workers_there_is_room_for() -> None:
    state = busy()
    for height in (10, 24, 60):
        shown(state, height=height)
        assert height - 11 <= state.rows <= height - 3


@pytest.mark.parametrize("width", [20, 40, 60, 79, 80, 100, 132, 200])
@pytest.mark.parametrize("height", [1, 4, 8, 12, 24, 50])
def test_any_size(width: int, height: int) -> None:
    shown(busy(), width, height)
    state = busy()
    state.detail, state.worker = "farm.00002", {**state.workers[2], "miners": []}
    shown(state, width, height)


def test_wide_terminals_show_more() -> None:
    assert "Pool" not in shown(busy(), 80)[8]
    wide = shown(busy(), 160)
    for title in ("1h", "Difficulty", "Conn", "Pool", "Agent"):
        assert title in wide[8]
    assert "cgminer/4.12" in wide[9]


def test_ascii() -> None:
    text = "\n".join(shown(busy(), encoding="ascii"))
    assert "+-10%" in text
    assert text.isascii()


def test_names_do_not_reach_the_terminal_as_they_are() -> None:
    state = busy()
    state.workers[0] = worker("\x1b[31mred[bold]\r\n", agent="\x07")
    state.needy["gone"] = ["\x1b]0;title\x07"]
    state.search = "\x1b"
    text = "".join(shown(state, 160))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]" in text  # nor is it markup


def test_before_anything_is_known() -> None:
    lines = shown(State())
    assert "0-0 of 0" in lines[-1]


def test_trouble_is_told_beside_what_is_old() -> None:
    state = busy()
    state.troubles["workers"] = "http://127.0.0.1:8080 answered 503: \x1bno"
    lines = shown(state)
    assert lines[-1] == "trying again: http://127.0.0.1:8080 answered 503: �no"
    assert "EH/s" in lines[1]
    state.detail = "farm.1"
    assert "answered 503" in shown(state)[-1]


def test_typing() -> None:
    state = busy()
    state.typing, state.search = True, "hall"
    assert shown(state)[-1].startswith("/hall_")


def test_filters_are_named() -> None:
    state = busy()
    state.search, state.attention = "hall", "gone"
    assert "/hall  only gone" in shown(state, 120)[-1]
    state.attention = "any"
    assert "only those that need a person" in shown(state, 120)[-1]


def test_many_pools() -> None:
    state = busy()
    state.summary["pools"] = [pool(f"p{number}") for number in range(9)] + [pool("old", "")]
    text = "\n".join(shown(state))
    assert "and 5 pools more" in text
    assert "old" not in text


def test_records_that_were_lost_are_told() -> None:
    state = busy()
    state.summary["lost_records"] = 1234
    assert "records lost: 1,234" in shown(state, 120)[3]


def test_one_page_for_a_script() -> None:
    state = State(rows=30)
    state.summary = summary()
    workers = [worker(f"farm.{number}") for number in range(30)]
    state.took({"workers": workers, "matched": 100, "offset": 0})
    lines = shown(state, 160, None)
    assert "farm.29" in lines[-1]
    assert "quit" not in "\n".join(lines)


def test_a_worker() -> None:
    state = busy()
    state.detail = "farm.1"
    assert "farm.1" in shown(state)[2]
    miner = {
        "id": "0-a:1",
        "worker": "farm.1",
        "address": "10.0.0.7:4028",
        "agent": "bmminer",
        "difficulty": 65536.0,
        "since": 1_699_999_000.0,
        "pool": "eu",
    }
    slow = worker("farm.1", attention=["slow"], of_usual=0.6667, missing=36.7e12)
    state.worker = {**slow, "miners": [miner]}
    state.history = [0.0, 1.0, 2.0, 4.0]
    text = "\n".join(shown(state))
    for part in (
        "farm.1  on eu",
        "slow: did less than 75% of the usual",
        "24h    100 TH/s  ±10%",
        "100 shares in 5m",
        "usual    110 TH/s  by 336 working hours  now 67% of it  missing 36.7 TH/s",
        "▁▃▅█",
        "accepted 995, rejected 5 (0.5%)  stale 4, duplicate 1",
        "difficulty 262k, best 4.00G, last share 5s ago",
        "connections 1, connects 2, known for 3h",
        "10.0.0.7:4028  bmminer  difficulty 65.5k  for 17m  eu",
        "Esc back",
    ):
        assert part in text, part


def test_what_is_missing_is_said_in_sum_and_by_machine() -> None:
    state = busy()
    assert "missing" not in "\n".join(shown(state, 160))
    state.summary["missing"], state.summary["of_usual"] = 1.3e15, 0.9871
    state.workers[0]["missing"] = 36.7e12
    state.workers[0]["of_usual"], state.workers[1]["of_usual"] = 0.667, None
    lines = shown(state, 160)
    assert lines[0].endswith("up 2h  missing 1.30 PH/s, 99% of usual")
    assert "Of usual" in lines[8]
    assert "67%" in lines[9]
    assert "36.7 TH/s" in lines[9]
    assert "91%" not in lines[10]
    assert "91%" in lines[11]


def test_names_without_an_accepted_share_are_counted() -> None:
    state = busy()
    assert "without" not in "\n".join(shown(state, 160))
    state.summary["strangers"] = 3
    assert "3 names without an accepted share" in shown(state, 160)[2]


def test_what_is_not_known_yet_is_a_dash() -> None:
    state = busy()
    state.summary["hashrate"]["1m"] = {"rate": None, "window": 4.0, "shares": 3, "error": None}
    assert shown(state)[1].split()[:3] == ["1m", "-", "5m"]


def test_a_worker_that_never_mined() -> None:
    state = busy()
    state.detail = "new"
    fresh = worker("new", last_share=None, usual=None, pool="", hashrate=figures(0.0, 0))
    state.worker = {**fresh, "miners": []}
    text = "\n".join(shown(state))
    assert "no share yet" in text
    assert "on no pool" in text
    assert "usual" not in text


def test_whose_a_worker_is_where_there_are_several_tenants() -> None:
    state = busy()
    state.workers[0]["tenant"] = "acme\x1b[31m"
    assert "Tenant" not in shown(state, 100)[8]
    state.tenants = ["acme", "default"]
    lines = shown(state, 140)
    assert "Tenant" in lines[8]
    assert "acme" in lines[9]
    assert "\x1b" not in lines[9]
    assert "t tenant" in lines[-1]
    assert "Tenant" not in shown(state, 60)[8]
    state.tenant = "acme"
    assert "  of acme  " in shown(state, 140)[-1]
    state.detail, state.whose, state.worker = "farm", "acme", {**state.workers[1], "miners": []}
    assert "farm.00001  of default  on eu as farm" in "\n".join(shown(state))


def test_how_each_target_of_a_split_stands() -> None:
    state = busy()
    state.splits = [
        split(),
        split("away\x1b[2J", ready=False, part=0.3, debt_seconds=-400.0, credited_part=None),
        split("zulus", tenant="zulu"),
    ]
    first, second, _ = shown(state, 110)[6:9]
    assert first == (
        "split      main  promised 70.00%  had 69.98%  credited 71.23%  lacks 12s, 2s in reach"
        "  miners 1,200"
    )
    assert second.startswith("no pool    away\N{REPLACEMENT CHARACTER}[2J  promised 30.00%")
    assert "credited -  7m too much" in second
    state.tenants = ["acme", "zulu"]
    state.tenant = "zulu"
    lines = shown(state, 110)
    assert lines[6].startswith("split      zulu zulus")
    assert lines[7].startswith("gone")
    state.splits, state.tenant = [split(str(number)) for number in range(9)], ""
    assert "and 3 targets more" in "\n".join(shown(state, 110))
