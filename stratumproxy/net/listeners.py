"""Listening sockets."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from stratumproxy.config import Config, Listen
from stratumproxy.errors import StratumProxyError

ADVICE = {
    errno.EADDRINUSE: " Is another proxy running? `ss -ltnp` shows who listens.",
    errno.EADDRNOTAVAIL: " Is it an address of this machine? `ip address` shows them.",
    errno.EACCES: " Ports below 1024 need a right of their own (CAP_NET_BIND_SERVICE).",
    errno.EAFNOSUPPORT: " IPv6 is switched off on this machine.",
}
"""What to do, by what went wrong."""


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
    with ExitStack() as on_failure:
        try:
            sock = on_failure.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if share:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host is not None))
            sock.bind((host or "::", listen.port))
            sock.listen(listen.backlog)
            sock.setblocking(False)
        except OSError as error:
            advice = ADVICE.get(error.errno or 0, "")
            raise StratumProxyError(
                f"can't listen on {listen.address}: {error.strerror}.{advice}"
            ) from None
        on_failure.pop_all()
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
        if share:
            # Whoever shares a port shares it with every process of this user, so the kernel would
            # not tell that another proxy has it.
            for each in config.listen:
                open_listener(each).close()
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
