"""The pump and the listeners, with a core that does only what a test says."""

import errno
import os
import select
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import trio

from stratumproxy.downstream.drops import BUG
from stratumproxy.errors import ProtocolError
from stratumproxy.net import port as port_module
from stratumproxy.net import readiness, sockets
from stratumproxy.net.port import GATHER_SECONDS, PAUSE, READ_BYTES
from tests.net.harbour import Harbour, Session, arrived, ended, hear, open_harbour, reset
from tests.net.no_descriptors import no_descriptors
from tests.waiting import until


@pytest.fixture(params=["C", "Python"])
async def harbour(request, monkeypatch) -> AsyncIterator[Harbour]:
    if request.param == "Python":
        monkeypatch.setattr(port_module, "accept_each", sockets.accept_each_in_python)
        monkeypatch.setattr(port_module, "send_each", sockets.send_each_in_python)
        monkeypatch.setattr(readiness, "receive_each", None)
    async with open_harbour() as made:
        yield made


# -- the pump ------------------------------------------------------------------------------------


async def test_who_speaks_is_answered(harbour):
    [(miner, session)] = await harbour.met()
    harbour.start(harbour.port.pump)
    for line in (b"one\n", b"two\n"):
        miner.send(line)
        assert await hear(miner, 4) == line
    assert session.received == [b"one\n", b"two\n"]


async def test_an_answer_of_nothing_is_nothing(harbour):
    [(miner, session)] = await harbour.met()
    session.answer = lambda data: b"" if data == b"quiet\n" else data
    harbour.start(harbour.port.pump)
    miner.send(b"quiet\n")
    await until(lambda: session.received)
    miner.send(b"loud\n")
    assert await hear(miner, 5) == b"loud\n"


async def test_a_goodbye_is_no_drop(harbour):
    [(miner, session)] = await harbour.met()
    harbour.start(harbour.port.pump)
    miner.close()
    await harbour.core.until(lambda: harbour.core.gone == [session])
    assert harbour.core.dropped == []
    assert len(harbour.port) == 0


async def test_what_was_said_before_the_goodbye_counts(harbour):
    [(miner, session)] = await harbour.met()
    miner.send(b"last words\n")
    miner.shutdown(socket.SHUT_WR)
    harbour.start(harbour.port.pump)
    assert await hear(miner, 100) == b"last words\n"
    assert session.received == [b"last words\n"]


async def test_a_reset_is_the_end_of_one_miner_only(harbour):
    (miner, session), (other, _) = await harbour.met(2)
    harbour.start(harbour.port.pump)
    reset(miner)
    await harbour.core.until(lambda: harbour.core.gone == [session])
    other.send(b"still here\n")
    assert await hear(other, 11) == b"still here\n"


async def test_a_close_that_says_the_connection_was_reset_is_a_close(harbour, monkeypatch):
    """As on FreeBSD, where close(2) may say ECONNRESET, and the descriptor is gone all the same."""
    (miner, session), (other, _) = await harbour.met(2)
    close = os.close

    def close_and_complain(fd: int) -> None:
        close(fd)
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    monkeypatch.setattr(os, "close", close_and_complain)
    harbour.start(harbour.port.pump)
    miner.close()
    await harbour.core.until(lambda: harbour.core.gone == [session])
    other.send(b"still here\n")
    assert await hear(other, 11) == b"still here\n"


async def test_who_does_not_speak_stratum_is_dropped_with_the_reason(harbour):
    (miner, session), (other, _) = await harbour.met(2)

    def refuse(data: bytes) -> bytes:
        raise ProtocolError("not JSON")

    session.answer = refuse
    harbour.start(harbour.port.pump)
    miner.send(b"GET / HTTP/1.1\r\n")
    assert await ended(miner)
    assert harbour.core.dropped == ["not JSON"]
    assert harbour.core.gone == [session]
    other.send(b"still here\n")
    assert await hear(other, 11) == b"still here\n"


