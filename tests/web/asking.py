"""The API asked without sockets: an ASGI client, and a reader of event streams."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import trio
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.types import Message

from stratumproxy.config.control import Api
from stratumproxy.errors import StratumProxyError
from stratumproxy.ledger.reader import LedgerReader
from stratumproxy.web import make_app
from tests.fleet.telling import Told
from tests.waiting import PATIENCE

TOKEN = "a secret of some length"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Orders:
    """Takes orders down; refuses them if told why."""

    def __init__(self) -> None:
        self.given: list[tuple[str, dict[str, Any]]] = []
        self.refusal = ""
        self.by = ""

    async def give(self, action: str, arguments: dict[str, Any], by: str) -> dict[str, Any]:
        if self.refusal:
            raise StratumProxyError(self.refusal)
        self.by = by
        self.given.append((action, arguments))
        return {"miners": 2}


class Web:
    """An API on a fleet, asked by HTTP.

    Args:
        told: the fleet, and who tells it; the API's time is its time.
        config: of the API.
        ledger: what it reads.
        answers: what it is asked with; `make_app`'s other arguments.
    """

    def __init__(
        self,
        told: Told,
        config: Api | None = None,
        ledger: LedgerReader | None = None,
        **answers: Any,
    ) -> None:
        self.told = told
        self.orders = Orders()
        self.app: Starlette = make_app(
            told.fleet,
            config=config or Api(),
            clock=lambda: told.now,
            ledger=ledger,
            **{"orders": self.orders, **answers},
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://localhost:8080"
        )

    async def get(self, path: str, status: int = 200, **options: Any) -> httpx.Response:
        """Ask."""
        answer = await self.http.get(path, **options)
        assert answer.status_code == status, answer.text
        return answer

    async def read(self, path: str, model: type[BaseModel], **options: Any) -> Any:
        """Ask for JSON, of a shape."""
        answer = await self.get(path, **options)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        value = answer.json()
        assert model.model_validate_json(answer.content, strict=True).model_dump() == value
        return value

    async def refused(self, path: str, status: int, **options: Any) -> str:
        """Ask for what is refused."""
        return problem_of(await self.get(path, status, **options))

    async def post(self, path: str, body: Any, status: int = 200, **options: Any) -> httpx.Response:
        """Order."""
        answer = await self.http.post(path, json=body, **options)
        assert answer.status_code == status, answer.text
        return answer

    def stream(self, **headers: str) -> Any:
        """Listen to events."""
        return listen(self.app, headers)


def problem_of(answer: httpx.Response) -> str:
    """The sentence of an error."""
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) >= {"error", "detail"}
    sentence: str = answer.json()["error"]
    assert sentence
    assert "\n" not in sentence
    assert "Traceback" not in answer.text
    return sentence


class Heard:
    """What a client of an event stream gets, event by event."""

    def __init__(self, chunks: trio.MemoryReceiveChannel[Message]) -> None:
        self._chunks = chunks
        self._text = b""
        self.status = 0
        self.headers: dict[str, str] = {}

    async def start(self) -> None:
        message = await self._chunks.receive()
        self.status = message["status"]
        self.headers = {name.decode(): value.decode() for name, value in message["headers"]}

    async def next(self) -> dict[str, Any]:
        """The next event; its data decoded."""
        while b"\n\n" not in self._text:
            self._text += (await self._chunks.receive())["body"]
        event, _, self._text = self._text.partition(b"\n\n")
        # A line that begins with a colon is a comment.
        fields = dict(line.split(b": ", 1) for line in event.splitlines() if line[:1] != b":")
        found = {name.decode(): value.decode() for name, value in fields.items()}
        if "data" in found:
            return {**found, "data": orjson.loads(found["data"])}
        return found

    async def next_of(self, kind: str) -> dict[str, Any]:
        """The next event of a kind."""
        while (event := await self.next()).get("event") != kind:
            pass
        return event


@asynccontextmanager
async def listen(app: Starlette, headers: dict[str, str]) -> AsyncIterator[Heard]:
    """An event stream whose client reads what it is sent, until the block ends."""
    told, hear = trio.open_memory_channel[Message](0)
    gone = trio.Event()
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/events",
        "raw_path": b"/api/events",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"accept-encoding", b"gzip"),
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
        ],
    }

    async def run() -> None:
        async with told:
            await app(scope, receive, told.send)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        heard = Heard(hear)
        await heard.start()
        yield heard
        gone.set()
        with trio.fail_after(PATIENCE):  # it notices by itself
            async for _ in hear:
                pass
