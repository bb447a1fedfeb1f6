"""btcd, answering as Bitcoin Core does, which is what pools were written for."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.waiting import PATIENCE


def asked_of_btcd(node: httpx.Client, asked: dict[str, Any]) -> dict[str, Any]:
    """Put a request of a pool's to a btcd, and its answer as Bitcoin Core would.

    btcd wants a version in each request. It says that a parameter is missing by another code, and
    pools ask `submitblock` without any to see whether it is there. And to whoever could use a
    coinbase of the node's it gives no `coinbasevalue`.
    """
    method, params = asked["method"], asked.get("params", [])
    if method == "getblocktemplate":
        params = [{"capabilities": ["coinbasevalue"], "rules": ["segwit"]}]
    request = {"jsonrpc": "1.0", "id": 1, "method": method, "params": params}
    reply: dict[str, Any] = node.post("/", json=request).json()
    if reply["error"] and reply["error"]["code"] == -32602:
        reply["error"]["code"] = -1
    return reply | {"id": asked.get("id")}


@contextmanager
def core(url: str, port: int) -> Iterator[None]:
    """Serve that, from threads.

    Args:
        url: btcd's.
        port: of the loopback.
    """
    node = httpx.Client(base_url=url, auth=("user", "pass"), timeout=PATIENCE)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if isinstance(asked, list):
                answer: object = [asked_of_btcd(node, each) for each in asked]
            else:
                answer = asked_of_btcd(node, asked)
            body = json.dumps(answer).encode() + b"\n"
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with node, ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
