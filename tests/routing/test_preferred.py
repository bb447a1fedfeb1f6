"""An operator's order of pools for one tenant, or one of its targets: others go on as they are."""

from typing import Any

from stratumproxy.proxy.orders import Orders
from tests.routing.test_tenants import account, hosted

ACME: dict[str, Any] = {
    "name": "acme",
    "workers": ["acme.*"],
    "target": [
        {"pools": [{"pool": "pool", "user": "acme"}, {"pool": "second", "user": "acme2"}]},
    ],
}
MOLE: dict[str, Any] = {
    "name": "mole",
    "workers": ["mole.*"],
    "target": [{"pools": [{"pool": "pool", "user": "mole"}, {"pool": "second", "user": "mole2"}]}],
}


class Ordered:
    """A miner of each."""

    def __init__(self) -> None:
        self.play = hosted(ACME, MOLE)
        self.play.joins("acme.1")
        self.play.joins("mole.1")
        self._orders = Orders(self.play.proxy, lambda: self.play.now)

    def __call__(self, pool: str, **whose: object) -> Any:
        order = {"do": 1, "action": "switch-pool", "pool": pool, **whose}
        answer = self._orders(order)
        self.play.aside("clock -- 1 s")
        return answer.get("result", answer.get("error"))

    @property
    def users(self) -> list[str]:
        return [account(self.play, name)[1] for name in ("acme.1", "mole.1")]

    @property
    def told(self) -> dict[str, str]:
        return {each.tenant: each.preferred for each in self.play.snapshot().targets}


def test_one_tenant_mines_on_another_pool_and_back() -> None:
    order = Ordered()
    assert order("second", tenant="acme") == {"pool": "second", "miners": 1, "ready": True}
    assert order.users == ["acme2", "mole"]
    assert order.told == {"acme": "second", "mole": "", "default": ""}
    order.play.aside("clock -- 1000 s")
    assert order.users == ["acme2", "mole"], "until told otherwise"
    assert order("", tenant="acme", target="") == {"pool": "", "miners": 1, "ready": True}
    assert order.users == ["acme", "mole"]


def test_its_own_goes_before_the_one_for_all() -> None:
    order = Ordered()
    order("pool", tenant="acme")
    assert order("second")["miners"] == 1
    assert order.users == ["acme", "mole2"]
    order("", tenant="acme")
    assert order.users == ["acme2", "mole2"], "then that for all holds for it, too"
    order("")
    assert order.users == ["acme", "mole"]


def test_it_outlives_a_reload() -> None:
    order = Ordered()
    order("second", tenant="acme")
    order.play.reconfigure("pool", "second", tenant=[ACME, MOLE], unknown_workers="refuse")
    order.play.aside("clock -- 100 s")
    assert order.users == ["acme2", "mole"]


def test_what_is_wrong_is_said() -> None:
    order = Ordered()
    assert order("second", tenant="nobody") == "no tenant is named 'nobody'"
    assert order("second", tenant="acme", target="x") == "'acme' has no target 'x'"
    assert order("second", target="x") == "say whose target it is: tenant is missing"
    narrow = {**ACME, "target": [{"pools": [{"pool": "pool", "user": "acme"}]}]}
    order.play.reconfigure("pool", "second", tenant=[narrow, MOLE])
    order.play.aside("clock -- 100 s")
    assert order("second", tenant="acme") == "they don't mine on 'second', but on pool"
    assert order("second", tenant="acme", again=True)["miners"] == 0, "it was told before"
