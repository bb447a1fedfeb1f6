"""A node for pools to be measured on: it always has a template, and a new block when it is time.

    node.py PORT [SECONDS]

As Bitcoin Core's RPC says it (getblocktemplate: BIP22, BIP145), and as little of that as pools ask
for. 4,095 transactions make twelve merkle branches, as on mainnet. Nothing is checked.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT, SECONDS = int(sys.argv[1]), float((*sys.argv[2:], "30")[0])
BEGAN = time.time()
BITS, TARGET = "17034219", "0000000000000000000342190000" + "0" * 36
TRANSACTION = "01" * 60  # pools hash it and look no further
TRANSACTIONS = [
    {"data": TRANSACTION, "txid": f"{n:064x}", "hash": f"{n:064x}", "fee": 0, "sigops": 0}
    | {"weight": 400, "depends": []}
    for n in range(1, 4096)
]
COMMITMENT = "6a24aa21a9ed" + "00" * 32


def height() -> int:
    return 900_000 + int((time.time() - BEGAN) / SECONDS)


def tip() -> str:
    return f"{height() - 1:064x}"


def template() -> dict[str, Any]:
    return {
        "capabilities": ["proposal"],
        "version": 0x20000000,
        "rules": ["csv", "!segwit"],
        "vbavailable": {},
        "vbrequired": 0,
        "previousblockhash": tip(),
        "longpollid": tip(),
        "transactions": TRANSACTIONS,
        "default_witness_commitment": COMMITMENT,
        "coinbaseaux": {"flags": ""},
        "coinbasevalue": 312_500_000,
        "target": TARGET,
        "bits": BITS,
        "height": height(),
        "mintime": int(BEGAN),
        "curtime": int(time.time()),
        "mutable": ["time", "transactions", "prevblock"],
        "noncerange": "00000000ffffffff",
        "sigoplimit": 80_000,
        "sizelimit": 4_000_000,
        "weightlimit": 4_000_000,
    }


def answered(method: str, params: list[Any]) -> Any:
    """The result; None for what has none."""
    match method:
        case "getblocktemplate":
            return template()
        case "getbestblockhash" | "getblockhash":
            return tip()
        case "getblockcount":
            return height() - 1
        case "validateaddress":
            script = {"isscript": False, "iswitness": True, "scriptPubKey": "0014" + "00" * 20}
            return {"isvalid": True, "address": params[0], "ismine": False} | script
        case "getblockchaininfo":
            progress = {"initialblockdownload": False, "verificationprogress": 1}
            return {"chain": "main", "blocks": height() - 1, "headers": height() - 1} | progress
        case "getnetworkinfo" | "getinfo":
            return {"version": 270000, "protocolversion": 70016, "connections": 8, "difficulty": 1}
        case "getmininginfo":
            return {"blocks": height() - 1, "difficulty": 8e13, "networkhashps": 6e20}
        case "getpeerinfo":
            return [{"startingheight": height() - 1, "synced_headers": height() - 1}]
        case "getdifficulty":
            return 8e13
    return None


def reply(request: dict[str, Any]) -> dict[str, Any]:
    method, params = request["method"], request.get("params") or []
    error = None
    if (
        method == "submitblock" and not params
    ):  # which is how pools ask whether there is such a call
        error = {"code": -1, "message": "submitblock hexdata"}
    return {"id": request.get("id"), "error": error, "result": answered(method, params)}


class Rpc(BaseHTTPRequestHandler):
    """JSON-RPC, one request or a batch of them."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer it."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        many = asked if isinstance(asked, list) else [asked]
        replies = [reply(each) for each in many]
        body = json.dumps(replies if isinstance(asked, list) else replies[0]).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", f"{len(body)}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


ThreadingHTTPServer(("127.0.0.1", PORT), Rpc).serve_forever()
