"""System calls on many sockets in a row: in C where that could be built, in Python elsewhere.

It is not the calls from Python that cost most. Reading what all have to say, then answering, and
then sending all answers leaves each of the three its place in the processor's caches: a share at
full load costs two thirds of what it does when each is read, answered and sent by itself
(docs/architecture.md, "The pump").
"""

import errno
import os
import socket
from typing import TYPE_CHECKING

NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What accept(2) fails with for want of something of ours, and not for who connected."""


def accept_each_in_python(listener: socket.socket, at_most: int, /) -> list[tuple[int, str, int]]:
    """As `_sockets.accept_each`."""
    came: list[tuple[int, str, int]] = []
    for _ in range(at_most):
        try:
            sock, (host, port, *_) = listener.accept()
        except BlockingIOError:
            break
        except OSError as error:
            if error.errno not in NO_DESCRIPTORS:
                continue  # that one was gone before it was accepted
            if not came:
                raise
            break  # the next call will say so
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            sock.close()  # it was reset already; macOS says so here
        else:
            came.append((sock.detach(), host, port))
    return came


def send_each_in_python(gathered: dict[int, bytes], /) -> list[tuple[int, int]]:
    """As `_sockets.send_each`."""
    counts = [(fd, send(fd, data)) for fd, data in gathered.items()]
    return [(fd, count) for fd, count in counts if count != len(gathered[fd])]


def send(fd: int, data: bytes | bytearray) -> int:
    """Send to one socket, without waiting.

    Returns:
        How many bytes it took; or, negated, the number of the error.
    """
    try:
        return os.write(fd, data)
    except BlockingIOError:
        return 0
    except OSError as error:
        return -(error.errno or errno.EIO)


def receive(fd: int, size: int) -> bytes | int | None:
    r"""Receive from one socket, without waiting.

    Returns:
        What there is, up to `size` bytes, ``b""`` at the end; the error's number, negated; None
        while there is nothing.
    """
    try:
        return os.read(fd, size)
    except BlockingIOError:
        return None
    except OSError as error:
        return -(error.errno or errno.EIO)


if TYPE_CHECKING:
    from stratumproxy.net._sockets import accept_each as accept_each
    from stratumproxy.net._sockets import send_each as send_each

    NATIVE: bool
else:
    try:
        from stratumproxy.net._sockets import accept_each, send_each

        NATIVE = True
        """Whether these are the ones in C."""
    except ImportError:
        accept_each, send_each = accept_each_in_python, send_each_in_python
        NATIVE = False