async def test_a_bug_that_one_miner_brings_out_stops_nobody_else(harbour):
    (miner, session), (other, _) = await harbour.met(2)

    def break_down(data: bytes) -> bytes:
        raise RuntimeError("nobody thought of this")

    session.answer = break_down
    harbour.start(harbour.port.pump)
    miner.send(b"the one thing\n")
    assert await ended(miner)
    assert harbour.core.dropped == [BUG]
    assert harbour.core.warnings == ["a bug, please report it: None"]
    other.send(b"still here\n")
    assert await hear(other, 11) == b"still here\n"


async def test_a_miner_may_be_closed_by_another_one_of_the_same_batch(harbour):
    """Each of two closes the other; whoever is served first stays, and the other is not heard."""
    (one, first), (two, second) = await harbour.met(2)
    first.answer = lambda data: second.link.close("the other said so") or data
    second.answer = lambda data: first.link.close("the other said so") or data
    one.send(b"hello\n")
    two.send(b"hello\n")
    harbour.start(harbour.port.pump)
    await harbour.core.until(lambda: len(harbour.core.gone) == 1)
    [gone] = harbour.core.gone
    stays = one if gone is second else two
    assert await hear(stays, 6) == b"hello\n"
    assert gone.received == []
    assert len(harbour.port) == 1


async def test_a_miner_that_its_own_words_close_gets_no_answer(harbour):
    [(miner, session)] = await harbour.met()
    session.answer = lambda data: session.link.close("enough") or b"too late\n"
    harbour.start(harbour.port.pump)
    miner.send(b"hello\n")
    assert await hear(miner, 100) == b""
    assert harbour.core.dropped == ["enough"]


async def test_last_words_are_heard_before_the_end(harbour):
    """They are gathered like everything that is sent in a turn, and go out with the close."""
    [(miner, session)] = await harbour.met()

    def refuse(data: bytes) -> bytes:
        raise ProtocolError("not JSON", last_words=b"goodbye\n")

    session.answer = refuse
    harbour.start(harbour.port.pump)
    miner.send(b"hello\n")
    assert await hear(miner, 100) == b"goodbye\n"
    assert harbour.port.gathered is None


async def test_what_is_sent_to_another_in_a_turn_stands_behind_its_answer(harbour):
    """Whoever is served first also sends to the other, whose own answer may come before or after;
    each arrives whole, and once."""
    (one, first), (two, second) = await harbour.met(2)
    first.answer = lambda data: second.link.send(b"from one\n") or data
    second.answer = lambda data: first.link.send(b"from two\n") or data
    one.send(b"1\n")
    two.send(b"2\n")
    harbour.start(harbour.port.pump)
    assert sorted((await hear(one, 11)).splitlines()) == [b"1", b"from two"]
    assert sorted((await hear(two, 11)).splitlines()) == [b"2", b"from one"]


async def test_a_number_that_is_used_again_gets_nothing_that_was_meant_for_another(harbour):
    """Within a turn, one that was answered is closed, and something else gets its number."""
    met = dict(await harbour.met(2))
    order: list[Session] = []
    others: list[socket.socket] = []

    def answer(session: Session, data: bytes) -> bytes:
        order.append(session)
        if len(order) == 2:  # the other was answered, and is closed before the answer is out
            number = order[0].link.fd
            order[0].link.close("enough")
            ours, theirs = socket.socketpair()
            others.extend([ours, theirs])
            assert number in (ours.fileno(), theirs.fileno())
        return data

    for miner, session in met.items():
        session.answer = partial(answer, session)
        miner.send(b"hello\n")
    arrived(harbour.core.sessions[0].link.fd)
    arrived(harbour.core.sessions[1].link.fd)
    harbour.start(harbour.port.pump)
    await until(lambda: len(order) == 2)
    for miner in met:
        assert await hear(miner, 6) == b"hello\n"
    for sock in others:
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
    for sock in others:
        sock.close()


async def test_a_flood_gets_a_bounded_turn(harbour):
    """One sends as much as it can; another's line is served after at most one turn of it."""
    (flooder, flood), (miner, session) = await harbour.met(2)
    order: list[Any] = []
    flood.answer = lambda data: order.append(len(data)) or b""
    session.answer = lambda data: order.append("miner") or data
    with suppress(BlockingIOError):
        while True:
            flooder.send(bytes(65536))
    harbour.start(harbour.port.pump)
    for line in (b"one\n", b"two\n"):
        miner.send(line)
        arrived(session.link.fd)
        before = len(order)
        assert await hear(miner, 4) == line
        assert order[before:].index("miner") <= 1
    assert max(size for size in order if size != "miner") <= READ_BYTES


