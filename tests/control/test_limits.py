"""A tenant's limit over several processes, and over the end of any of them."""

import pytest

from stratumproxy.control.limits import MOST_AT_ONCE, SharedLimits
from stratumproxy.proxy.orders import Orders
from stratumproxy.proxy.report import Report
from tests.proxy.playbook import Playbook, notify

LIMIT = 3


class Process:
    """A process that serves acme's miners, of whom there may be so many, and mole's."""

    def __init__(self, run: str) -> None:
        self.run = run
        tenants = [
            {
                "name": name,
                "workers": [f"{name}.*"],
                "max_miners": most,
                "target": [{"pools": [{"pool": "pool", "user": name}]}],
            }
            for name, most in (("acme", LIMIT), ("mole", None))
        ]
        self.play = Playbook("pool", tenant=tenants)
        for number, name in enumerate(list(self.play.peers)):
            self.play.opens(name, extranonce1=f"{number:08x}", job=notify(f"{number}", room=12))
        self.play.skip()
        self.orders = Orders(self.play.proxy, lambda: self.play.now)
        self.report = Report(self.play.proxy)

    def takes_in(self, name: str) -> bool:
        """Whether a miner of that name may mine."""
        self.play.aside(f"{name} >> 1 mining.subscribe []")
        self.play.aside(f'{name} >> 2 mining.authorize ["{name}"]')
        return self.play.miner(name).session.worker is not None

    def leaves(self, name: str) -> None:
        self.play.aside(f"{name} -- hangs up")


class Site:
    """Two of them, and a control process."""

    def __init__(self) -> None:
        self.processes = [Process("first-0"), Process("first-1")]
        self.deaf = False
        self.told: list[tuple[int, dict[str, int]]] = []
        self.start_control()

    def start_control(self) -> None:
        self.limits = SharedLimits(range(2), self._tell)

    def second(self, *numbers: int) -> None:
        """One passes; these processes tell how they stand, or both."""
        for number in numbers or (0, 1):
            process = self.processes[number]
            snapshot = process.report.snapshot(process.play.now)
            self.limits.shown(number, process.run, snapshot.limited)
        self.limits.look()

    def _tell(self, process: int, miners: dict[str, int]) -> bool:
        if not self.deaf:
            self.told.append((process, miners))
            order = {"do": "elsewhere", "action": "elsewhere", "miners": miners}
            assert self.processes[process].orders(order) == {"result": {}}
        return not self.deaf


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_limit_is_of_all_processes_together(site: Site) -> None:
    one, other = site.processes
    assert one.takes_in("acme.1")
    assert one.takes_in("acme.2")
    assert other.takes_in("acme.3")
    site.second()
    assert not other.takes_in("acme.4")
    assert not one.takes_in("acme.5")
    assert other.takes_in("mole.1")
    one.leaves("acme.1")
    site.second()
    assert other.takes_in("acme.6")


def test_only_what_changed_is_told(site: Site) -> None:
    site.second()
    assert site.told == [], "nobody has any"
    site.processes[0].takes_in("acme.1")
    site.processes[0].takes_in("mole.1")
    for _ in range(3):
        site.second()
    assert site.told == [(1, {"acme": 1})]
    site.processes[0].leaves("acme.1")
    site.second()
    assert site.told[1:] == [(1, {"acme": 0})]


def test_a_process_that_starts_again_is_told_anew(site: Site) -> None:
    for name in ("acme.1", "acme.2", "acme.3"):
        assert site.processes[0].takes_in(name)
    site.second()
    site.limits.ended("first-1")
    site.processes[1] = Process("next-1")
    site.second(0)
    site.second()
    assert not site.processes[1].takes_in("acme.4")


def test_who_was_with_a_process_that_ended_counts_no_more(site: Site) -> None:
    for name in ("acme.1", "acme.2", "acme.3"):
        assert site.processes[0].takes_in(name)
    site.second()
    assert not site.processes[1].takes_in("acme.4")
    site.limits.ended("first-0")
    site.second(1)
    assert site.processes[1].takes_in("acme.5")


def test_another_control_process_says_nothing_until_it_knows_all(site: Site) -> None:
    for name in ("acme.1", "acme.2", "acme.3"):
        assert site.processes[0].takes_in(name)
    site.second()
    site.start_control()
    site.second(1)
    assert not site.processes[1].takes_in("acme.4"), "it goes by what it was told before"
    site.second()
    assert not site.processes[1].takes_in("acme.5")


def test_who_reads_nothing_is_told_later(site: Site) -> None:
    site.processes[0].takes_in("acme.1")
    site.deaf = True
    site.second()
    site.deaf = False
    site.second()
    site.second()
    assert site.told == [(1, {"acme": 1})]


def test_a_limit_that_is_new_is_told_to_who_knows_of_it() -> None:
    """A reload comes to one process after the other."""
    told: list[tuple[int, dict[str, int]]] = []

    def tell(process: int, miners: dict[str, int]) -> bool:
        told.append((process, miners))
        return True

    limits = SharedLimits(range(2), tell)
    limits.shown(0, "a", {"acme": 5})
    limits.shown(1, "b", {})
    limits.look()
    assert told == []
    for here in ({"acme": 2}, {}, {"acme": 2}):
        limits.shown(1, "b", here)
        limits.look()
    assert told == [
        (0, {"acme": 2}),
        (1, {"acme": 5}),
        (0, {"acme": 0}),
        (0, {"acme": 2}),
        (1, {"acme": 5}),
    ]


def test_many_tenants_come_in_several_messages() -> None:
    sizes: list[int] = []
    limits = SharedLimits(range(2), lambda process, miners: not sizes.append(len(miners)))
    many = {f"{number:064}": 1 for number in range(2 * MOST_AT_ONCE)}
    limits.shown(0, "a", many)
    limits.shown(1, "b", dict.fromkeys(many, 0))
    limits.look()
    assert sizes == [MOST_AT_ONCE, MOST_AT_ONCE]


@pytest.mark.parametrize("miners", [None, 5, {"acme": "1"}, {"acme": -1}, {"acme": True}])
def test_what_others_have_may_be_nonsense(site: Site, miners: object) -> None:
    order = {"do": 1, "action": "elsewhere", "miners": miners}
    said = site.processes[0].orders(order)
    assert said == {"error": "miners must be a count for each tenant"}
    assert site.processes[0].orders({**order, "miners": {"nobody": 5}}) == {"result": {}}
