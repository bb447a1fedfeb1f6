"""What the system does to many sockets in a row, one call from Python for all of them. Linux only.

`stratumproxy.net.sockets` has the same in Python, and chooses.
"""

import socket

def accept_each(listener: socket.socket, at_most: int, /) -> list[tuple[int, str, int]]:
    """Accept who waits, without waiting.

    Args:
        listener: non-blocking.
        at_most: how many to accept.

    Returns:
        For each the descriptor, non-blocking and without Nagle's delay, and who connected: host
        and port. Who was gone before it was accepted is left out.

    Raises:
        OSError: there are no descriptors or buffers left, and nobody was accepted.
    """

def receive_each(
    epoll: int, at_most: int, size: int, apart: set[int], /
) -> list[tuple[int, bytes | int]]:
    r"""What is ready now, without waiting, and what it has to read.

    Args:
        epoll: descriptor of the epoll set.
        at_most: sockets, 1 to 1,024.
        size: bytes fetched from each, 1 to 16,384.
        apart: descriptors that are read by others: it is only told that there is something.

    Returns:
        By descriptor: the bytes that it had (``b""`` at the end of the connection), the error
        number that fetching them failed with, negated, or epoll's bits. One that has bytes and
        room to write is in the list twice.

    Raises:
        OSError: this is no epoll set.
        ValueError: more sockets or bytes than that.
    """

def send_each(gathered: dict[int, bytes], /) -> list[tuple[int, int]]:
    """Send to each, without waiting.

    Args:
        gathered: what goes out, by descriptor.

    Returns:
        Of each that did not take all: its descriptor, and how many bytes it took or, negated, the
        number of the error.
    """
