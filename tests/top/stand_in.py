"""A stand-in for the API, on a loopback port and in threads of its own: what `top` talks to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


def figure(rate: float, shares: int = 100) -> dict[str, Any]:
    return {
        "rate": rate,
        "window": 300.0,
        "shares": shares,
        "error": shares**-0.5 if shares else None,
    }


def figures(rate: float, shares: int = 100) -> dict[str, Any]:
    return {window: figure(rate, shares) for window in ("1m", "5m", "1h", "24h")}


def worker(name: str, rate: float = 1e14, **values: Any) -> dict[str, Any]:
    return {
        "name": name,
        "tenant": "default",
        "account": "farm",
        "pool": "eu",
        "hashrate": figures(rate),
        "usual": 1.1e14,
        "usual_hours": 336,
        "of_usual": 0.91,
        "missing": 0.0,
        "difficulty": 262144.0,
        "counted_since": 1_699_990_000.0,
        "accepted": 995,
        "rejected": 5,
        "reasons": {"stale": 4, "duplicate": 1},
        "work": 1e9,
        "best": 4e9,
        "connections": 1,
        "connects": 2,
        "last_share": 1_699_999_995.0,
        "since": 1_699_990_000.0,
        "agent": "cgminer/4.12",
        "address": "10.0.0.1:5000",
        "attention": [],
        **values,
    }


def split(target: str = "main", **values: Any) -> dict[str, Any]:
    return {
        "tenant": "acme",
        "target": target,
        "part": 0.7,
        "delivered_part": 0.69981,
        "credited_part": 0.7123,
        "debt_seconds": 12.3,
        "reach_seconds": 1.6,
        "miners": 1200,
        "ready": True,
        **values,
    }


def pool(name: str = "eu", state: str = "ready", **values: Any) -> dict[str, Any]:
    return {
        "name": name,
        "url": f"stratum+tcp://{name}:3333",
        "state": state,
        "sessions": 1,
        "miners": 3,
        "difficulty": 1e6,
        "extranonce2_size": 8,
        "version_mask": 0,
        "accepted": 90,
        "rejected": 10,
        "pending": 0,
        "lost": 0,
        "detail": "",
        "mined_for": 60.0 if state == "ready" else None,
        "why": "it is ready" if state == "ready" else "",
        "ordered": False,
        "round_trip": {"p50": 0.034, "p99": 0.25},
        **values,
    }


def summary(**values: Any) -> dict[str, Any]:
    return {
        "version": "0.1.0",
        "now": 1_700_000_000.0,
        "uptime": 7200.0,
        "control_uptime": 3600.0,
        "connected": 40,
        "mining": 39,
        "workers": 41,
        "hashrate": figures(1.23e18),
        "usual": 1.3e18,
        "missing": 0.0,
        "strangers": 0,
        "accepted": 50,
        "work": 1e15,
        "forwarded": 100,
        "blocks": 0,
        "best_difficulty": 4.5e9,
        "jobs": 10,
        "new_blocks": 3,
        "rejected": {"stale": 1},
        "shares": {
            "since": 1_700_000_000.0 - 86_400,
            "accepted": 123456,
            "rejected": {"stale": 100, "duplicate": 7},
        },
        "drops": {"idle": 2},
        "attention": {"gone": 0, "slow": 0, "rejecting": 0, "reconnecting": 0},
        "conditions": [],
        "pools": [pool()],
        "last_jobs": [],
        "lost_records": 0,
        "processes": [],
        "revision": 1,
        **values,
    }


class StandIn:
    """What is told, which may change, and what was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.summary = summary(attention={"gone": 2, "slow": 0, "rejecting": 1, "reconnecting": 0})
        self.workers = [worker(f"farm.{number:02}", 1e14 - number * 1e12) for number in range(41)]
        self.workers[3]["attention"] = self.workers[9]["attention"] = ["gone"]
        self.workers[5]["attention"] = ["rejecting"]
        self.splits: list[dict[str, Any]] = []
        self.token = ""
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        """Instead of what is usual: status and body, by path."""
        self.say = threading.Event()
        """Set to have each event stream say a summary now."""
        self.closing = False

    def told(self, path: str, query: dict[str, list[str]]) -> object:
        """What a path is answered."""
        if path == "/api/summary":
            return self.summary
        if path == "/api/workers":
            return self._page({key: values[0] for key, values in query.items()})
        if path == "/api/splits":
            return {"splits": self.splits}
        if path == "/api/tenants":
            names = dict.fromkeys(worker["tenant"] for worker in self.workers)
            return {"tenants": [{"tenant": name} for name in names]}
        name = unquote(path.removeprefix("/api/workers/").removesuffix("/history"))
        if path.endswith("/history"):
            points = [[60.0 * minute, 1e12 * minute, 5, 0, None, 1] for minute in range(60)]
            return {"step": 60, "points": points, "source": "memory"}
        whose = query.get("tenant", [""])[0]
        [found] = [
            worker
            for worker in self.workers
            if worker["name"] == name and whose in ("", worker["tenant"])
        ]
        miner = {
            "id": "0-a:1",
            "worker": name,
            "address": "10.0.0.1:5000",
            "agent": "cgminer/4.12",
            "difficulty": 262144.0,
            "since": 1_699_990_000.0,
            "pool": "eu",
        }
        return {**found, "miners": [miner]}

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        found = [worker for worker in self.workers if query.get("search", "") in worker["name"]]
        if tenant := query.get("tenant"):
            found = [worker for worker in found if worker["tenant"] == tenant]
        if kind := query.get("attention"):
            found = [
                worker
                for worker in found
                if kind in worker["attention"] or (kind == "any" and worker["attention"])
            ]
        if query["sort"] == "-hashrate":
            found.sort(key=lambda worker: -worker["hashrate"]["5m"]["rate"])
        else:
            found.sort(key=lambda worker: str(worker["name"]))
        offset, limit = int(query.get("offset", 0)), int(query["limit"])
        return {
            "total": len(self.workers),
            "matched": len(found),
            "offset": offset,
            "workers": found[offset : offset + limit],
        }


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """One that listens until the block ends."""
    api = StandIn()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            api.asked.append(self.path)
            parts = urlsplit(self.path)
            if api.token and self.headers["Authorization"] != f"Bearer {api.token}":
                self.tell(401, {"error": "this needs a token", "detail": None})
            elif parts.path in api.answers:
                status, body = api.answers[parts.path]
                self.tell(status, body)
            elif parts.path == "/api/events":
                self.stream()
            else:
                self.tell(200, api.told(parts.path, parse_qs(parts.query)))

        def tell(self, status: int, value: object) -> None:
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                while not api.closing:
                    said = json.dumps(api.summary)
                    self.wfile.write(f"event: summary\ndata: {said}\n\n".encode())
                    api.say.wait(0.1)
                    api.say.clear()
            except OSError:
                pass  # it has left
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield api
        finally:
            api.closing = True
            api.say.set()
            server.shutdown()
            thread.join()