async def test_answers_go_out_before_the_whole_batch_is_judged(harbour, monkeypatch):
    """Whoever is judged first waits for a few others only."""
    monkeypatch.setattr(port_module, "TURN", 2)
    met = await harbour.met(6)
    answered = []

    def answer(data: bytes) -> bytes:
        ready, _, _ = select.select([miner for miner, _ in met], [], [], 0)
        answered.append(len(ready))
        return data

    for miner, session in met:
        session.answer = answer
        miner.send(b"hello\n")
        arrived(session.link.fd)
    harbour.start(harbour.port.pump)
    for miner, _ in met:
        assert await hear(miner, 6) == b"hello\n"
    assert answered == [0, 0, 2, 2, 4, 4]


async def test_other_tasks_get_their_turn_between_batches(harbour, monkeypatch):
    monkeypatch.setattr(port_module, "BATCH", 20)
    await harbour.met(100)
    for miner in harbour.miners:
        miner.send(b"hello\n")
    heard = [0]

    async def watch() -> None:
        while True:
            heard.append(sum(len(session.received) for session in harbour.core.sessions))
            await trio.lowlevel.checkpoint()

    harbour.start(watch)
    harbour.start(harbour.port.pump)
    await until(lambda: heard[-1] == 100)
    assert most_between(heard) <= 2 * 20


def most_between(counts: list[int]) -> int:
    """The biggest step. Trio shuffles the tasks of a turn, so it may be that of two turns."""
    return max(after - before for before, after in pairwise(counts))


async def test_who_speaks_first_is_answered_at_once_and_who_follows_together(
    harbour, autojump_clock
):
    """This clock goes on to whatever is waited for as soon as the kernel has nothing for us."""
    met = await harbour.met(3)
    harbour.start(harbour.port.pump)

    async def speak(*speakers: tuple[socket.socket, Session]) -> None:
        for miner, session in speakers:
            miner.send(b"hello\n")
            arrived(session.link.fd)
        for miner, _ in speakers:
            await trio.lowlevel.wait_readable(miner)
            assert miner.recv(100) == b"hello\n"

    began = trio.current_time()
    await speak(met[0])
    assert trio.current_time() == began
    await speak(met[1], met[2])
    assert trio.current_time() == pytest.approx(began + GATHER_SECONDS)


async def test_what_did_not_fit_follows_when_the_miner_reads(harbour):
    [(miner, session)] = await harbour.met()
    harbour.port.out_limit = 1 << 24
    sent = b"".join(b"%07d\n" % number for number in range(1 << 20))
    session.answer = lambda _: sent
    harbour.start(harbour.port.pump)
    miner.send(b"go on\n")
    await until(lambda: session.received)
    assert await hear(miner, len(sent)) == sent
    session.answer = lambda data: data
    miner.send(b"hello\n")
    assert await hear(miner, 6) == b"hello\n"


async def test_one_that_does_not_read_is_dropped_and_the_others_are_served(harbour):
    (deaf, session), (miner, _) = await harbour.met(2)
    session.answer = lambda _: bytes(1 << 20)
    harbour.start(harbour.port.pump)
    with suppress(BlockingIOError, ConnectionResetError, BrokenPipeError):
        while session not in harbour.core.gone:
            deaf.send(b"more\n")
            await trio.lowlevel.checkpoint()
    assert harbour.core.dropped == ["it does not read what it is sent"]
    miner.send(b"still here\n")
    assert await hear(miner, 11) == b"still here\n"


# -- connections come and go ---------------------------------------------------------------------


