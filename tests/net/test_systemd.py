"""What systemd is told, on a real datagram socket, and the sockets it passes on."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stratumproxy.errors import StratumProxyError
from stratumproxy.net.systemd import Service, inherited_sockets, match_listeners, status_line
from stratumproxy.telemetry.snapshot import PoolSnapshot, Snapshot
from tests.short import short

CONFIGS = Path(__file__).parents[2] / "configs"
ME = 4711
"""Our process id, as far as these tests go."""


class Listener:
    """systemd's end."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("\0" + address[1:] if address.startswith("@") else address)
        self.sock.setblocking(False)

    def heard(self) -> list[str]:
        said = []
        while True:
            try:
                said.append(self.sock.recv(4096).decode())
            except BlockingIOError:
                return said


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    if request.param == "abstract" and sys.platform != "linux":
        pytest.skip("abstract names are Linux's")
    abstract = f"@stratumproxy-test-{os.getpid()}"
    listener = Listener(str(tmp_path / "notify") if request.param == "path" else abstract)
    with closing(listener.sock):
        yield listener


def test_what_it_is_told_from_start_to_stop(listener: Listener) -> None:
    environ = {"NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "90000000", "HOME": "/"}
    service = Service.from_environment(environ, ME)
    assert environ == {"HOME": "/"}, "none of it is for the processes"
    assert service.watchdog == 90
    with closing(service):
        service.ready()
        service.status("1 miner")
        service.status("1 miner")
        service.status("2\nminers")
        service.alive()
        service.stopping()
    assert listener.heard() == [
        "READY=1",
        "STATUS=1 miner",
        "STATUS=2 miners",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_a_reload_says_when_it_began(listener: Listener) -> None:
    with closing(Service(listener.address)) as service:
        service.reloading()
        service.reloaded()
        assert listener.heard() == [], "it is not ready for the first time yet"
        service.ready()
        before = time.monotonic_ns() // 1000
        service.reloading()
        service.reloaded()
        after = time.monotonic_ns() // 1000
    _, reloading, ready = listener.heard()
    first, _, microseconds = reloading.partition("\nMONOTONIC_USEC=")
    assert (first, ready) == ("RELOADING=1", "READY=1")
    assert before <= int(microseconds) <= after


def test_nobody_listens(tmp_path: Path) -> None:
    with closing(Service(str(tmp_path / "nothing"))) as service:
        service.ready()
    with closing(Service()) as service:
        service.ready()


def test_who_does_not_read_is_not_waited_for(listener: Listener) -> None:
    with closing(Service(listener.address)) as service:
        for _ in range(10_000):
            service.alive()
    assert listener.heard()


@pytest.mark.parametrize(
    ("environ", "watchdog"),
    [
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(ME)}, 1),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
        ({}, 0),
    ],
)
def test_the_watchdog(environ: dict[str, str], watchdog: float) -> None:
    assert Service.from_environment(environ, ME).watchdog == watchdog
    assert environ == {}


def test_the_status() -> None:
    pool = PoolSnapshot("eu.pool", "", "ready", 1, 1200, 1.0, 8, 0, 0, 0, 0, 0)
    idle = PoolSnapshot("us.pool", "", "waiting", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    mining = Snapshot(1.0, 1200, 1200, 1.32e17, 0, 0.0, 0, pools=(pool, idle))
    assert status_line(mining) == "1200 miners, 132 PH/s, mining on eu.pool"
    dark = Snapshot(1.0, 0, 0, 0.0, 0, 0.0, 0, pools=(idle,))
    assert status_line(dark) == "0 miners, 0 H/s, no pool is ready"


# -- sockets -------------------------------------------------------------------------------------


def listening(host: str = "127.0.0.1") -> socket.socket:
    return socket.create_server((host, 0))


def test_nothing_was_passed_on() -> None:
    for environ in ({}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_FDS": "1"}):
        assert inherited_sockets(dict(environ), ME) == []


def test_a_process_is_passed_a_socket() -> None:
    code = """
import os, sys
from stratumproxy.net.systemd import inherited_sockets
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "x"}
[sock] = inherited_sockets(os.environ, os.getpid())
assert not any(name.startswith("LISTEN_") for name in os.environ)
assert not sock.get_inheritable() and not sock.getblocking()
print(sock.getsockname()[1])
os._exit(0) if not sys.stdout.flush() else None
"""
    with listening() as sock:
        output = subprocess.run(
            [sys.executable, "-c", code, str(sock.fileno())],
            pass_fds=[sock.fileno()],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert int(output) == sock.getsockname()[1]


def test_sockets_are_matched_by_address_in_whatever_order() -> None:
    with listening() as one, listening("127.0.0.2") as two:
        ports = [sock.getsockname()[1] for sock in (one, two)]
        both = short(f"127.0.0.2:{ports[1]}", f"127.0.0.1:{ports[0]}")
        assert match_listeners(both, [one, two]) == [two, one]


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_every_address_and_ipv6() -> None:
    with (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as every,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as local,
    ):
        ports = [sock.getsockname()[1] for sock in (every, local)]
        wanted = short(f":{ports[0]}", f"[0:0::1]:{ports[1]}")
        assert match_listeners(wanted, [local, every]) == [every, local]
    with (
        pytest.raises(StratumProxyError, match="IPv6 only"),
        socket.create_server(("::", 0), family=socket.AF_INET6) as six,
    ):
        match_listeners(short(f":{six.getsockname()[1]}"), [six])


def test_a_listen_without_a_socket() -> None:
    with listening() as sock:
        port = sock.getsockname()[1]
        with pytest.raises(StratumProxyError) as raised:
            match_listeners(short("127.0.0.9:3333"), [sock])
    assert str(raised.value) == (
        f"systemd passed no socket for [[listen]] 127.0.0.9:3333, but 127.0.0.1:{port}; make "
        "ListenStream= in the .socket unit and [[listen]] in the configuration the same"
    )


def test_a_socket_that_nobody_asked_for() -> None:
    with (
        listening() as one,
        listening("127.0.0.2") as two,
        pytest.raises(StratumProxyError, match=r"passed 127\.0\.0\.2:\d+, which no \[\[listen"),
    ):
        match_listeners(short(f"127.0.0.1:{one.getsockname()[1]}"), [one, two])


def test_sockets_of_other_kinds(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(str(tmp_path / "socket"))
        with pytest.raises(StratumProxyError, match="not TCP"):
            match_listeners(short("127.0.0.1:0"), [sock])
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        with pytest.raises(StratumProxyError, match="not a listening TCP socket"):
            match_listeners(short("127.0.0.1:0"), [sock])


# -- the units -----------------------------------------------------------------------------------


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not here")
    for name in ("stratumproxy.service", "stratumproxy.socket"):
        text = (CONFIGS / name).read_text(encoding="utf-8")
        # What it starts need not be installed here.
        (tmp_path / name).write_text(text.replace("/usr/local/bin/stratumproxy", sys.executable))
    done = subprocess.run(
        [verify, "verify", "--man=no", *(str(unit) for unit in sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    if "Failed to" in done.stderr and "manager" in done.stderr:
        pytest.skip(f"systemd-analyze can't verify here: {done.stderr.strip()}")
    assert (done.returncode, done.stderr) == (0, "")
