"""System calls on many sockets in a row: C and Python do the same."""

import errno
import fcntl
import os
import select
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from stratumproxy.net import sockets
from tests.net.harbour import arrived, reset
from tests.net.no_descriptors import no_descriptors

try:
    from stratumproxy.net import _sockets as native
except ImportError:
    native = None

if "WATCHED" in os.environ:  # see test_under_sanitizers
    assert native is not None
    assert native.__file__ == os.environ["WATCHED"]

BOTH = [
    pytest.param("C", marks=pytest.mark.skipif(native is None, reason="not built")),
    "Python",
]


@pytest.fixture
def keep() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(params=BOTH)
def accept_each(request) -> Callable:
    return native.accept_each if request.param == "C" else sockets.accept_each_in_python


@pytest.fixture(params=BOTH)
def send_each(request) -> Callable:
    return native.send_each if request.param == "C" else sockets.send_each_in_python


class Door:
    """A listener, and who calls."""

    def __init__(self, keep: ExitStack, host: str = "127.0.0.1", **options: Any) -> None:
        self._keep = keep
        self.listener = keep.enter_context(socket.create_server((host, 0), **options))
        self.listener.setblocking(False)

    def call(self, host: str = "127.0.0.1") -> socket.socket:
        address = host, self.listener.getsockname()[1]
        return self._keep.enter_context(socket.create_connection(address))

    def accept(self, accept_each: Callable, count: int) -> list[tuple[int, str, int]]:
        """So many; who is connected may not be in the queue yet on a busy machine."""
        came: list[tuple[int, str, int]] = []
        while len(came) < count:
            arrived(self.listener)
            came += accept_each(self.listener, 10)
        return came

    def take(self, came: list[tuple[int, str, int]]) -> list[socket.socket]:
        return [self._keep.enter_context(socket.socket(fileno=fd)) for fd, _, _ in came]


class TestAcceptEach:
    def test_nobody_waits(self, keep, accept_each):
        assert accept_each(Door(keep).listener, 10) == []

    def test_who_waits_comes_in_order_with_its_address(self, keep, accept_each):
        door = Door(keep)
        callers = [door.call() for _ in range(3)]
        came = door.accept(accept_each, 3)
        ours = door.take(came)
        assert [address for _, *address in came] == [list(each.getsockname()) for each in callers]
        for caller, each in zip(callers, ours, strict=True):
            caller.send(b"hello")
            arrived(each)
            assert each.recv(10) == b"hello"

    def test_no_more_than_asked_for(self, keep, accept_each):
        door = Door(keep)
        for _ in range(5):
            door.call()
        counts = []
        while sum(counts) < 5:
            arrived(door.listener)
            came = accept_each(door.listener, 2)
            door.take(came)
            counts.append(len(came))
        assert max(counts) == 2

    def test_what_came_does_not_block_nor_wait_nor_leak_into_children(self, keep, accept_each):
        door = Door(keep)
        door.call()
        [ours] = door.take(door.accept(accept_each, 1))
        assert not os.get_blocking(ours.fileno())
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert fcntl.fcntl(ours, fcntl.F_GETFD) & fcntl.FD_CLOEXEC

    @pytest.mark.parametrize(
        ("host", "bound", "seen"),
        [("::1", "::1", "::1"), ("127.0.0.1", "::", "::ffff:127.0.0.1")],
        ids=["IPv6", "IPv4 on a socket for both"],
    )
    def test_ipv6(self, keep, accept_each, host, bound, seen):
        door = Door(keep, bound, family=socket.AF_INET6, dualstack_ipv6=bound == "::")
        caller = door.call(host)
        came = door.accept(accept_each, 1)
        door.take(came)
        assert [address for _, *address in came] == [[seen, caller.getsockname()[1]]]

    @pytest.mark.skipif(native is None, reason="not built")
    def test_without_memory_no_descriptor_is_lost(self, keep):
        """Those who were accepted before it ran out are served, and the next one is closed."""
        memory = pytest.importorskip("_testcapi", reason="Python's own helpers are not here")
        door = Door(keep)
        ran_out = 0
        for allocation in range(1, 40):
            for _ in range(3):
                door.call()
            arrived(door.listener)
            before = len(list(Path("/proc/self/fd").iterdir()))
            came: list[tuple[int, str, int]] = []
            memory.set_nomemory(allocation, allocation + 1)
            try:
                came = native.accept_each(door.listener, 3)
            except MemoryError:
                ran_out += 1
            finally:
                memory.remove_mem_hooks()
            assert len(list(Path("/proc/self/fd").iterdir())) == before + len(came)
            door.take([*came, *native.accept_each(door.listener, 10)])
        assert ran_out

    def test_without_descriptors(self, keep, accept_each):
        door = Door(keep)
        for _ in range(3):
            door.call()
        arrived(door.listener)
        with no_descriptors(), pytest.raises(OSError, match="Too many open files") as raised:
            accept_each(door.listener, 10)
        assert raised.value.errno == errno.EMFILE
        with no_descriptors(but=2):
            came = door.accept(accept_each, 2)
        assert len(came) == 2
        came += door.accept(accept_each, 1)
        assert len(door.take(came)) == 3

    def test_one_that_is_gone_already_harms_nobody(self, keep, accept_each):
        door = Door(keep)
        reset(door.call())
        caller = door.call()
        came = door.accept(accept_each, 1)
        while list(came[-1][1:]) != list(caller.getsockname()):
            came += door.accept(accept_each, 1)
        door.take(came)