async def test_a_crowd_is_accepted_in_batches(harbour, monkeypatch):
    monkeypatch.setattr(port_module, "ACCEPT_BATCH", 10)
    for _ in range(65):
        harbour.call()
    accepted = [0]

    async def watch() -> None:
        while True:
            accepted.append(len(harbour.port))
            await trio.lowlevel.checkpoint()

    harbour.start(watch)
    harbour.start(harbour.port.accept, harbour.listener)
    await until(lambda: accepted[-1] == 65)
    assert most_between(accepted) <= 2 * 10


async def test_a_miner_is_named_by_its_address(harbour):
    [(miner, session)] = await harbour.met()
    assert session.peer == "{}:{}".format(*miner.getsockname())


@pytest.mark.parametrize(
    ("host", "bound", "name"),
    [("::1", "::1", "[::1]:{}"), ("127.0.0.1", "::", "127.0.0.1:{}")],
    ids=["IPv6", "IPv4 on a socket for both"],
)
async def test_a_miner_is_named_as_people_write_addresses(host, bound, name):
    listener = socket.create_server(
        (bound, 0), family=socket.AF_INET6, dualstack_ipv6=bound == "::"
    )
    async with open_harbour(listener) as harbour:
        harbour.start(harbour.port.accept, listener)
        with socket.create_connection((host, listener.getsockname()[1])) as miner:
            await harbour.core.until(lambda: len(harbour.core.sessions) == 1)
            assert harbour.core.sessions[0].peer == name.format(miner.getsockname()[1])


async def test_past_the_limit_the_next_is_turned_away():
    async with open_harbour(connections=2) as harbour:
        harbour.start(harbour.port.pump)
        await harbour.met(2)
        harbour.start(harbour.port.accept, harbour.listener)
        assert await ended(harbour.call())
        assert harbour.core.drops.counts == {"too-many": 1}
        assert len(harbour.core.sessions) == 2
        harbour.miners[0].close()
        await harbour.core.until(lambda: len(harbour.core.gone) == 1)
        third = harbour.call()
        third.send(b"my turn\n")
        assert await hear(third, 8) == b"my turn\n"
        assert harbour.core.drops.counts == {"too-many": 1}


async def test_one_that_is_gone_before_it_is_accepted(harbour):
    reset(harbour.call())
    miner = harbour.call()
    harbour.start(harbour.port.accept, harbour.listener)
    harbour.start(harbour.port.pump)
    miner.send(b"hello\n")
    assert await hear(miner, 6) == b"hello\n"
    await harbour.core.until(lambda: len(harbour.port) == 1)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
async def test_without_descriptors_the_listener_rests(harbour, autojump_clock, number, monkeypatch):
    calls = []

    def accept_nobody(listener: socket.socket, at_most: int) -> None:
        calls.append(at_most)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(port_module, "accept_each", accept_nobody)
    harbour.call()
    arrived(harbour.listener)
    with trio.move_on_after(100 * PAUSE):
        await harbour.port.accept(harbour.listener)
    assert 90 <= len(calls) <= 101
    assert set(harbour.core.warnings) == {f"can't accept miners: {os.strerror(number)}"}


async def test_miners_that_came_while_there_were_no_descriptors_are_served_later(harbour):
    harbour.start(harbour.port.pump)
    miner = harbour.call()
    miner.send(b"hello\n")
    with no_descriptors():
        harbour.start(harbour.port.accept, harbour.listener)
        await harbour.core.until(lambda: len(harbour.core.warnings) > 1)
        assert harbour.core.sessions == []
    assert await hear(miner, 6) == b"hello\n"


# -- the end -------------------------------------------------------------------------------------


async def test_after_stop_accepting_nobody_can_connect_and_those_here_stay(harbour):
    [(miner, _)] = await harbour.met()
    harbour.start(harbour.port.pump)
    address = harbour.listener.getsockname()
    harbour.port.stop_accepting()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    miner.send(b"still here\n")
    assert await hear(miner, 11) == b"still here\n"


async def test_close_leaves_nothing_open(descriptors):
    before = descriptors()
    async with open_harbour() as harbour:
        await harbour.met(3)
        harbour.port.close()
        assert len(harbour.core.gone) == 3
        assert harbour.core.dropped == []
        for miner in harbour.miners:
            assert await ended(miner)
    assert descriptors() == before
