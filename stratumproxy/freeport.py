"""A port for a server that somebody else starts, and that is told where to listen."""

import random
import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port of `LOOPBACK` that nobody listens on, below those that the kernel gives.

    It is not kept. One that the kernel chose would be given to the next who asks for any, or
    connects to somebody, before the server has come to listen there.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as sock:
            try:
                sock.bind((LOOPBACK, port))
            except OSError:
                continue
        return port
