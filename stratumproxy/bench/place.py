"""Where things run: cores, and which addresses are this machine's own."""

import ctypes
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Cores:
    """Which cores the server runs on, and which the generator."""

    server: frozenset[int]
    generator: frozenset[int]

    @classmethod
    def of_this_machine(cls, wanted: int = 1) -> "Cores":
        """The last core for the generator, as many of the others as are wanted."""
        *others, last = sorted(os.sched_getaffinity(0))
        return cls(frozenset(others[:wanted] or [last]), frozenset([last]))

    @property
    def shared(self) -> bool:
        """Whether there is but one, so that the generator is measured with the server."""
        return bool(self.server & self.generator)

    def __str__(self) -> str:
        """For people: ``server 0, generator 1``."""
        server, generator = (",".join(map(str, sorted(c))) for c in (self.server, self.generator))
        return f"server {server}, generator {generator}"


def settle(cores: frozenset[int], *, first: bool = False) -> Callable[[], None]:
    """What a new process does first: keep to these cores, and not outlive the benchmark.

    Args:
        cores: where it may run.
        first: go before all others on them, where the system allows it (it allows root): with the
            usual scheduling, who uses the machine besides delays it by tenths of a second.
    """
    libc = ctypes.CDLL(None)

    def in_child() -> None:
        os.sched_setaffinity(0, cores)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if first:
            with suppress(PermissionError):
                os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))

    return in_child


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``127.0.0.1:3333``, ``[::1]:3333`` or ``localhost:3333``.

    Raises:
        ValueError: it is none of these.
    """
    host, colon, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError(f"{text!r}: an address such as 127.0.0.1:3333 or [::1]:3333 was expected")
    return checked_host(host), int(port)


def checked_address(text: str) -> str:
    """The same text; ValueError if it is no address with a port."""
    parse_address(text)
    return text


def checked_host(host: str) -> str:
    """The same text; ValueError if it is no address, which a name is not."""
    if host != "localhost":
        ip_address(host)
    return host


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    return host == "localhost" or ip_address(host).is_loopback
