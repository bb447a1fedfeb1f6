"""Listening sockets."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from stratumproxy.config import Config, Listen
from stratumproxy.errors import StratumProxyError


def open_listener(listen: Listen, *, share: bool = False) -> socket.socket:
    """A bound, listening, non-blocking socket.

    Args:
        listen: the address, and how many connections may wait to be accepted.
        share: let several sockets listen on the address; the kernel spreads connections over them
            (SO_REUSEPORT).

    Raises:
        StratumProxyError: the address can't be listened on; says why and what to do.
    """
    host = listen.host
    family = socket.AF_INET6 if host is None or ":" in host else socket.AF_INET
    if host is None and not socket.has_dualstack_ipv6():
        family, host = socket.AF_INET, "0.0.0.0"
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host is not None))
        sock.bind((host or "::", listen.port))
        sock.listen(listen.backlog)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise StratumProxyError(
            f"can't listen on {listen.address}: {error.strerror}. Is another proxy running, or is "
            "the address not this machine's? `ss -ltnp` shows who listens."
        ) from None
    return sock


@contextmanager
def open_listeners(config: Config, sets: int = 1) -> Iterator[list[list[socket.socket]]]:
    """A socket for each `[[listen]]`, as often as there are sets; closed at the end.

    Args:
        config: what to listen on.
        sets: processes to spread connections over. All sets listen on the same addresses.

    Raises:
        StratumProxyError: an address can't be listened on.
    """
    with ExitStack() as stack:
        share = sets > 1
        first = [stack.enter_context(open_listener(each, share=share)) for each in config.listen]
        # Port 0 is any free port; the other sets must listen on the one that the first got.
        same = [
            each.model_copy(update={"address": _address(sock)})
            for each, sock in zip(config.listen, first, strict=True)
        ]
        others = [
            [stack.enter_context(open_listener(each, share=share)) for each in same]
            for _ in range(sets - 1)
        ]
        yield [first, *others]


def _address(sock: socket.socket) -> str:
    """What a socket listens on, as the configuration writes it."""
    host, port = sock.getsockname()[:2]
    if host == "::" and not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
        return f":{port}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