class Listener:
    """A listener whose accept goes wrong first."""

    def __init__(self, listener: socket.socket, *errors: OSError) -> None:
        self._listener = listener
        self._errors = list(errors)

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        if self._errors:
            raise self._errors.pop()
        return self._listener.accept()


def test_a_connection_that_failed_is_passed_over(keep):
    """accept(2) reports errors of the connection it would have returned."""
    door = Door(keep)
    door.call()
    arrived(door.listener)
    gone = OSError(errno.ECONNABORTED, "Software caused connection abort")
    listener: Any = Listener(door.listener, gone, gone)
    came = sockets.accept_each_in_python(listener, 10)
    assert len(door.take(came)) == 1


class BrokenSocket(socket.socket):
    """As on macOS, where setsockopt fails for a connection that is already reset."""

    def setsockopt(self, *_args: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")


def test_a_connection_that_is_reset_while_it_is_accepted(keep):
    door = Door(keep)
    caller = door.call()
    arrived(door.listener)

    class Listener:
        def accept(self):
            sock, address = door.listener.accept()
            return BrokenSocket(fileno=sock.detach()), address

    listener: Any = Listener()
    assert sockets.accept_each_in_python(listener, 10) == []
    assert caller.recv(1) == b""


class TestSendEach:
    def test_nobody(self, send_each):
        assert send_each({}) == []

    def test_each_gets_its_own(self, keep, send_each):
        pairs = [connected(keep) for _ in range(3)]
        data = [b"one\n", b"", b"three\n"]
        gathered = {ours.fileno(): each for (ours, _), each in zip(pairs, data, strict=True)}
        assert send_each(gathered) == []
        assert pairs[0][1].recv(100) == b"one\n"
        assert pairs[2][1].recv(100) == b"three\n"

    def test_who_takes_less_is_told_and_the_others_get_theirs(self, keep, send_each):
        full, roomy, gone = (connected(keep) for _ in range(3))
        big = bytes(1 << 22)
        gone[1].close()
        left = send_each(
            {
                full[0].fileno(): big,
                gone[0].fileno(): b"anybody?\n",
                roomy[0].fileno(): b"hello\n",
                1 << 20: b"who?\n",
            }
        )
        [(first, taken), *others] = left
        assert first == full[0].fileno()
        assert 0 < taken < len(big)
        assert others == [(gone[0].fileno(), -errno.EPIPE), (1 << 20, -errno.EBADF)]
        assert roomy[1].recv(100) == b"hello\n"
        assert send_each({full[0].fileno(): b"more"}) == [(full[0].fileno(), 0)]


def connected(keep: ExitStack) -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection that do not block."""
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
        keep.enter_context(end)
    return ends


@pytest.mark.skipif(native is None, reason="not built")
class TestWhatIsNotMeant:
    """Nobody does this; it must be an error, and not the end of the process."""

    @pytest.mark.parametrize("gathered", [None, (), [], "gathered"])
    def test_no_dict(self, gathered):
        with pytest.raises(TypeError):
            native.send_each(gathered)

    @pytest.mark.parametrize(
        "gathered", [{1: "text"}, {"1": b""}, {1: None}, {1 << 40: b""}, {1 << 80: b""}]
    )
    def test_no_descriptor_or_no_bytes(self, gathered):
        with pytest.raises((TypeError, OverflowError)):
            native.send_each(gathered)

    def test_no_set(self, keep):
        ours, theirs = connected(keep)
        theirs.send(b"a")
        with select.epoll() as epoll:
            epoll.register(ours.fileno(), select.EPOLLIN)
            with pytest.raises((TypeError, SystemError)):
                native.receive_each(epoll.fileno(), 10, 100, None)

    def test_no_listener(self):
        listener: Any = "listener"
        with pytest.raises(TypeError):
            native.accept_each(listener, 10)


SOURCE = Path(sockets.__file__).with_name("_sockets.c")
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def runtime_of(compiler: str) -> Path | None:
    """The address sanitizer's library, which must be there before Python is."""
    command = [compiler, "-print-file-name=libasan.so"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    path = Path(said.stdout.strip())
    return path if path.is_absolute() and path.exists() else None


def test_under_sanitizers(tmp_path):
    """All of the above, and the tests of who calls it, in a Python whose C side is watched."""
    if not SOURCE.exists() or shutil.which("gcc") is None:
        pytest.skip("needs the C source and gcc")
    runtime = runtime_of("gcc")
    if runtime is None:
        pytest.skip("gcc has no address sanitizer here")
    library = tmp_path / "_sockets.so"
    command = ["gcc", "-shared", "-fPIC", "-std=c11", "-O1", "-g", "-DPy_LIMITED_API=0x030b0000"]
    command += [*SANITIZERS, f"-I{sysconfig.get_path('include')}", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True, timeout=120)
    (tmp_path / "watched.py").write_text(WATCHED, "utf-8")
    here = Path(__file__)
    tests = [
        str(here),
        *(str(here.with_name(name)) for name in ("test_port.py", "test_readiness.py")),
    ]
    options = ["-q", "-p", "no:cacheprovider", "-p", "watched", "-k", "not sanitizers"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        env=os.environ
        | {
            "LD_PRELOAD": str(runtime),
            "ASAN_OPTIONS": "detect_leaks=0",  # Python's own, at the end
            "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)]),
            "WATCHED": str(library),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


WATCHED = """\
# Puts the watched C side in the place of the one that is installed.
import importlib.util
import os
import sys

name = "stratumproxy.net._sockets"
spec = importlib.util.spec_from_file_location(name, os.environ["WATCHED"])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sys.modules[name] = module
"""
