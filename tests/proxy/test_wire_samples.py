"""Every line of vectors/wire_samples.json, answered or understood as the rules say."""

import json
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.upstream.v1 import USER_AGENT
from tests.proxy.playbook import POOL_EASY, Playbook

SAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "wire_samples.json").read_text()
)


def named(direction: str) -> list[Any]:
    """Samples with ids that say who sends what; two that look alike get a number."""
    params, seen = [], dict[str, int]()
    for sample in SAMPLES:
        if sample["dir"] != direction:
            continue
        message = json.loads(sample["line"])
        what = message.get("method") or "reply"
        name = f"{sample['who'].split(' (')[0]}: {what}"
        seen[name] = seen.get(name, 0) + 1
        params.append(
            pytest.param(sample["line"], id=name if seen[name] == 1 else f"{name} {seen[name]}")
        )
    return params


def reply_to(line: str) -> str | None:
    """What a miner that has said nothing before is answered; None for nothing."""
    message = json.loads(line)
    request_id = json.dumps(message["id"])
    options = message["params"][1] if len(message["params"]) > 1 else None
    match message["method"]:
        case _ if message["id"] is None:
            return None  # a request without an id gets no reply
        case "pong":
            return None  # an answer in the form of a request
        case "mining.subscribe":
            return f'{request_id} result [["*", ["mining.notify", "$sid"]], "$slot", 4]'
        case "mining.submit":
            return f'{request_id} error [25, "Not subscribed", null]'
        case "mining.get_transactions":
            return f"{request_id} result []"
        case "mining.ping":
            return f'{request_id} result "pong"'
        case "mining.configure":
            result: dict[str, object] = dict.fromkeys(message["params"][0], True)
            assert int(options["version-rolling.mask"], 16) & 0x1FFFE000 == 0x1FFFE000
            result["version-rolling.mask"] = "1fffe000"
            return f"{request_id} result {json.dumps(result)}"
        case _:
            return f"{request_id} result true"


@pytest.mark.parametrize("line", named("c2s"))
def test_a_miners_line_as_its_first(line: str) -> None:
    play = Playbook()
    play.opens()
    expected = reply_to(line)
    play(f"a >> {line}\n" + (f"a << {expected}" if expected else ""))
    assert play.miner("a").closed is None


@pytest.mark.parametrize("line", [each for each in named("c2s") if "mining.submit" in each.id])
def test_a_miners_share_for_a_job_we_never_had(line: str) -> None:
    play = Playbook()
    play.opens()
    play.joins("a")
    worker = json.loads(line)["params"][0]
    request_id = json.dumps(json.loads(line)["id"])
    play(
        f"""
        a >> "auth" mining.authorize ["{worker}", "x"]
        a << "auth" result true
        a >> {line}
        a << {request_id} error [21, "Job not found (stale)", null]
        """
    )


@pytest.mark.parametrize("line", named("s2c"))
def test_a_pools_line_while_it_is_mined_on(line: str) -> None:
    """Ids are put where the line finds a request of ours; nothing but a refused account ends it."""
    play = Playbook()
    play.opens()
    message = json.loads(line)
    pool = play.pool()
    match message:
        case {"method": "mining.set_difficulty", "params": [difficulty]}:
            play(f"pool >> {line}")
            assert pool.session.difficulty == difficulty
        case {"method": "mining.set_extranonce", "params": [extranonce1, size]}:
            play(f"pool >> {line}")
            assert pool.session.extranonce1.hex() == extranonce1
            assert pool.session.extranonce2_size == size
        case {"method": "mining.set_version_mask", "params": [mask]}:
            play(f"pool >> {line}")
            assert f"{pool.session.version_mask:08x}" == mask
        case {"method": "client.reconnect", "params": params}:
            play(f"pool >> {line}")
            event: Any = pool.events[-1]
            assert [event.host, event.port, event.wait] == (params or ["", 0, 0])
        case {"method": "client.show_message", "params": [text]}:
            play(f"pool >> {line}")
            assert play.notices[-1] == ("pool says", {"pool": "pool", "text": text})
        case {"method": "mining.ping"}:
            play(f'pool >> {line}\npool << 7 result "pong"')
        case {"method": "client.get_version"}:
            play(f'pool >> {line}\npool << 8 result "$agent"', agent=USER_AGENT)
        case {"result": [subscriptions, extranonce1, size]}:
            play.aside("pool -- hangs up\npool -- connects")
            play(f"pool >> {json.dumps(message | {'id': 2})}")
            assert pool.session.extranonce1.hex() == extranonce1
            assert pool.session.extranonce2_size == size
            assert [subscriptions[-1]] == [["mining.notify", pool.session.session_id]]
        case {"error": [0, reason, _]}:  # the id is that of our authorize, by chance or not
            play(f"pool >> {line}")
            play(f'pool -- closed: the pool refused to authorize "farm": {reason}')
        case {"id": None}:
            play(f"pool >> {line}")
        case _:
            refused(play, message)


def refused(play: Playbook, message: dict[str, Any]) -> None:
    """The line as the verdict on a share: its reason reaches the miner."""
    share = play.joins("a").share(meets=POOL_EASY)
    play(
        f"""
        a >> 1 mining.submit "$share"
        pool << 16 mining.submit ["..."]
        pool >> {json.dumps(message | {"id": 16})}
        a << 1 error ["$code", "$text", null]
        """,
        share=share,
    )
    error = message["error"]
    if isinstance(error, dict):
        error = [error["code"], error["message"]]
    expected = error[:2] if error else [20, message["reject-reason"]]
    assert [play.values["code"], play.values["text"]] == expected
