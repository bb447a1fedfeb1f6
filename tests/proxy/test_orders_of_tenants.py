"""Orders for one tenant's workers: nobody else's are meant, nor told of."""

from typing import Any

import pytest

from stratumproxy.proxy.orders import Orders
from stratumproxy.telemetry.bans import MOST_OF_A_TENANT
from tests.proxy.playbook import Playbook, notify


class Hosted:
    """A proxy for two customers whose machines have the same names; ``10.1.0.1:1`` is acme's."""

    def __init__(self) -> None:
        tenants = [
            {
                "name": name,
                "addresses": [network],
                "target": [{"pools": [{"pool": "pool", "user": name}]}],
            }
            for name, network in (("acme", "10.1.0.0/16"), ("mole", "10.2.0.0/16"))
        ]
        self.play = Playbook("pool", tenant=tenants)
        for number, name in enumerate(list(self.play.peers)):
            self.play.opens(name, extranonce1=f"{number:08x}", job=notify(f"{number}"))
        self.play.skip()
        for peer in ("10.1.0.1:1", "10.2.0.1:1"):
            self.play.joins(peer, worker="rig")
        self.orders = Orders(self.play.proxy, lambda: self.play.now, "0-run")

    def __call__(self, action: str, **arguments: object) -> Any:
        answer = self.orders({"do": 1, "action": action, **arguments})
        self.play.aside("clock -- 1 s")
        return answer.get("result", answer.get("error"))

    @property
    def closed(self) -> list[str]:
        peers = ("10.1.0.1:1", "10.2.0.1:1")
        return [peer for peer in peers if self.play.miner(peer).closed is not None]


def test_hang_up_on_one_tenants_worker() -> None:
    order = Hosted()
    assert order("disconnect", worker="rig", tenant="acme") == {"miners": 1}
    assert order.closed == ["10.1.0.1:1"]
    assert order("disconnect", worker="rig", tenant="acme") == (
        "no miner of worker 'rig' is connected"
    )
    assert order("disconnect", worker="rig") == {"miners": 1}


def test_a_miner_of_anothers_is_as_none() -> None:
    order = Hosted()
    of_mole = order.play.miner("10.2.0.1:1").session.number
    said = order("disconnect", miner=f"0-run:{of_mole}", tenant="acme")
    assert said == f"no miner '0-run:{of_mole}' is connected"
    assert order.closed == []
    assert order("disconnect", miner=f"0-run:{of_mole}", tenant="mole") == {"miners": 1}
    assert order.closed == ["10.2.0.1:1"]


def test_a_difficulty_is_one_tenants() -> None:
    order = Hosted()
    done = order("difficulty", worker="rig", difficulty=1e-8, tenant="mole")
    assert done == {"worker": "rig", "miners": 1, "known": True}
    asked = [
        order.play.miner(peer).session.difficulty.wanted for peer in ("10.1.0.1:1", "10.2.0.1:1")
    ]
    assert asked[0] != asked[1] == 1e-8
    done = order("difficulty", worker="nobody", difficulty=1e-8, tenant="mole")
    assert done == {"worker": "nobody", "miners": 0, "known": False}


def test_a_ban_is_one_tenants_and_leaves_room_for_the_others() -> None:
    order = Hosted()
    banned = order("ban", worker="rig", seconds=1e6, tenant="acme")
    assert banned == {"worker": "rig", "miners": 1, "known": True}
    assert order.closed == ["10.1.0.1:1"]
    for number in range(MOST_OF_A_TENANT - 1):
        assert "miners" in order("ban", worker=f"w{number}", seconds=1e6, tenant="acme")
    full = "too many workers are banned already"
    assert order("ban", worker="one more", seconds=60, tenant="acme") == full
    assert "miners" in order("ban", worker="one more", seconds=60, tenant="mole")
    assert "miners" in order("ban", worker="one more", seconds=60)


@pytest.mark.parametrize("tenant", ["nobody", "", 5, ["acme"]])
def test_a_tenant_that_there_is_not(tenant: object) -> None:
    said = Hosted()("disconnect", worker="rig", tenant=tenant)
    assert said == f"no tenant is named {str(tenant)!r}"
