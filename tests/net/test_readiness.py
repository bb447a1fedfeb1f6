"""Readiness on real sockets. kqueue runs on a stand-in that keeps to kqueue(2), and is typed."""

import errno
import importlib.util
import select
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from stratumproxy.net import readiness
from stratumproxy.net.readiness import GONE, READ, WRITE, Readiness, Told
from tests.net.harbour import arrived, reset

receive_each = vars(readiness).get("receive_each")
"""Of C; None where that is not built."""

EVERYBODY = set(range(1024))
"""All descriptors: nothing is received here, and it is only told what is ready."""


def poll(watched: Readiness, at_most: int) -> Sequence[tuple[int, Told]]:
    return watched.receive(at_most, 100, EVERYBODY)


class StandInKqueue:
    """What kqueue(2) does, by select(2)."""

    def __init__(self) -> None:
        self.filters: set[tuple[int, int]] = set()
        self.closed = False

    def fileno(self) -> int:
        raise NotImplementedError

    def close(self) -> None:
        self.closed = True

    def control(self, changes, most, timeout=None):
        assert not self.closed
        for change in changes or []:
            key = change.ident, change.filter
            if change.flags & StandInSelect.KQ_EV_ADD:
                self.filters.add(key)
            elif key in self.filters:
                self.filters.remove(key)
            else:
                raise OSError(errno.ENOENT, "no such filter")
        if not most:
            return []
        assert timeout == 0
        wanted = {
            name: [fd for fd, filter in self.filters if filter == name]
            for name in (StandInSelect.KQ_FILTER_READ, StandInSelect.KQ_FILTER_WRITE)
        }
        reading, writing = wanted.values()
        readable, writable, _ = select.select(reading, writing, [], 0)
        events = [SimpleNamespace(ident=fd, filter=-1) for fd in readable]
        events += [SimpleNamespace(ident=fd, filter=-2) for fd in writable]
        return events[:most]


class StandInSelect:
    """The module `select` as it is on macOS, as far as it is used."""

    KQ_FILTER_READ, KQ_FILTER_WRITE = -1, -2
    KQ_EV_ADD, KQ_EV_DELETE = 1, 2
    kqueue = StandInKqueue

    @staticmethod
    def kevent(ident, filter, flags):
        return SimpleNamespace(ident=ident, filter=filter, flags=flags)


