"""One client that sends as fast as it can: `python -m tests.chaos.flooder PORT KIND`.

KIND: garbage (each time it is closed on, it comes back), lines (valid requests) or shares (invalid
ones, of a job that never was). A process of its own, so that only the proxy can slow others down.
It says a line when it begins, and goes on until it is killed.
"""

import contextlib
import select
import socket
import sys

HELLO = b"""{"id":1,"method":"mining.subscribe","params":["flooder/1"]}
{"id":2,"method":"mining.authorize","params":["flood","x"]}
"""
LINE = {
    "garbage": b"\x16\x03\x01\x00" + bytes(range(256)).replace(b"\n", b"") * 16 + b"\n",
    "lines": b'{"id":3,"method":"mining.extranonce.subscribe","params":[]}\n',
    "shares": b'{"id":4,"method":"mining.submit",'
    b'"params":["flood","ffffffff","00000000","65000000","00000000"]}\n',
}
AT_ONCE = 65_536


def flood(port: int, kind: str) -> None:
    """One connection's worth."""
    data = LINE[kind] * (AT_ONCE // len(LINE[kind]))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(HELLO)
        connection.setblocking(False)
        rest = data
        while True:
            readable, writable, _ = select.select([connection], [connection], [])
            if readable and not connection.recv(AT_ONCE):
                return
            if writable:
                rest = rest[connection.send(rest) :] or data


if __name__ == "__main__":
    print("it begins", flush=True)
    while True:
        with contextlib.suppress(ConnectionError):
            flood(int(sys.argv[1]), sys.argv[2])
