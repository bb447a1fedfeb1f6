"""Bans over several processes, and over the end of any of them."""

from collections.abc import Sequence

import pytest

from stratumproxy.control.bans import BANNED, SharedBans
from stratumproxy.fleet import Fleet
from stratumproxy.proxy.orders import Orders
from stratumproxy.telemetry.bans import Ban, decode_bans, encode_bans
from stratumproxy.telemetry.channel import HELLO, Lines
from stratumproxy.telemetry.outbox import Outbox
from stratumproxy.telemetry.records import Batch
from tests.proxy.playbook import UNIX, Playbook

NOW = 1000.0
LIMITS = {"message_burst": 100, "ban_seconds": 600}


class Process:
    """A process that serves miners."""

    def __init__(self, number: int, run: str) -> None:
        self.run = run
        self.outbox = Outbox(run, number)
        self.play = Playbook(limits=LIMITS, outbox=self.outbox)
        self.play.opens()
        self.orders = Orders(self.play.proxy, lambda: self.play.now)
        self.lines = Lines()

    def floods(self, name: str) -> None:
        """A miner comes under that name, and is dropped for what it does."""
        self.play.peers.pop(name, None)
        miner = self.play.joins(name)
        for _ in range(2):
            miner.says(b'{"id":1,"method":"mining.ping"}\n' * 101)
        assert miner.closed == "it sends more than limits.messages_per_second"

    def refuses(self, name: str) -> bool:
        """Whether a miner of that name is turned away."""
        self.play.peers.pop(f"{name}:9", None)
        probe = self.play.miner(f"{name}:9")
        probe.says(b'{"id":1,"method":"mining.authorize","params":["%b","x"]}\n' % name.encode())
        refused = probe.closed is not None
        if not refused:
            self.play.aside(f"{name}:9 -- hangs up")
        return refused

    def obey(self, bans: Sequence[Ban]) -> None:
        for rows in encode_bans(bans):
            assert self.orders({"do": 1, "action": "bans", "bans": rows}) == {"result": {}}
        self.play._settle()


class Site:
    """Two of them, and a control process."""

    def __init__(self) -> None:
        self.processes = [Process(0, "first-0"), Process(1, "first-1")]
        self.recorded: list[tuple[str, dict[str, object]]] = []
        self.start_control()

    def start_control(self) -> None:
        self.fleet = Fleet(NOW)
        self.shared = SharedBans(
            self.fleet, lambda: NOW, tell=self._tell, give=self._give, record=self._record
        )
        for process in self.processes:
            process.outbox.receive(HELLO)
        self.hear()

    def restart(self, number: int) -> Process:
        self.fleet.ended(self.processes[number].run, NOW)
        process = self.processes[number] = Process(number, f"next-{number}")
        self.hear()
        return process

    def hear(self) -> None:
        """What all of them have to say, and what is said to them for it."""
        for number, process in enumerate(self.processes):
            self.shared.met(number, process.run)
            play = process.play
            play.aside("clock -- 1 s")
            assert play.recorder is not None
            proxy, now = play.proxy, play.now
            play.recorder.tick(proxy.workers, proxy.miners, proxy.misbehaviour, now, now + UNIX)
            while data := process.outbox.take():
                for message in process.lines.cut(data):
                    if "seq" in message:
                        self.fleet.apply(Batch.decode(message), NOW)
                    elif "offence" in message:
                        (ban,) = decode_bans([message["offence"]])
                        self.shared.offence(number, *ban)
                    elif "bans" in message:
                        self.shared.heard(decode_bans(message["bans"]))

    def _tell(self, bans: Sequence[Ban], number: int | None) -> None:
        for each, process in enumerate(self.processes):
            if number in (None, each):
                process.obey(bans)

    async def _give(self, arguments: dict[str, object]) -> dict[str, object]:
        for process in self.processes:
            process.orders({"do": 1, "action": "ban", **arguments})
        return {}

    def _record(self, level: str, event: str, **values: object) -> None:
        self.recorded.append((event, values))


@pytest.fixture
def site() -> Site:
    return Site()


def test_who_comes_back_to_another_process_did_it_before(site: Site) -> None:
    one, other = site.processes
    one.floods("a")
    site.hear()
    assert not one.refuses("a")
    assert not other.refuses("a")
    other.floods("a")
    site.hear()
    assert one.refuses("a")
    assert other.refuses("a")
    ((event, values),) = site.recorded
    assert (event, values["worker"]) == (BANNED, "a")


def test_a_name_that_is_open_on_another_process_is_not_banned(site: Site) -> None:
    one, other = site.processes
    other.play.joins("a")
    site.hear()
    for _ in range(3):
        one.floods("a")
        site.hear()
    assert not one.refuses("a")
    assert site.recorded == []
    other.play.aside("a -- hangs up")
    site.hear()
    one.floods("a")
    site.hear()
    assert one.refuses("a")


def test_who_is_back_before_the_ban_is_known_has_to_go(site: Site) -> None:
    one, other = site.processes
    for process in (one, other):
        process.floods("a")
    other.play.peers.pop("a")
    miner = other.play.joins("a")
    bystander = other.play.joins("b")
    for number in (0, 1):
        site.shared.offence(number, "a", "a", 600, True, "default")
    other.play.aside("clock -- 1 s")
    assert miner.closed == ("its worker is banned from this address for invalid shares or floods")
    assert bystander.closed is None


def test_a_process_that_starts_anew_knows_all_bans(site: Site) -> None:
    one, _ = site.processes
    for _ in range(2):
        one.floods("a")
        site.hear()
    one.floods("b")
    site.hear()
    next_one = site.restart(0)
    assert next_one.refuses("a")
    next_one.floods("b")
    site.hear()
    assert next_one.refuses("b"), "its second offence"


def test_a_control_process_that_starts_anew_is_told_them(site: Site) -> None:
    one, _ = site.processes
    for _ in range(2):
        one.floods("a")
        site.hear()
    one.floods("b")
    site.hear()
    site.start_control()
    assert site.restart(1).refuses("a")
    site.processes[1].floods("b")
    site.hear()
    assert one.refuses("b")


async def test_an_operators_ban_holds_for_a_process_that_starts_later(site: Site) -> None:
    await site.shared.ban({"worker": "a", "seconds": 60}, "operator")
    assert site.processes[0].refuses("a")
    assert site.restart(0).refuses("a")
    site.start_control()
    assert site.restart(1).refuses("a")