def on(platform: str, monkeypatch: pytest.MonkeyPatch) -> Readiness:
    spec = importlib.util.spec_from_file_location(f"readiness_{platform}", readiness.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", platform)
        patch.setitem(sys.modules, "select", StandInSelect)
        spec.loader.exec_module(module)
    made = module.make_readiness()
    assert isinstance(made, module.Kqueue)
    return made


@pytest.fixture(params=["epoll in C", "epoll", "darwin", "freebsd14"])
def watched(request, monkeypatch) -> Iterator[Readiness]:
    if request.param == "epoll":
        monkeypatch.setattr(readiness, "receive_each", None)
    if request.param.startswith("epoll"):
        made = readiness.make_readiness()
    else:
        made = on(request.param, monkeypatch)
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


class TestReadiness:
    def test_nothing_is_ready_at_first(self, watched, pair):
        watched.add(pair[0].fileno())
        assert list(poll(watched, 10)) == []

    def test_what_came_is_told_until_it_is_read(self, watched, pair):
        ours, theirs = pair
        watched.add(ours.fileno())
        theirs.send(b"ab")
        for _ in range(2):
            assert list(poll(watched, 10)) == [(ours.fileno(), READ)]
            ours.recv(1)
        assert list(poll(watched, 10)) == []

    def test_room_to_write_is_told_only_while_it_is_asked_for(self, watched, pair):
        fd = pair[0].fileno()
        watched.add(fd)
        watched.watch_write(fd, True)
        assert list(poll(watched, 10)) == [(fd, WRITE)]
        watched.watch_write(fd, False)
        assert list(poll(watched, 10)) == []

    def test_a_full_socket_has_no_room(self, watched, pair):
        ours, _ = pair
        with suppress(BlockingIOError):
            while True:
                ours.send(bytes(65536))
        watched.add(ours.fileno())
        watched.watch_write(ours.fileno(), True)
        assert list(poll(watched, 10)) == []

    def test_reading_goes_on_while_there_is_something_to_write(self, watched, pair):
        ours, theirs = pair
        watched.add(ours.fileno())
        watched.watch_write(ours.fileno(), True)
        theirs.send(b"a")
        bits = 0
        for fd, what in poll(watched, 10):
            assert fd == ours.fileno()
            assert isinstance(what, int)
            bits |= what
        assert bits == READ | WRITE

    def test_the_end_can_be_read(self, watched, pair):
        ours, theirs = pair
        watched.add(ours.fileno())
        theirs.close()
        [(fd, what)] = poll(watched, 10)
        assert fd == ours.fileno()
        assert isinstance(what, int)
        assert what & READ
        assert what & ~GONE == READ

    def test_no_more_are_told_than_asked_for(self, watched):
        pairs = [socket.socketpair() for _ in range(5)]
        for ours, theirs in pairs:
            watched.add(ours.fileno())
            theirs.send(b"a")
        assert len(poll(watched, 3)) == 3
        assert len(poll(watched, 10)) == 5
        for one in pairs:
            for sock in one:
                sock.close()

    def test_what_is_removed_is_not_told(self, watched, pair):
        ours, theirs = pair
        watched.add(ours.fileno())
        theirs.send(b"a")
        watched.remove(ours.fileno())
        assert list(poll(watched, 10)) == []


class TestReceiving:
    """What is ready is read in the same breath, unless somebody else reads it."""

    def test_what_came_is_there_once(self, watched, pair):
        ours, theirs = pair
        watched.add(ours.fileno())
        assert list(watched.receive(10, 100, set())) == []
        theirs.send(b"hello\n")
        assert list(watched.receive(10, 100, set())) == [(ours.fileno(), b"hello\n")]
        assert list(watched.receive(10, 100, set())) == []

    def test_no_more_bytes_than_asked_for(self, watched, pair):
        ours, theirs = pair
        watched.add(ours.fileno())
        theirs.send(b"abcde")
        told = [watched.receive(10, 2, set()) for _ in range(3)]
        assert [list(each) for each in told] == [
            [(ours.fileno(), piece)] for piece in (b"ab", b"cd", b"e")
        ]

    def test_the_end_comes_after_what_was_said_before_it(self, watched, pair):
        ours, theirs = pair
        watched.add(ours.fileno())
        theirs.send(b"last\n")
        theirs.close()
        assert list(watched.receive(10, 100, set())) == [(ours.fileno(), b"last\n")]
        assert list(watched.receive(10, 100, set())) == [(ours.fileno(), b"")]

    def test_an_error_is_a_negative_number(self, watched):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            theirs = socket.create_connection(listener.getsockname())
            ours, _ = listener.accept()
        with ours:
            ours.setblocking(False)
            watched.add(ours.fileno())
            reset(theirs)
            arrived(ours)
            assert list(watched.receive(10, 100, set())) == [(ours.fileno(), -errno.ECONNRESET)]

    def test_who_is_read_by_somebody_else_keeps_what_it_has(self, watched, pair):
        ours, theirs = pair
        watched.add(ours.fileno())
        theirs.send(b"hello\n")
        assert list(watched.receive(10, 100, {ours.fileno()})) == [(ours.fileno(), READ)]
        assert ours.recv(100) == b"hello\n"

    def test_bytes_and_room_to_write_are_told_both(self, watched, pair):
        ours, theirs = pair
        watched.add(ours.fileno())
        watched.watch_write(ours.fileno(), True)
        theirs.send(b"hello\n")
        told = list(watched.receive(10, 100, set()))
        assert sorted(told, key=str) == sorted(
            [(ours.fileno(), b"hello\n"), (ours.fileno(), WRITE)], key=str
        )


@pytest.mark.parametrize(("at_most", "size"), [(0, 100), (1025, 100), (10, 0), (10, 16385)])
def test_the_c_side_has_room_for_so_much_only(epoll, at_most, size):
    if receive_each is None:
        pytest.skip("not built")
    with pytest.raises(ValueError, match="from 1 to 1024 sockets and 1 to 16384 bytes"):
        epoll.receive(at_most, size, set())


def test_a_set_that_is_closed_is_an_error(pair):
    if receive_each is None:
        pytest.skip("not built")
    with pytest.raises(OSError, match="Invalid argument"):
        receive_each(pair[0].fileno(), 10, 100, set())


@pytest.fixture
def epoll() -> Iterator[Readiness]:
    made = readiness.make_readiness()
    yield made
    made.close()


def test_a_number_that_is_used_again_is_another_socket(epoll, pair):
    """As after a close, and an accept that got the same number."""
    ours, theirs = pair
    epoll.add(ours.fileno())
    epoll.watch_write(ours.fileno(), True)
    theirs.send(b"a")
    epoll.remove(ours.fileno())
    epoll.add(ours.fileno())
    assert list(poll(epoll, 10)) == [(ours.fileno(), READ)]


def test_who_is_always_ready_takes_turns_with_the_others(epoll):
    pairs = [socket.socketpair() for _ in range(6)]
    for ours, theirs in pairs:
        epoll.add(ours.fileno())
        theirs.send(bytes(100))
    told = {fd for _ in range(3) for fd, _ in poll(epoll, 2)}
    assert told == {ours.fileno() for ours, _ in pairs}
    for one in pairs:
        for sock in one:
            sock.close()


def test_the_set_is_readable_when_something_is_ready(epoll, pair):
    """What the pump waits for."""
    ours, theirs = pair
    epoll.add(ours.fileno())
    assert select.select([epoll.fileno()], [], [], 0)[0] == []
    theirs.send(b"a")
    assert select.select([epoll.fileno()], [], [], 10)[0] == [epoll.fileno()]


@pytest.mark.parametrize("platform", ["linux", "darwin", "freebsd"])
def test_the_types_fit_on(platform):
    """Another system's branch is never imported here; its types can be checked all the same."""
    path = Path(readiness.__file__)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary"),
            *("--config-file=", "--cache-dir=/dev/null", "--follow-imports=silent"),
            *("--platform", platform, path.name),
        ],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
